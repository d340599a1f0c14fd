"""Whether a path can be written, checked before the work begins."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from mivos_studio.media.errors import MediaError
from mivos_studio.system_errors import reason_of

PROJECT_SUFFIX = ".mivos"
_NEVER = frozenset({errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.EACCES, errno.EPERM, errno.ELOOP})


def real_path(path: Path) -> Path:
    """Follow all links to where a path leads, whether or not something is there.

    Raises a MediaError where nothing can ever be there, as its name is too long, or nothing can be seen.
    """
    try:
        target = Path(os.path.realpath(path.expanduser()))
        target.lstat()
    except OSError as error:
        if error.errno in _NEVER:
            raise MediaError(cannot_write(path, error)) from error
        return target
    except (ValueError, RuntimeError) as error:
        raise MediaError(f"{str(path)!r} is no path of a file or folder: choose another name.") from error
    if target.is_symlink():  # what is left of links is a circle
        circle = OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        raise MediaError(cannot_write(path, circle))
    return target


def nearest_folder(path: Path) -> Path:
    """Return the folder that is there and nearest above a path. Raises a MediaError where that is a file."""
    nearest = next(place for place in path.parents if os.path.lexists(place) or place == place.parent)
    if not nearest.is_dir():
        raise MediaError(f"{path} cannot be made: {nearest} is a file; name another place.")
    return nearest


def check_writable(wanted: Path, folder: Path) -> None:
    """Raise a MediaError where nothing can be made in a folder, or what it holds cannot be seen."""
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise MediaError(f"{wanted} cannot be written: {folder} is read-only; name another place.")


def check_free_space(wanted: Path, needed_bytes: int) -> None:
    """Raise a MediaError where less is free on the disk than a result needs at least."""
    folder = wanted if wanted.is_dir() else nearest_folder(wanted)
    try:
        free_bytes = shutil.disk_usage(folder).free
    except OSError:
        return  # not every file system reports it
    if free_bytes < needed_bytes:
        raise MediaError(
            f"{wanted} needs at least {_size(needed_bytes)}, and {_size(free_bytes)} are free: "
            "free some space, or name a place on another disk."
        )


def check_names(path: Path, above: Path, trial: Path) -> None:
    """Raise a MediaError where a folder, and those between it and one above it, cannot have their names.

    trial  an empty folder on that disk, in which it is tried.
    """
    made: list[Path] = []
    try:
        for part in path.relative_to(above).parts:
            folder = (made[-1] if made else trial) / part
            folder.mkdir()
            made.append(folder)
    except OSError as error:
        raise MediaError(cannot_write(path, error)) from error
    finally:
        remove_empty(reversed(made))


def missing_folders(path: Path) -> list[Path]:
    """Return a folder and those above it that are not there, the uppermost first."""
    missing = []
    for folder in (path, *path.parents):
        if os.path.lexists(folder):
            break
        missing.append(folder)
    return missing[::-1]


def remove_empty(folders: Iterable[Path]) -> None:
    """Remove folders as long as they are empty."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return


def cannot_write(path: Path, error: OSError) -> str:
    """Return why something cannot be written, and what to do."""
    return f"{path} cannot be written: {reason_of(error)}."


def refuse_project(path: Path) -> None:
    """Raise a MediaError for a project: it is never the target of a result."""
    if path.suffix.lower() == PROJECT_SUFFIX:
        raise MediaError(
            f"{path} is the name of a project, which results never replace: choose another name."
        )


def is_one_of(path: Path, others: Iterable[Path]) -> bool:
    """Whether a path leads to the same file or folder as one of others, also by another link or name."""
    for other in others:
        try:
            if path.samefile(other):
                return True
        except OSError:
            if real_path(path) == real_path(other):
                return True
    return False


def _size(count: int) -> str:
    unit, name = (10**6, "MB") if count >= 10**6 else (10**3, "kB")
    return f"{count / unit:.1f} {name}"
