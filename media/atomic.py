"""Write beside, then rename: a file or folder is there whole or not at all, whatever stops the program."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from media.errors import MediaError


@contextmanager
def replaced_file(path: Path) -> Iterator[Path]:
    """Hand out a path beside the wanted one and rename it into place when the block ends well."""
    beside = _beside(path, "part")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def replaced_folder(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Hand out an empty folder beside the wanted one and rename it into place when the block ends well.

    A folder that is there and not empty is refused, or with force replaced once the new one is complete.
    """
    path = path.resolve()
    check_free(path, force=force)
    beside = _beside(path, "part")
    try:
        beside.mkdir(parents=True)
        yield beside
        _put_in_place(beside, path)
    except OSError as error:
        raise MediaError(f"The folder {path} cannot be written: {error.strerror}.") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def check_free(path: Path, *, force: bool = False) -> None:
    """Raise a MediaError when a folder to be written is a file, or holds something and force is off."""
    if path.exists() and not path.is_dir():
        raise MediaError(f"{path} is a file, but a folder is to be written: choose another name.")
    if not force and path.is_dir() and any(path.iterdir()):
        raise MediaError(f"The folder {path} is not empty: choose another one, or force it to be replaced.")


def _put_in_place(beside: Path, path: Path) -> None:
    """Rename a complete folder to its name; what stood there goes only once the new one stands."""
    if not path.exists():
        beside.rename(path)
        return
    old = _beside(path, "old")
    path.rename(old)
    try:
        beside.rename(path)
    except OSError:
        old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _beside(path: Path, role: str) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.{role}")
