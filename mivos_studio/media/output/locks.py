"""Locks that end with their process."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_LOCKED_BY_ANOTHER = frozenset({errno.EAGAIN, errno.EACCES, errno.EDEADLK})


class LockedError(Exception):
    """Another process, or another part of this one, holds the lock."""


class FileLock:
    """A lock on a file, held until `release` or until the process ends, however it ends.

    Nothing is left to decide after a crash: a file that is there and not locked belongs to nobody.
    """

    def __init__(self, descriptor: int, path: Path, *, is_locked: bool) -> None:
        self._descriptor = descriptor
        self._path = path
        self.is_locked = is_locked
        """False where the file system has no locks: then it is unknown whether the owner lives."""

    @classmethod
    def acquire(cls, path: Path, *, makes: bool) -> Self:
        """Lock a file, which is made for it or has to be there.

        Raises LockedError where another has it, FileNotFoundError where it is gone, else OSError.
        """
        flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | (os.O_CREAT if makes else 0)
        while True:
            descriptor = os.open(path, flags, 0o666)
            try:
                is_locked = _lock(descriptor)
            except LockedError:
                os.close(descriptor)
                raise
            if _is_still_at(descriptor, path):
                return cls(descriptor, path, is_locked=is_locked)
            os.close(descriptor)  # its owner removed it between our opening and our locking

    def write(self, text: str) -> None:
        """Replace the file's content. Raises OSError."""
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, text.encode())

    def overwrite(self, text: str, size: int) -> None:
        """Replace the file's content in the space that it has, filled up with blanks. Raises OSError.

        Works on a full disk too, where the file has had this size in bytes before.
        """
        content = text.encode().ljust(size)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        if os.write(self._descriptor, content) < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def close(self) -> None:
        """Release the lock; the file stays."""
        os.close(self._descriptor)

    def release(self) -> None:
        """Release the lock and remove the file."""
        if sys.platform == "win32":
            os.close(self._descriptor)
            self._path.unlink(missing_ok=True)
        else:
            # In this order: whoever opened the file in between finds that it is no longer at its path.
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
            os.close(self._descriptor)


def _lock(descriptor: int) -> bool:
    """Lock an open file; return whether the file system can. Raises LockedError."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _LOCKED_BY_ANOTHER:
            raise LockedError from error
        return False
    return True


def _is_still_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False
