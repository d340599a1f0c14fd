"""A project on disk: opened, locked, saved by difference, copied. Safe from any thread."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Any, Protocol, Self

import msgspec

from inference_core.errors import UserError
from inference_core.state.snapshot import SessionSnapshot
from mivos_studio.files import move_without_replacing, written_beside
from mivos_studio.media.output.places import PROJECT_SUFFIX, cannot_write, real_path
from mivos_studio.project.file.blobs import BlobTable
from mivos_studio.project.file.clip_reference import ClipReference, read_clip, write_clip
from mivos_studio.project.file.database import connect, journal_mode, start_journal
from mivos_studio.project.file.errors import DamagedError, ProjectError, in_sentences
from mivos_studio.project.file.loader import load
from mivos_studio.project.file.lock import OwnedError, ProjectLock, lock_path
from mivos_studio.project.file.opening import (
    ReadOnlyDatabase,
    check_is_file,
    check_tables,
    check_version,
    close_cleanly,
)
from mivos_studio.project.file.saver import Loaded, Saver
from mivos_studio.project.file.schema import VERSION, create_tables, migrate, version_of
from mivos_studio.project.steps import Step, read_step


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
        self._blobs = BlobTable(database, path, self._access)
        self._waiting_steps: list[tuple[float, str]] = []
        self._loaded: Loaded | None = None
        self._saver: Saver | None = None
        self._is_closed = False

    @classmethod
    def create(cls, path: Path, clip: ClipReference | None = None) -> ProjectFile:
        """Make a project where there is no file, or an empty one. Raises a ProjectError."""
        check_suffix(path)
        path = real_path(path)
        lock = _locked(path)
        try:
            if path.exists() and (not path.is_file() or path.stat().st_size):
                raise ProjectError(f"{path} is there already: open it, or choose another name.")
            with in_sentences(path):
                database = connect(path, "rwc")
                create_tables(database)
                if clip is not None:
                    write_clip(database, clip)
                start_journal(database, path)
            return cls(path, database, lock)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open(cls, path: Path, *, writes: bool = True) -> ProjectFile:
        """Open a project; one that another process has open, or that cannot be written, for reading only.

        An older project is brought to the present version, and a copy of it is left beside. Raises a
        ProjectError where it is not a project, is damaged, or was written by a newer version.
        """
        path = real_path(path)  # the lock is there, by whatever link it is reached
        check_is_file(path)
        if not writes:
            return cls._open_to_read(path, ())
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
            return cls._open_to_write(path, lock)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def _open_to_write(cls, path: Path, lock: ProjectLock) -> ProjectFile:
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
                project._load()
                start_journal(database, path)  # only now: a damaged project stays as it is
                project._remove_leftovers()
            except BaseException:
                database.close()
                raise
            return project

    @classmethod
    def _open_to_read(cls, path: Path, notices: tuple[str, ...]) -> ProjectFile:
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
                project._load()
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
            except (msgspec.MsgspecError, ValueError) as error:
                raise DamagedError(self.path, "its clip is not one") from error

    @property
    def view(self) -> Any:
        """What `save` was given to remember of the window, None where it was nothing."""
        with self._reading():
            row = self._database.execute("SELECT value FROM view").fetchone()
        try:
            return None if row is None else msgspec.json.decode(row[0])
        except (msgspec.MsgspecError, TypeError):
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
            return [read_step(msgspec.json.decode(text), f"Step {number}") for number, text in rows]
        except (msgspec.MsgspecError, UserError, TypeError) as error:
            raise DamagedError(self.path, f"a step of its script cannot be read: {error}") from error

    # -- saving ----------------------------------------------------------------------------------------------

    def save(self, session: Savable, *, steps: Sequence[Step] = (), view: Any = None) -> None:
        """Write what has changed since the last save, in one transaction: all of it is on disk, or nothing.

        steps  what the user has performed since.
        view   anything that JSON can hold, to be given back by `view`; None leaves it as it is.
        Raises a ProjectError where that fails, as on a full disk: nothing is lost, and the next save that
        succeeds writes all of it.
        """
        self._check_writable()
        now = time.time()
        written = [(now, _written(step)) for step in steps]
        with self._access:
            self._waiting_steps += written
        # Without the lock: a thread that reads masks holds the session's own, and waits for this one.
        session.flush()
        snapshot = session.state
        with self._access:
            self._write(snapshot, view)

    def set_clip(self, clip: ClipReference) -> None:
        """Change the clip that the project is about."""
        self._check_writable()
        with self._access, self._transaction():
            write_clip(self._database, clip)

    def _write(self, snapshot: SessionSnapshot, view: Any) -> None:
        if self._saver is None:
            with in_sentences(self.path):
                self._saver = Saver(self._database, self._loaded)
        saver = self._saver
        try:
            with self._transaction():
                self._blobs.write()
                saver.write(snapshot)
                self._database.executemany(
                    "INSERT INTO interaction (time, step) VALUES (?, ?)", self._waiting_steps
                ).close()
                if view is not None:
                    text = msgspec.json.encode(view).decode()
                    self._database.execute("INSERT OR REPLACE INTO view VALUES (1, ?)", (text,)).close()
        except BaseException:
            saver.revert()
            raise
        saver.keep()
        self._blobs.keep()
        self._waiting_steps.clear()

    # -- copies ----------------------------------------------------------------------------------------------

    def save_as(self, path: Path, *, replaces: bool = False) -> None:
        """Copy the project to another place, and go on there; the one here stays as it was saved last.

        replaces  whether a project that is there is replaced; any other file never is.
        Raises a ProjectError.
        """
        if _is_same_place(path, self.path):
            return
        check_suffix(path)
        path = real_path(path)
        lock = _locked(path)
        try:
            with self._access, in_sentences(path):
                if path.exists():
                    _make_replaceable(path, replaces=replaces)
                clip = self.clip
                copy_database(self._database, path, clip and clip.seen_from(path), replaces=replaces)
                database = connect(path, "rw")
                start_journal(database, path)
                self._leave()
                self._database, self._lock, self.path = database, lock, path
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
        try:
            if self._reader is not None:
                self._reader.close()
            else:
                close_cleanly(self._database)
        finally:
            if self._lock is not None:
                self._lock.release()

    def _load(self) -> None:
        self._loaded = load(self._database, self.path)

    def _remove_leftovers(self) -> None:
        """Delete bytes that nothing names: those of a session that was not closed, and of discarded steps."""
        named = set() if self.state is None else {int(blob) for blob in self.state.blobs()}
        with suppress(ProjectError), self._transaction():  # of no use to the user, so no reason to fail
            self._blobs.delete_others(named)

    def _check_writable(self) -> None:
        if self.is_read_only:
            raise ProjectError(f"{self.path} is open for reading only: save it under another name.")

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with self._access, in_sentences(self.path):
            yield

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with in_sentences(self.path):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise


def check_suffix(path: Path) -> None:
    """Raise a ProjectError where a name is not that of a project."""
    if path.suffix.lower() != PROJECT_SUFFIX:
        raise ProjectError(f"{path} is no name of a project: let it end in {PROJECT_SUFFIX}.")


def copy_database(
    database: sqlite3.Connection, path: Path, clip: ClipReference | None, *, replaces: bool = False
) -> None:
    """Copy what a project holds to a file that appears whole or not at all. Raises a ProjectError."""
    put = Path.replace if replaces else move_without_replacing
    try:
        with written_beside(path, put) as beside:
            beside.unlink(missing_ok=True)
            copy = connect(beside, "rwc")
            try:
                database.backup(copy)
                journal_mode(copy, "DELETE")
                if clip is not None:
                    write_clip(copy, clip)
            finally:
                copy.close()
    except FileExistsError as error:
        raise ProjectError(f"{path} is there already: choose another name.") from error
    except OSError as error:
        raise ProjectError(cannot_write(path, error)) from error


def _copy_beside(database: sqlite3.Connection, path: Path, what: str) -> Path:
    """Copy a project to NAME.WHAT.mivos, numbered where that is taken."""
    for number in range(1, 1000):
        ending = what if number == 1 else f"{what}-{number}"
        copy = path.with_name(f"{path.stem}.{ending}{path.suffix}")
        if not copy.exists():
            copy_database(database, copy, None)
            return copy
    raise ProjectError(f"Beside {path} are too many copies of it: move them elsewhere.")


def _make_replaceable(path: Path, *, replaces: bool) -> None:
    """Leave of an older project one file alone: a journal that it left would be taken for the new one's."""
    if not replaces:
        raise ProjectError(f"{path} is there already: choose another name.")
    check_is_file(path)
    older = connect(path, "rw")
    try:
        if version_of(older) is None:
            raise ProjectError(f"{path} is not a project of this program: choose another name.")
    finally:
        close_cleanly(older)


def _locked(path: Path) -> ProjectLock:
    """Lock a project that is to be made. Raises a ProjectError."""
    try:
        return ProjectLock.acquire(path)
    except FileNotFoundError as error:
        raise ProjectError(f"{path} cannot be made: there is no folder {path.parent}.") from error
    except OSError as error:
        raise ProjectError(cannot_write(lock_path(path), error)) from error


def _is_same_place(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return one.absolute() == other.absolute()


def _written(step: Step) -> str:
    return msgspec.json.encode({"do": step.verb, **step.written()}).decode()
