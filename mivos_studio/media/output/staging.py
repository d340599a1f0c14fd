"""Where a result is written until it is complete: a hidden, locked folder on the destination's disk.

Its name comes from the destination alone, so that the next run finds what a killed one left. The lock file
says that the result in it is unfinished: not locked, it is a leftover, which is undone and removed. A folder
without that file holds a finished result that could not be put in place, and is left alone.

.mivos-HASH/unfinished   the lock
.mivos-HASH/result/      what is being written
.mivos-HASH/older/       files of an earlier result, while those of the new one take their places
.mivos-HASH/replaced/    the same, once all have
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from mivos_studio.files import move_without_replacing
from mivos_studio.media.errors import MediaError
from mivos_studio.media.output.locks import FileLock, LockedError
from mivos_studio.media.output.places import cannot_write
from mivos_studio.media.output.unfinished import Note

_LOCK_NAME = "unfinished"
_MOST_TRIES = 1000
_MOST_FOLDERS = 20  # for one destination, all but one given up
_WAIT_S = 0.001

Undo = Callable[["Staging"], None]
"""Undoes what a killed run had begun to put in place. Raises OSError where it cannot."""


class Staging:
    """One such folder. Made by `begin`, which locks it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.result = path / "result"
        self.older = path / "older"
        self.replaced = path / "replaced"
        self.lock_file = path / _LOCK_NAME
        self._lock: FileLock | None = None
        self._note: Note | None = None

    @property
    def holds_no_lock(self) -> bool:
        """Whether it was given up: what it holds is for the user.

        Looked at in one glance. A folder that holds nothing is just being made or removed.
        """
        if self.path.is_symlink():
            return True
        try:
            names = {path.name for path in self.path.iterdir()}
        except OSError:
            return os.path.lexists(self.path)  # no folder, or another user's
        return bool(names) and _LOCK_NAME not in names

    def take_note(self, note: Note) -> None:
        """Hold the note of the destination until this is removed or given up."""
        self._note = note

    def lock(self, *, is_new: bool) -> bool:
        """Lock it; return whether the file system has locks. Raises LockedError or OSError."""
        self._lock = FileLock.acquire(self.lock_file, makes=is_new)
        return self._lock.is_locked

    def remove(self) -> None:
        """Remove it with its result; `older` never, as long as a file is in it. No link is followed."""
        for folder in (self.result, self.replaced):
            shutil.rmtree(folder, ignore_errors=True)
        remove_if_empty(self.older)
        self.give_up_lock()
        remove_if_empty(self.path)
        self._remove_note()

    def keep(self, name: str) -> Path:
        """Leave the finished result for the user, under a name that can be seen if possible; say where."""
        kept = self.result
        for number in range(1, _MOST_TRIES):
            visible = self.path.parent / (f"{name}-kept" if number == 1 else f"{name}-kept-{number}")
            if os.path.lexists(visible):
                continue
            with suppress(OSError):
                self.result.rename(visible)  # of a folder: never replaces anything but an empty one
                kept = visible
            break
        self.give_up_lock()
        if kept != self.result:
            shutil.rmtree(self.replaced, ignore_errors=True)
            remove_if_empty(self.older)
            remove_if_empty(self.path)
        self._remove_note()
        return kept

    def leave(self) -> None:
        """Release the lock and change nothing."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def give_up_lock(self) -> None:
        """Release the lock and remove its file, if it is held."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _remove_note(self) -> None:
        if self._note is not None:
            self._note.remove()
            self._note = None


def begin(destination: Path, home: Path, kind: str, undo: Undo) -> Staging:
    """Make and lock the folder for a destination, in a folder on its disk.

    kind  of the note for the next start, see `unfinished`.
    undo  is called before a leftover is removed.
    Raises a MediaError where another run is writing to the destination, or nothing can be made there.
    """
    note = Note.make(kind, destination)
    try:
        staging = _begin(destination, home, undo)
    except BaseException:
        note.remove()
        raise
    staging.take_note(note)
    return staging


