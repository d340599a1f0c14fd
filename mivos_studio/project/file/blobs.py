"""The bytes of a project's masks: a scratch store whose changes belong to the project's next save."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from threading import RLock

from mivos_studio.project.file.database import transaction
from mivos_studio.project.file.errors import DamagedError, ProjectError, in_sentences

_LARGEST_WAITING_BYTES = 32 * 2**20


class BlobTable:
    """Bytes by number (`inference_core.types.ScratchStore`). Safe from any thread.

    What is put waits in memory for the next save, so that nothing is lost where the disk is full. Where much
    waits, it is written before: until a save names it, it is only removed when the project is opened again.
    What is discarded stays until the next save, since the last one may name it.

    lock     that of the connection, which the project uses too.
    is_ours  no other process writes the project.
    """

    def __init__(self, database: sqlite3.Connection, path: Path, lock: RLock, *, is_ours: bool) -> None:
        self._database = database
        self._is_ours = is_ours
        self._path = path
        self._lock = lock
        self._waiting: dict[int, bytes] = {}
        self._waiting_bytes = 0
        self._discarded: set[int] = set()

    def put(self, key: int, content: bytes) -> None:
        """Keep bytes under a key; raises a ProjectError where much waits and the disk is full."""
        with self._lock:
            if self._waiting_bytes + len(content) > _LARGEST_WAITING_BYTES and self._waiting:
                self._write_early()
            self._forget(key)
            self._waiting[int(key)] = content
            self._waiting_bytes += len(content)
            self._discarded.discard(key)

    def get(self, key: int) -> bytes:
        """Return the bytes of a key; raises KeyError where there are none, and a ProjectError."""
        with self._lock:
            content = self._waiting.get(key)
            if content is not None:
                return content
            with in_sentences(self._path):
                row = self._database.execute("SELECT content FROM blob WHERE id = ?", (int(key),)).fetchone()
        if row is None and not self._is_ours:
            raise ProjectError(
                f"{self._path} was changed by another process while it was being read here: open it again."
            )
        if row is None or key in self._discarded:
            raise KeyError(key)
        if not isinstance(row[0], bytes):
            raise DamagedError(self._path, "a mask is missing")
        return row[0]

    def discard(self, key: int) -> None:
        """Forget a key; an unknown one is no error."""
        with self._lock:
            if not self._forget(key):
                self._discarded.add(int(key))

    def write(self) -> None:
        """Write what waits, and delete what was discarded; inside of a transaction of the project."""
        self._insert()
        self._delete(self._discarded)

    def keep(self) -> None:
        """Forget what was written: the transaction is on the disk."""
        self._waiting.clear()
        self._waiting_bytes = 0
        self._discarded.clear()

    def delete_others(self, named: Collection[int]) -> None:
        """Delete all bytes but those that are named; inside of a transaction of the project."""
        self._delete(self.stored() - set(named))

    def stored(self) -> set[int]:
        """Return the keys of all bytes in the file. Raises sqlite3.Error."""
        with self._lock:
            return {key for (key,) in self._database.execute("SELECT id FROM blob INDEXED BY blob_size")}

    def move_to(self, database: sqlite3.Connection, path: Path) -> None:
        """Go on in a copy of the project."""
        self._database, self._path, self._is_ours = database, path, True

    def _write_early(self) -> None:
        with in_sentences(self._path), transaction(self._database):
            self._insert()
        self._waiting.clear()
        self._waiting_bytes = 0

    def _insert(self) -> None:
        rows: Iterator[tuple[int, int, bytes]] = (
            (key, len(content), content) for key, content in self._waiting.items()
        )
        self._database.executemany("INSERT OR REPLACE INTO blob VALUES (?, ?, ?)", rows).close()

    def _delete(self, keys: Iterable[int]) -> None:
        self._database.executemany("DELETE FROM blob WHERE id = ?", [(key,) for key in keys]).close()

    def _forget(self, key: int) -> bool:
        """Drop what waits under a key; return whether there was anything."""
        content = self._waiting.pop(key, None)
        if content is not None:
            self._waiting_bytes -= len(content)
        return content is not None
