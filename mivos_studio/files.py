"""Write a file beside its place and rename it, so that it is never seen half written; hash contents.

Also the program's cache folder.

Every package may use this module, `model` too: it needs the standard library alone. What may be written where
is decided in `media.output` and by the callers.
"""

from __future__ import annotations

import errno
import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_NO_HARD_LINKS = frozenset(
    {errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL, errno.EMLINK}
)
_PROGRAM = "MiVOS Studio"


@contextmanager
def written_beside(path: Path, put: Callable[[Path, Path], object] = Path.replace) -> Iterator[Path]:
    """Yield a hidden path in the same folder, and put what was written there in place.

    put  moves the complete file to its place, over an older one; `move_without_replacing` spares that, and
         other functions may look first. Where it raises, the complete file stays.
    Nothing is put in place, and nothing stays, where the block ends with an error. One process at a time may
    write a file: what a killed one left is written over by the next.
    """
    partial = partial_path(path)
    try:
        yield partial
        flush_to_disk(partial)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise
    put(partial, path)


def partial_path(path: Path) -> Path:
    """Return where a file is written until it is complete."""
    return path.with_name(f".{path.stem}.partial{path.suffix}")  # some libraries go by the ending


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


def flush_to_disk(path: Path) -> None:
    """Flush a file's content to the disk. Raises OSError."""
    with path.open("r+b") as file:  # Windows flushes only what may be written
        os.fsync(file.fileno())


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's content in hexadecimal. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def user_cache_folder() -> Path:
    """Return the program's cache folder, the same as Qt's for the window."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / _PROGRAM / "cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / _PROGRAM
    given = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(given) if Path(given).is_absolute() else home / ".cache") / _PROGRAM
