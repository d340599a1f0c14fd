"""Opens the database of a project for reading: nothing is made beside it, and nothing has to be writable."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import suppress
from pathlib import Path

from mivos_studio.input_files import InputFileError, check_input
from mivos_studio.media.output.places import cannot_write
from mivos_studio.media.output.unfinished import TemporaryFolder
from mivos_studio.project.file.database import connect
from mivos_studio.project.file.errors import DamagedError, ProjectError, in_sentences
from mivos_studio.project.file.lock import has_living_owner, lock_path
from mivos_studio.project.file.schema import OLDEST, VERSION, has_our_tables, version_of
from mivos_studio.project.file.wal import holds_transaction
from mivos_studio.system_errors import reason_of

_BESIDE = ("-wal", "-journal")
_WAL = 2
_JOURNAL_BYTE = 18
"""Where a database's header says whether its journal is WAL."""


class ReadOnlyDatabase:
    """A connection for reading; `close` removes the copy that was read where a killed save is to be undone.

    Raises a ProjectError.
    """

    def __init__(self, path: Path) -> None:
        self._copy: TemporaryFolder | None = None
        with in_sentences(path):
            try:
                self.connection = self._connect(path)
            except sqlite3.OperationalError:
                if not _beside(path, "-journal").exists():
                    raise
                self.connection = self._connect_to_copy(path)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()
        if self._copy is not None:
            self._copy.remove()

    def _connect(self, path: Path) -> sqlite3.Connection:
        is_at_rest, wal = not has_living_owner(path), _beside(path, "-wal")
        is_in_log = is_at_rest and wal.exists() and holds_transaction(wal)
        database = connect(
            path, "ro", immutable=is_at_rest and not is_in_log and _is_wal(path), alone=is_in_log
        )
        try:
            database.execute("SELECT 1 FROM sqlite_schema").fetchall()
        except sqlite3.Error:
            database.close()
            raise
        return database

    def _connect_to_copy(self, path: Path) -> sqlite3.Connection:
        """Undo a save in which a process was killed, without WAL, in a copy."""
        try:
            self._copy = TemporaryFolder()
            copy = _copied(path, self._copy.path)
        except OSError as error:
            if self._copy is not None:
                self._copy.remove()
            raise ProjectError(
                f"{path} was not closed, and a copy of it to be read cannot be made:"
                f" {cannot_write(Path(tempfile.gettempdir()), error)}"
            ) from error
        database = connect(copy, "rw")
        database.execute("SELECT 1 FROM sqlite_schema").fetchall()
        return database


def check_is_file(path: Path) -> None:
    """Raise a ProjectError where there is no file that can be read, or no place for its journal."""
    try:
        check_input(path, "project")
        is_empty = path.stat().st_size == 0
        path.open("rb").close()
        for beside in (_beside(path, ending) for ending in (*_BESIDE, "-shm")):
            if beside.exists() and not beside.is_file():
                raise ProjectError(
                    f"{beside} is no file, but SQLite's journal of the project belongs there: move it away."
                )
    except InputFileError as error:
        raise ProjectError(str(error)) from error
    except OSError as error:
        raise ProjectError(f"{path} cannot be opened: {reason_of(error)}.") from error
    if is_empty:
        raise ProjectError(f"{path} is empty: it is not a project of this program; choose another file.")


def check_version(database: sqlite3.Connection, path: Path) -> int:
    """Return the version of a project; raise a ProjectError where it is none, or a newer one."""
    version = version_of(database)
    if version is None:
        raise ProjectError(f"{path} is not a project of this program: choose another file.")
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


def check_nothing_left(path: Path) -> None:
    """Raise a ProjectError where another project's journal is beside a place for a new one.

    SQLite would take it for the new one's. It is there while a window reads a project that was replaced, and
    after a crash, if the project alone was moved or deleted.
    """
    for ending in _BESIDE:
        left = _beside(path, ending)
        if left.exists():
            raise ProjectError(
                f"{left} belongs to a project that was at {path} and is still open, or was moved away: close"
                " it, or move that file to where it is now, or choose another name."
            )


def misses_journal(path: Path) -> bool:
    """Whether the journal with a project's last changes is not beside it: it was copied or moved alone.

    A crash leaves the lock file too; where that is, the journal was complete in the project already.
    """
    try:
        is_whole = lock_path(path).exists() or any(_beside(path, ending).exists() for ending in _BESIDE)
        return not is_whole and _is_wal(path)
    except OSError:
        return False  # opening it says why it cannot be read


def close_cleanly(database: sqlite3.Connection, path: Path) -> bool:
    """Close a connection so that one file is left, which can be read on any disk and in any folder.

    Return whether that is so. A log stays where another process is reading, or the disk is full: it belongs
    to the project until that is closed the next time.
    """
    with suppress(sqlite3.Error):
        database.execute("PRAGMA journal_mode = DELETE").close()
    database.close()
    return not any(_beside(path, ending).exists() for ending in _BESIDE)


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
