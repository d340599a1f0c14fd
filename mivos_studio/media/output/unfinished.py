"""Notes of what this process is writing: the next start of the program removes what a killed one left.

A note is a file in the user's cache that its process holds locked: one that is not locked is of a process
that was killed. Writing does not depend on notes: where none can be made, as on a full disk, what a killed
process leaves is removed by the next run that writes to the same place.
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

Clear = Callable[[Path], None]
"""Removes what is unfinished at a place. Raises OSError or UserError where it cannot now."""


class Note:
    """That something is being written to a place, until `remove`."""

    def __init__(self, lock: FileLock | None) -> None:
        self._lock = lock

    @classmethod
    def make(cls, kind: str, path: Path) -> Note:
        """Note a place; kind says what is to be done there if this process is killed."""
        folder = notes_folder()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock.acquire(folder / f"{uuid.uuid4().hex}.json", makes=True)
        except (OSError, LockedError):
            return cls(None)
        try:
            lock.write(json.dumps({"kind": kind, "path": str(path.absolute())}))
        except OSError:
            lock.release()
            return cls(None)
        return cls(lock)

    def remove(self) -> None:
        """Remove the note: what was written is whole, or is gone."""
        if self._lock is not None:
            self._lock.release()
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
    return any(notes_folder().glob("*.json"))


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
            is_done = True
        is_done |= not kind
    finally:
        if is_done or time.time() - path.stat().st_mtime > _OLDEST_S:
            lock.release()
        else:
            lock.close()


def _read(path: Path) -> tuple[str, Path]:
    """Return kind and place of a note; ("", …) where it says nothing. Raises OSError."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return str(said["kind"]), Path(said["path"])
    except (ValueError, KeyError, TypeError):
        return "", Path()
