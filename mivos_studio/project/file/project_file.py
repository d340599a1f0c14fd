"""A project on disk: opened, locked, saved by difference, copied. Safe from any thread."""

from __future__ import annotations

import math
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Any, Protocol, Self

import msgspec

from inference_core.state.snapshot import SessionSnapshot
from mivos_studio.files import move_without_replacing, partial_path, written_beside
from mivos_studio.media.clip import Clip
from mivos_studio.media.output.places import PROJECT_SUFFIX, cannot_write, real_path
from mivos_studio.media.output.unfinished import Note, noted
from mivos_studio.project.file.blobs import BlobTable
from mivos_studio.project.file.clip_reference import ClipReference, read_clip, write_clip
from mivos_studio.project.file.database import (
    connect,
    give_back_space,
    is_on_network,
    journal_mode,
    start_journal,
    transaction,
)
from mivos_studio.project.file.errors import UNREADABLE, DamagedError, ProjectError, in_sentences
from mivos_studio.project.file.loader import load
from mivos_studio.project.file.lock import OwnedError, ProjectLock
from mivos_studio.project.file.opening import (
    ReadOnlyDatabase,
    check_is_file,
    check_nothing_left,
    check_tables,
    check_version,
    close_cleanly,
    misses_journal,
)
from mivos_studio.project.file.saver import Loaded, Saver
from mivos_studio.project.file.schema import VERSION, create_tables, migrate, version_of
from mivos_studio.project.file.sizes import sizes_of
from mivos_studio.project.steps import Step, step_as_json, step_from_json

_MISSES_JOURNAL = (
    "{path} was copied or moved while it was open, or after a crash, without {path}-wal, which may hold its"
    " last changes: put that file beside it and open it again. To go on without it, save this one under"
    " another name."
)

PROJECT = "project"
"""The kind of notes of projects that are made, see `mivos_studio.media.output.unfinished`."""
_SHRINKING_S = 0.3
"""How long opening and closing may take longer to give unused space back to the disk."""


class Savable(Protocol):
    """The session, as far as a project uses it."""

    @property
    def state(self) -> SessionSnapshot: ...

    def flush(self) -> None: ...


