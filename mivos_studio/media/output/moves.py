"""Renames that replace nothing, content hashes, and locks that end with their process."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_NO_HARD_LINKS = frozenset(
    {errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL, errno.EMLINK}
)
_LOCKED_BY_ANOTHER = frozenset({errno.EAGAIN, errno.EACCES, errno.EDEADLK})


class LockedError(Exception):
    """Another process, or another part of this one, holds the lock."""


def move_without_replacing(source: Path, target: Path) -> None:
    """Rename a file to a name that is free. Raises FileExistsError where it is not, else OSError.

    A plain rename would replace what appeared there a moment ago. Where the file system has no hard links, an
    empty file takes the name first: only one program can make it.
    """
    if sys.platform == "win32":
        source.rename(target)  # never replaces there
        return
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
    else:
        with suppress(OSError):
            source.unlink()
        return
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    try:
        source.replace(target)
    except OSError:
        target.unlink(missing_ok=True)
        raise


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's content in hexadecimal. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class FileLock:
    """A lock on a file, held until `release` or until the process ends, however it ends.

    Nothing is left to be told apart after a crash: a file that is there and not locked belongs to nobody.
    """

    def __init__(self, descriptor: int, path: Path, *, is_locked: bool) -> None:
        self._descriptor = descriptor
        self._path = path
        self.is_locked = is_locked
        """False where the file system has no locks: then nobody can tell whether the owner lives."""

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

    def close(self) -> None:
        """Let go of the lock; the file stays."""
        os.close(self._descriptor)

    def release(self) -> None:
        """Let go of the lock and remove the file."""
        if sys.platform == "win32":
            os.close(self._descriptor)
            self._path.unlink(missing_ok=True)
        else:
            # In this order: whoever opened the file in between finds that it is no longer at its path.
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
            os.close(self._descriptor)


def _lock(descriptor: int) -> bool:
    """Lock an open file; tell whether the file system can. Raises LockedError."""
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
