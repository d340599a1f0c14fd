"""Opens the database of a project for reading: nothing is made beside it, and nothing has to be writable."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import suppress
from pathlib import Path

from mivos_studio.project.file.database import connect
from mivos_studio.project.file.errors import DamagedError, ProjectError, in_sentences
from mivos_studio.project.file.lock import has_living_owner
from mivos_studio.project.file.schema import OLDEST, VERSION, has_our_tables, version_of

_BESIDE = ("-wal", "-journal")
_WAL = 2
_JOURNAL_BYTE = 18
"""Where a database's header says whether its journal is WAL."""


class ReadOnlyDatabase:
    """A connection for reading; `close` removes the copy that was read where the folder is read-only."""

    def __init__(self, path: Path) -> None:
        self._copy: tempfile.TemporaryDirectory[str] | None = None
        with in_sentences(path):
            try:
                self.connection = self._connect(path)
            except sqlite3.OperationalError:
                if not any(_beside(path, ending).exists() for ending in _BESIDE):
                    raise
                # What a killed process left has to be read with the database, and needs files beside it.
                self._copy = tempfile.TemporaryDirectory(prefix="mivos-")
                self.connection = connect(_copied(path, Path(self._copy.name)), "rw")
                self.connection.execute("SELECT 1 FROM sqlite_schema").fetchall()

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()
        if self._copy is not None:
            self._copy.cleanup()

    def _connect(self, path: Path) -> sqlite3.Connection:
        is_free = not has_living_owner(path)
        has_wal, has_journal = (_beside(path, each).exists() for each in _BESIDE)
        is_at_rest = is_free and not has_wal and not has_journal
        # A WAL that a killed process left is read alone: without locks, its index needs no file beside it.
        is_alone = is_free and has_wal and not has_journal and os.name == "posix"
        database = connect(
            path, "ro", immutable=is_at_rest and _is_wal(path), vfs="unix-none" if is_alone else None
        )
        try:
            if is_alone:
                database.execute("PRAGMA locking_mode = EXCLUSIVE").close()
            database.execute("SELECT 1 FROM sqlite_schema").fetchall()
        except sqlite3.Error:
            database.close()
            raise
        return database


def check_is_file(path: Path) -> None:
    """Raise a ProjectError where there is no file that can be read, or no place for its journal."""
    try:
        if not path.is_file():
            raise ProjectError(
                f"There is no project at {path}." if not path.exists() else f"{path} is no file."
            )
        if path.stat().st_size == 0:
            raise ProjectError(f"{path} is empty: it is not a project of this program.")
        for beside in (_beside(path, ending) for ending in (*_BESIDE, "-shm")):
            if beside.exists() and not beside.is_file():
                raise ProjectError(
                    f"{beside} is no file, but SQLite's journal of the project belongs there: move it away."
                )
    except OSError as error:
        raise ProjectError(f"{path} cannot be opened: {error.strerror or error}.") from error


def check_version(database: sqlite3.Connection, path: Path) -> int:
    """Return the version of a project; raise a ProjectError where it is none, or a newer one."""
    version = version_of(database)
    if version is None:
        raise ProjectError(f"{path} is not a project of this program.")
    if version > VERSION:
        raise ProjectError(
            f"{path} was written by a newer version of this program (format {version}; this one reads up to"
            f" {VERSION}): update the program to open it."
        )
    if version < OLDEST:
        raise DamagedError(path, f"its format is {version}")
    return version


def check_tables(database: sqlite3.Connection, path: Path) -> None:
    """Raise a DamagedError where the tables are not those of this version."""
    if not has_our_tables(database):
        raise DamagedError(path, "its tables are not those of a project")


def close_cleanly(database: sqlite3.Connection) -> None:
    """Close a connection so that one file is left, which can be read on any disk and in any folder.

    A WAL journal stays where another process is reading: it is closed by the next that writes.
    """
    with suppress(sqlite3.Error):
        database.execute("PRAGMA journal_mode = DELETE").close()
    database.close()


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(f"{path.name}{ending}")


def _is_wal(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(_JOURNAL_BYTE + 1)[_JOURNAL_BYTE:] == bytes([_WAL])


def _copied(path: Path, folder: Path) -> Path:
    for ending in ("", *_BESIDE):
        source = _beside(path, ending)
        if source.exists():
            shutil.copyfile(source, folder / source.name)
    return folder / path.name