class ProjectFile:
    """One project. Its `storage` is the session's scratch store; `state` with it opens the session again.

    Made by `create` and `open`; close it, or use it in a `with` statement.

    notices       sentences on what was found when it was opened.
    is_read_only  another process has it open, or its folder is read-only: `save` raises a ProjectError.
    state         the session as it was saved when the project was opened; None where none was.
    """

    def __init__(
        self,
        path: Path,
        database: sqlite3.Connection,
        lock: ProjectLock | None,
        notices: tuple[str, ...] = (),
    ) -> None:
        self.path = path
        self.notices = notices
        self.is_read_only = lock is None
        self.owned: OwnedError | None = None
        """That it was open for writing elsewhere when it was opened, and by whom; None where it was not."""
        self._database = database
        self._lock = lock
        self._reader: ReadOnlyDatabase | None = None
        self._access = RLock()
        self._blobs = BlobTable(database, path, self._access, is_ours=lock is not None)
        self._waiting_steps: list[tuple[float, str]] = []
        self._running_row: int | None = None
        self._loaded: Loaded | None = None
        self._saver: Saver | None = None
        self._is_closed = False
        self._identity = _identity_to_check(path)

    @classmethod
    def create(cls, path: Path, clip: ClipReference | None = None) -> ProjectFile:
        """Make a project where there is no file, or an empty one. Raises a ProjectError."""
        check_suffix(path)
        path = real_path(path)
        with noted(PROJECT, path):
            lock = _locked(path)
            try:
                if path.exists() and (not path.is_file() or path.stat().st_size):
                    raise ProjectError(f"{path} is there already: open it, or choose another name.")
                if not path.exists():
                    check_nothing_left(path)
                with in_sentences(path):
                    _make_empty(path, clip)
                    database = connect(path, "rw")
                    start_journal(database, path)
                return cls(path, database, lock)
            except BaseException:
                lock.release()
                raise

    @classmethod
    def open(cls, path: Path, *, writes: bool = True, needs_masks: bool = True) -> ProjectFile:
        """Open a project; one that another process has open, or that cannot be written, for reading only.

        needs_masks  whether it is damaged where the bytes of masks are missing.
        An older project is brought to the present version, and a copy of it is left beside. Raises a
        ProjectError where it is not a project, is damaged, or was written by a newer version.
        """
        check_is_file(path)
        path = real_path(path)  # the lock is there, by whatever link it is reached
        if misses_journal(path):
            return cls._open_to_read(path, (_MISSES_JOURNAL.format(path=path),))
        if not writes:
            return cls._open_to_read(path, (), needs_masks=needs_masks)
        if not os.access(path, os.W_OK):
            return cls._open_to_read(path, (f"{path} is read-only: it can only be looked at.",))
        try:
            lock = ProjectLock.acquire(path)
        except OwnedError as error:
            project = cls._open_to_read(path, (f"{error} Until then it can only be looked at.",))
            project.owned = error
            return project
        except OSError as error:
            return cls._open_to_read(path, (f"{cannot_write(path, error)} It can only be looked at.",))
        try:
            return cls._open_to_write(path, lock, needs_masks=needs_masks)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def _open_to_write(cls, path: Path, lock: ProjectLock, *, needs_masks: bool) -> ProjectFile:
        with in_sentences(path):
            database = connect(path, "rw")
            try:
                notices = []
                version = check_version(database, path)
                if version < VERSION:
                    copy = _copy_beside(database, path, f"v{version}")
                    migrate(database, version)
                    notices.append(f"{path} was of an older format; a copy of it is {copy}.")
                check_tables(database, path)
                if lock.left_by is not None:
                    notices.append(
                        f"{path} was not closed by {lock.left_by}: the work is as it was saved last, which is"
                        " after its last step."
                    )
                project = cls(path, database, lock, tuple(notices))
                project._load(needs_masks=needs_masks)
                start_journal(database, path)  # only now: a damaged project stays as it is
                project._remove_leftovers()
            except BaseException:
                database.close()
                raise
            return project

    @classmethod
    def _open_to_read(cls, path: Path, notices: tuple[str, ...], *, needs_masks: bool = True) -> ProjectFile:
        reader = ReadOnlyDatabase(path)
        database = reader.connection
        try:
            with in_sentences(path):
                if check_version(database, path) < VERSION:
                    raise ProjectError(
                        f"{path} is of an older format and cannot be written:"
                        " copy it to another folder and open the copy."
                    )
                check_tables(database, path)
                database.execute("BEGIN")
                project = cls(path, database, None, notices)
                project._reader = reader
                project._load(needs_masks=needs_masks)
                (journal,) = database.execute("PRAGMA journal_mode").fetchone()
                if journal != "wal":  # it would keep others from saving
                    database.execute("COMMIT")
        except BaseException:
            reader.close()
            raise
        return project

    # -- what it holds ---------------------------------------------------------------------------------------

    @property
    def state(self) -> SessionSnapshot | None:
        """The session as it was when the project was opened."""
        return None if self._loaded is None else self._loaded.snapshot

    @property
    def storage(self) -> BlobTable:
        """The bytes of its masks: the session's scratch store."""
        return self._blobs

    @property
    def clip(self) -> ClipReference | None:
        """The clip that it is about."""
        with self._reading():
            try:
                return read_clip(self._database)
            except UNREADABLE as error:
                raise DamagedError(self.path, "its clip is not one") from error

    @property
    def view(self) -> Any:
        """What `save` was given to remember of the window, None where it was nothing."""
        with self._reading():
            row = self._database.execute("SELECT value FROM view").fetchone()
        try:
            return None if row is None else msgspec.json.decode(row[0])
        except UNREADABLE:
            return None

    @property
    def interaction_count(self) -> int:
        """How many steps the user has performed, as saved."""
        with self._reading():
            (count,) = self._database.execute("SELECT count(*) FROM interaction").fetchone()
        return int(count)

    def steps(self) -> list[Step]:
        """Return every step that the user has performed, oldest first. Raises a ProjectError."""
        with self._reading():
            rows = self._database.execute("SELECT id, step FROM interaction ORDER BY id").fetchall()
        try:
            return [step_from_json(text, f"Step {number}") for number, text in rows]
        except UNREADABLE as error:
            raise DamagedError(self.path, f"a step of its script cannot be read: {error}") from error

    def sizes(self) -> dict[str, int]:
        """Return what took how much of the file when it was opened, see `sizes_of`. Raises a ProjectError."""
        with self._reading():
            try:
                return sizes_of(self._database, self.path, self._loaded)
            except OSError as error:
                raise ProjectError(f"{self.path} cannot be read: {error.strerror or error}.") from error

    # -- saving ----------------------------------------------------------------------------------------------

    def save(
        self, session: Savable, *, steps: Sequence[Step] = (), running: Step | None = None, view: Any = None
    ) -> None:
        """Write what has changed since the last save, in one transaction: all of it is on disk, or nothing.

        steps    what the user has performed since.
        running  the step under way, as if it were stopped now: the last of the project's until the next save.
        view     anything that JSON can hold, to be given back by `view`; None leaves it as it is.
        Raises a ProjectError where that fails, as on a full disk: nothing is lost, and the next save that
        succeeds writes all of it.
        """
        self._check_writable()
        now = time.time()
        written = [(now, step_as_json(step)) for step in steps]
        unfinished = None if running is None else (now, step_as_json(running))
        with self._access:
            self._waiting_steps += written
        # Without the lock: a thread that reads masks holds the session's own, and waits for this one.
        session.flush()
        snapshot = session.state
        with self._access:
            self._write(snapshot, view, unfinished)

    def set_clip(self, clip: ClipReference) -> None:
        """Change the clip that the project is about."""
        self._check_writable()
        with self._access, self._transaction():
            write_clip(self._database, clip)

    def update_clip(self, path: Path, clip: Clip) -> None:
        """Remember where the open clip is, if it is elsewhere or another one; unless this is read-only.

        On a full disk it stays as it was: the project can be opened all the same.
        """
        reference = ClipReference.of(path, clip, self.path)
        if not self.is_read_only and reference != self.clip:
            with suppress(ProjectError):
                self.set_clip(reference)

    def _write(self, snapshot: SessionSnapshot, view: Any, running: tuple[float, str] | None) -> None:
        if self._saver is None:
            with in_sentences(self.path):
                self._saver = Saver(self._database, self._loaded)
        saver = self._saver
        try:
            with self._transaction():
                self._blobs.write()
                saver.write(snapshot)
                running_row = self._write_steps(running)
                if view is not None:
                    text = msgspec.json.encode(view).decode()
                    self._database.execute("INSERT OR REPLACE INTO view VALUES (1, ?)", (text,)).close()
        except BaseException:
            saver.revert()
            raise
        saver.keep()
        self._blobs.keep()
        self._waiting_steps.clear()
        self._running_row = running_row

    def _write_steps(self, running: tuple[float, str] | None) -> int | None:
        """Write the steps that wait, in place of one that was under way; return the row of `running`."""
        self._database.execute("DELETE FROM interaction WHERE id = ?", (self._running_row,)).close()
        insert = "INSERT INTO interaction (time, step) VALUES (?, ?)"
        self._database.executemany(insert, self._waiting_steps).close()
        return None if running is None else self._database.execute(insert, running).lastrowid

    # -- copies ----------------------------------------------------------------------------------------------

    def save_as(self, path: Path, *, replaces: bool = False) -> None:
        """Copy the project to another place, and go on there; the one here stays as it was saved last.

        replaces  whether a project that is there is replaced; any other file never is.
        Raises a ProjectError.
        """
        place = real_path(path)
        if _is_same_place(place, self.path):
            self._check_writable()
            return
        check_suffix(path)
        path = place
        with noted(PROJECT, path), noted(PROJECT, self.path):
            lock = _locked(path)
            try:
                with self._access, in_sentences(path):
                    if path.exists():
                        _make_replaceable(path, replaces=replaces)
                    clip, is_new = self.clip, not path.exists()
                    copy_database(self._database, path, clip and clip.seen_from(path), replaces=replaces)
                    database = _opened_copy(path, is_new=is_new)
                    self._leave()
                    self._database, self._lock, self.path = database, lock, path
                    self._identity = _identity_to_check(path)
                    self.is_read_only, self._reader = False, None
                    self._blobs.move_to(database, path)
                    if self._saver is not None:
                        self._saver.move_to(database)
            except BaseException:
                if self._lock is not lock:
                    lock.release()
                raise

    def copy_to(self, path: Path, clip: ClipReference | None) -> None:
        """Copy the project as it was saved last to a free place, for a clip there. Raises a ProjectError."""
        check_suffix(path)
        with self._access, in_sentences(path):
            copy_database(self._database, path, clip)

    # -- the end ---------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the file; what was not saved is gone. Leaves one file and no lock."""
        with self._access:
            if not self._is_closed:
                self._is_closed = True
                self._leave()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # -- inside ----------------------------------------------------------------------------------------------

    def _leave(self) -> None:
        note, is_clean = Note.make(PROJECT, self.path), False
        try:
            if self._reader is not None:
                self._reader.close()
            else:
                with suppress(sqlite3.Error):
                    give_back_space(self._database, _SHRINKING_S)
            is_clean = self._reader is not None or close_cleanly(self._database, self.path)
        finally:
            if self._lock is not None:
                self._lock.release()
            if is_clean:
                note.remove()
            else:
                note.leave()

    def _load(self, *, needs_masks: bool) -> None:
        self._loaded = load(self._database, self.path)
        missing = len(self._named() - self._blobs.stored()) if needs_masks else 0
        if missing:
            raise DamagedError(self.path, f"{missing} of its masks are missing")

    def _named(self) -> set[int]:
        """Return the numbers of all bytes that the session names."""
        return set() if self.state is None else {int(blob) for blob in self.state.blobs()}

    def _remove_leftovers(self) -> None:
        """Delete bytes that nothing names: those of a session that was not closed, and of discarded steps."""
        with suppress(ProjectError), self._transaction():  # of no use to the user, so no reason to fail
            self._blobs.delete_others(self._named())
        with suppress(sqlite3.Error):
            give_back_space(self._database, _SHRINKING_S)

    def _check_writable(self) -> None:
        if self.is_read_only:
            raise ProjectError(f"{self.path} is open for reading only: save it under another name.")

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with self._access, in_sentences(self.path):
            yield

    def _check_in_place(self) -> None:
        """Raise a ProjectError where the file was moved or deleted: what is written to it would be lost."""
        try:
            found = _identity_of(self.path)
        except OSError:
            return  # a drive that does not answer: SQLite says so
        if found is None or self._identity not in (None, found):
            raise ProjectError(
                f"{self.path} was moved, renamed or deleted while it is open here: put it back, or save the"
                " work under another name. Until then nothing is saved."
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._check_in_place()
        with in_sentences(self.path), transaction(self._database):
            yield


def check_suffix(path: Path) -> None:
    """Raise a ProjectError where a name is not that of a project."""
    if path.suffix.lower() != PROJECT_SUFFIX:
        raise ProjectError(f"{path} is no name of a project: let it end in {PROJECT_SUFFIX}.")


def clear_project(path: Path) -> None:
    """Remove what a killed process left of a project that it was making, and close one that it was closing.

    Raises a ProjectError where another process has it open, and OSError.
    """
    lock = ProjectLock.acquire(path)
    try:
        partial = partial_path(path)
        for left in (partial, *_beside(partial)):
            left.unlink(missing_ok=True)
        if path.exists() and _beside(path):
            with in_sentences(path):
                database = connect(path, "rw")
                try:
                    database.execute("SELECT 1 FROM sqlite_schema").fetchall()  # reads the journal
                finally:
                    close_cleanly(database, path)
            path.with_name(f"{path.name}-journal").unlink(missing_ok=True)  # an empty one
            if _beside(path):
                raise ProjectError(f"{path} cannot be closed: free some space on its disk.")
    finally:
        lock.release()


def _make_empty(path: Path, clip: ClipReference | None) -> None:
    """Make a project of a clip that appears whole or not at all, in place of an empty file too."""

    def fill(beside: Path) -> None:
        with closing(connect(beside, "rwc")) as database:
            create_tables(database)
            if clip is not None:
                write_clip(database, clip)

    _put_beside(path, fill, replaces=path.exists())


def copy_database(
    database: sqlite3.Connection, path: Path, clip: ClipReference | None, *, replaces: bool = False
) -> None:
    """Copy what a project holds to a file that appears whole or not at all. Raises a ProjectError."""
    check_nothing_left(path)

    def fill(beside: Path) -> None:
        with closing(connect(beside, "rwc")) as copy:
            database.backup(copy)
            give_back_space(copy, math.inf)
            if journal_mode(copy, "DELETE") != "delete":
                raise ProjectError(f"{path} cannot be written: its disk does not keep a journal.")
            if clip is not None:
                write_clip(copy, clip)

    _put_beside(path, fill, replaces=replaces)


def _put_beside(path: Path, fill: Callable[[Path], None], *, replaces: bool) -> None:
    """Write a database beside its place and put it there. Raises a ProjectError, and sqlite3.Error."""

    def put(beside: Path, target: Path) -> None:
        check_nothing_left(target)
        (Path.replace if replaces else move_without_replacing)(beside, target)

    partial = partial_path(path)
    try:
        with written_beside(path, put) as beside:
            beside.unlink(missing_ok=True)
            fill(beside)
    except FileExistsError as error:
        raise ProjectError(f"{path} is there already: choose another name.") from error
    except OSError as error:
        raise ProjectError(cannot_write(path, error)) from error
    finally:
        for left in (partial, *_beside(partial)):
            with suppress(OSError):
                left.unlink(missing_ok=True)


def _beside(path: Path) -> list[Path]:
    """Return the files that SQLite has made beside a database and that are there."""
    files = (path.with_name(f"{path.name}{ending}") for ending in ("-wal", "-shm", "-journal"))
    return [file for file in files if file.exists()]


def _opened_copy(path: Path, *, is_new: bool) -> sqlite3.Connection:
    """Open a copy for writing; where that fails, as on a full disk, one that is new is removed.

    Raises sqlite3.Error.
    """
    database = connect(path, "rw")
    try:
        start_journal(database, path)
    except BaseException:
        database.close()
        if is_new:
            for file in (*_beside(path), path):
                with suppress(OSError):
                    file.unlink()
        raise
    return database


def _copy_beside(database: sqlite3.Connection, path: Path, what: str) -> Path:
    """Copy a project to NAME.WHAT.mivos, numbered where that is taken."""
    for number in range(1, 1000):
        ending = what if number == 1 else f"{what}-{number}"
        copy = path.with_name(f"{path.stem}.{ending}{path.suffix}")
        if not copy.exists():
            with noted(PROJECT, copy):
                copy_database(database, copy, None)
            return copy
    raise ProjectError(f"Beside {path} are too many copies of it: move them elsewhere.")


def _make_replaceable(path: Path, *, replaces: bool) -> None:
    """Leave of an older project one file alone: a journal that it left would be taken for the new one's."""
    if not replaces:
        raise ProjectError(f"{path} is there already: choose another name.")
    check_is_file(path)
    older, is_closed = connect(path, "rw"), False
    try:
        if version_of(older) is None:
            raise ProjectError(f"{path} is not a project of this program: choose another name.")
    finally:
        is_closed = close_cleanly(older, path)
    if not is_closed:
        raise ProjectError(
            f"{path} cannot be replaced: it is still open in another window, or its disk is full. Close it,"
            " free some space, or choose another name."
        )


def _locked(path: Path) -> ProjectLock:
    """Lock a project that is to be made. Raises a ProjectError."""
    try:
        return ProjectLock.acquire(path)
    except FileNotFoundError as error:
        raise ProjectError(
            f"{path} cannot be made: there is no folder {path.parent}; make it first."
        ) from error
    except OSError as error:
        raise ProjectError(cannot_write(path, error)) from error


def _identity_to_check(path: Path) -> tuple[int, int] | None:
    """Return what a file is recognised by; None on the network: numbers change there, SQLite checks them."""
    try:
        return None if is_on_network(path) else _identity_of(path)
    except OSError:
        return None


def _identity_of(path: Path) -> tuple[int, int] | None:
    """Return a file's numbers; None where it is not there. Raises OSError."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino


def _is_same_place(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return one.absolute() == other.absolute()
