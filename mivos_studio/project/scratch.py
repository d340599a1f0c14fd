"""Disk space for what a session cannot keep in memory; deleted with the process."""

from __future__ import annotations

import sqlite3
import threading

from inference_core.errors import UserError


class ScratchError(UserError):
    """The temporary folder cannot be written or read; the text says what to do."""


class TemporaryScratch:
    """A scratch store (`inference_core.types.ScratchStore`) in a temporary file without a name.

    SQLite makes the file in the system's temporary folder, keeps most of a small one in its own cache, uses
    freed space again, and the system removes the file when the process ends, however it ends. Safe from any
    thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # An empty name makes SQLite create a private temporary file; each statement is a transaction.
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("CREATE TABLE contents (key INTEGER PRIMARY KEY, content BLOB NOT NULL)")

    def put(self, key: int, content: bytes) -> None:
        """Keep bytes under a key; raises ScratchError where the disk is full."""
        with self._lock:
            try:
                self._database.execute("INSERT OR REPLACE INTO contents VALUES (?, ?)", (key, content))
            except sqlite3.Error as error:
                raise ScratchError(
                    f"Masks do not fit in the temporary folder ({error}): free some space on that disk."
                ) from error

    def get(self, key: int) -> bytes:
        """Return the bytes of a key; raises KeyError where there is none."""
        with self._lock:
            row = self._database.execute("SELECT content FROM contents WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        return bytes(row[0])

    def discard(self, key: int) -> None:
        """Forget a key; an unknown one is no error."""
        with self._lock:
            self._database.execute("DELETE FROM contents WHERE key = ?", (key,))

    def close(self) -> None:
        """Free the space; the store must not be used afterwards."""
        with self._lock:
            self._database.close()
