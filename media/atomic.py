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
    beside = _beside(path)
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
    check_free(path, force=force)
    beside, old = _beside(path), path.with_name(f".{path.name}.{os.getpid()}.old")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside.mkdir()
    try:
        yield beside
        if path.exists():
            path.rename(old)
        beside.rename(path)
    except BaseException:
        if old.exists() and not path.exists():
            old.rename(path)
        raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def check_free(path: Path, *, force: bool = False) -> None:
    """Raise a MediaError when a folder to be written is a file, or holds something and force is off."""
    if path.exists() and not path.is_dir():
        raise MediaError(f"{path} is a file, but a folder is to be written: choose another name.")
    if not force and path.is_dir() and any(path.iterdir()):
        raise MediaError(f"The folder {path} is not empty: choose another one, or force it to be replaced.")


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.part")