def _begin(destination: Path, home: Path, undo: Undo) -> Staging:
    try:
        for _ in range(_MOST_TRIES):
            taken = clear_leftovers(destination, undo)
            staging = next(each for each in _numbered(destination, home) if each.path not in taken)
            try:
                staging.path.mkdir()
            except FileExistsError:
                time.sleep(_WAIT_S)  # another run was quicker; it is met above
                continue
            if _take(staging):
                _see_that_it_is_alone(staging, destination, undo)
                return staging
    except OSError as error:
        raise MediaError(cannot_write(destination, error)) from error
    raise _busy(destination)


def _take(staging: Staging) -> bool:
    """Lock a folder that has just been made; False where another run took it at this moment."""
    try:
        staging.lock(is_new=True)
        staging.result.mkdir()
    except (FileNotFoundError, LockedError):
        return False
    except OSError:
        staging.remove()
        raise
    return True


def _see_that_it_is_alone(staging: Staging, destination: Path, undo: Undo) -> None:
    """Look once more at all places: the folders above a destination come and go, so there may be two."""
    try:
        clear_leftovers(destination, undo, but=staging)
    except MediaError:
        staging.remove()
        raise


def clear_leftovers(destination: Path, undo: Undo, *, but: Staging | None = None) -> set[Path]:
    """Undo and remove what killed runs left for a destination. Raises a MediaError where one is not dead.

    Returns the folders that stay: those with a finished result, and those that cannot be locked.
    """
    own = None if but is None else but.path
    return {
        staging.path
        for home in (destination, *destination.parents)
        for staging in _numbered(destination, home)
        if staging.path != own and os.path.lexists(staging.path) and not _clear(staging, destination, undo)
    }


def is_staging_name(name: str, destination: Path, home: Path) -> bool:
    """Whether a name in a folder is that of a staging folder for a destination."""
    return name.startswith(_name(destination, home))


def remove_if_empty(folder: Path) -> None:
    """Remove a folder that holds nothing; leave any other, and where there is none, do nothing."""
    with suppress(OSError):
        folder.rmdir()


def _clear(staging: Staging, destination: Path, undo: Undo) -> bool:
    """Undo and remove one folder; False where it stays."""
    if staging.holds_no_lock:
        return False
    try:
        is_locked = staging.lock(is_new=False)
    except LockedError:
        raise _busy(destination) from None
    except FileNotFoundError:
        remove_if_empty(staging.path)  # if its owner lives, it makes another one
        return True
    except OSError:
        return False  # another user's
    if not is_locked:
        staging.leave()  # its process may live: without locks that is unknown
        return False
    try:
        if staging.older.is_dir():
            undo(staging)
    except OSError:
        staging.give_up_lock()  # what cannot be put back stays there
        return False
    staging.remove()
    return True


def _numbered(destination: Path, home: Path) -> Iterator[Staging]:
    name = _name(destination, home)
    for number in range(1, _MOST_FOLDERS):
        yield Staging(home / (name if number == 1 else f"{name}-{number}"))


def _name(destination: Path, home: Path) -> str:
    """Name it after the destination as seen from here: the same disk may be mounted elsewhere."""
    seen = destination.relative_to(home).as_posix().encode("utf-8", "surrogateescape")
    return f".mivos-{hashlib.sha256(seen).hexdigest()[:12]}"


def _busy(destination: Path) -> MediaError:
    return MediaError(
        f"{destination} is being written by another run of this program: wait for it, or name another place."
    )


def restore(older: Path, target: Path) -> None:
    """Move all files back to where they were. Raises OSError where something else stands there."""
    for path in sorted(older.rglob("*")):
        if path.is_dir():
            continue
        place = target / path.relative_to(older)
        place.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(place) and (place.samefile(path) or _is_placeholder(place)):
            path.replace(place)  # stopped in the middle of a move
        else:
            move_without_replacing(path, place)
    shutil.rmtree(older)  # of empty folders by now


def _is_placeholder(path: Path) -> bool:
    """Whether a file is what `move_without_replacing` makes first where there are no hard links."""
    facts = path.lstat()
    return stat.S_ISREG(facts.st_mode) and facts.st_size == 0
