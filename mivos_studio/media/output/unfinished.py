"""Notes of what this process is writing: the next start of the program removes what a killed one left.

A note is a file in the user's cache that its process holds locked: one that is not locked is of a process
that was killed, or blank. Blank ones are kept, so that something can be noted when the disk is full. Writing
does not depend on notes: where none can be made, what a killed process leaves is removed by the next run that
writes to the same place.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from inference_core.errors import UserError
from mivos_studio.files import user_cache_folder
from mivos_studio.media.output.locks import FileLock, LockedError

TEMPORARY = "temporary"
"""The kind of folders that are removed with their process."""
_PREFIX = "mivos-"
_OLDEST_S = 30 * 86400.0
"""So long what cannot be removed, as on a disk that is not there, stays noted."""
_NOTE_BYTES, _SPARE_NOTES = 8192, 4
"""Of a note: enough for the longest path; and how many there are to be at least."""

Clear = Callable[[Path], None]
"""Removes what is unfinished at a place. Raises OSError or UserError where it cannot now."""


class Note:
    """That something is being written to a place, until `remove`."""

    def __init__(self, lock: FileLock | None) -> None:
        self._lock = lock

    @classmethod
    def make(cls, kind: str, path: Path) -> Note:
        """Note a place; kind says what is to be done there if this process is killed."""
        text = json.dumps({"kind": kind, "path": str(path.absolute())})
        lock = _blank_note() if len(text) <= _NOTE_BYTES else None
        if lock is not None:
            try:
                lock.overwrite(text, _NOTE_BYTES)
            except OSError:
                lock.close()
                lock = None
        return cls(lock)

    def remove(self) -> None:
        """Blank the note: what was written is whole, or is gone."""
        if self._lock is not None:
            with suppress(OSError):
                self._lock.overwrite("", _NOTE_BYTES)
            self._lock.close()
            self._lock = None

    def leave(self) -> None:
        """Leave the note for the next start: something is left to be done there."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None


@contextmanager
def noted(kind: str, path: Path) -> Iterator[None]:
    """Note a place in the block."""
    note = Note.make(kind, path)
    try:
        yield
    finally:
        note.remove()


class TemporaryFolder:
    """A new folder for temporary files, until `remove` or the next start. Raises OSError."""

    def __init__(self) -> None:
        self.path = Path(tempfile.gettempdir()) / f"{_PREFIX}{uuid.uuid4().hex}"
        self._note = Note.make(TEMPORARY, self.path)
        try:
            self.path.mkdir(mode=0o700)
        except OSError:
            self._note.remove()
            raise

    def remove(self) -> None:
        """Remove it with all that it holds."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._note.remove()


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a new folder, which is removed when the block ends. Raises OSError."""
    folder = TemporaryFolder()
    try:
        yield folder.path
    finally:
        folder.remove()


def notes_folder() -> Path:
    """Return the folder of the notes."""
    return user_cache_folder() / "unfinished"


def has_notes() -> bool:
    """Whether anything is noted: by a process that is writing, or by one that was killed."""
    try:
        return any(path.read_bytes().strip() for path in notes_folder().glob("*.json"))
    except OSError:
        return True


def clear_unfinished(clearings: Mapping[str, Clear]) -> None:
    """Remove what killed processes left, and their notes; what cannot be removed now stays noted.

    clearings  what is to be done by kind; a note of another kind, as of a newer version, stays.
    """
    with suppress(OSError):
        for path in notes_folder().glob("*.json"):
            with suppress(OSError, LockedError, UserError):
                _clear(path, clearings)


def remove_temporary(path: Path) -> None:
    """Remove a temporary folder of a killed process."""
    if path.name.startswith(_PREFIX) and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)


def _clear(path: Path, clearings: Mapping[str, Clear]) -> None:
    lock = FileLock.acquire(path, makes=False)
    is_done = False
    try:
        if not lock.is_locked:
            return  # without locks it is unknown whether its process lives
        kind, place = _read(path)
        if kind in clearings:
            clearings[kind](place)
        is_done = kind in clearings or not kind
    finally:
        if is_done or time.time() - path.stat().st_mtime > _OLDEST_S:
            lock.overwrite("", _NOTE_BYTES)
        lock.close()


def _blank_note() -> FileLock | None:
    """Lock a blank note; None where there is none and none can be made. Makes some for later."""
    folder, found = notes_folder(), None
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        blank = [path for path in folder.glob("*.json") if not path.read_bytes().strip()]
        for path in blank:
            with suppress(LockedError):
                found = FileLock.acquire(path, makes=False)
                if not path.read_bytes().strip():
                    break
                found.close()  # another process has taken it since, and was killed
                found = None
        for _ in range(_SPARE_NOTES - len(blank)):
            lock = FileLock.acquire(folder / f"{uuid.uuid4().hex}.json", makes=True)
            lock.overwrite("", _NOTE_BYTES)
            if found is None:
                found = lock
            else:
                lock.close()
    return found


def _read(path: Path) -> tuple[str, Path]:
    """Return kind and place of a note; ("", …) where it is blank or damaged. Raises OSError."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return str(said["kind"]), Path(said["path"])
    except (ValueError, KeyError, TypeError):
        return "", Path()
