"""A new folder that appears whole: nothing of it is to be seen before all is there."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mivos_studio.media.errors import MediaError
from mivos_studio.media.output import staging as stages
from mivos_studio.media.output.places import (
    PROJECT_SUFFIX,
    cannot_write,
    check_writable,
    missing_folders,
    nearest_folder,
    real_path,
    remove_empty,
)

NEW_FOLDER = "new folder"
"""The kind of notes of such folders, see `unfinished`."""


@contextmanager
def written_folder(path: Path) -> Iterator[Path]:
    """Yield a folder to write into, and put it in place when the block ends without an error.

    path  where no folder is, or an empty one.
    Raises a MediaError where anything else is there, or it cannot be written.
    """
    target = real_path(path)
    _check_empty(target)
    is_there = target.is_dir()
    check_writable(target, target if is_there else nearest_folder(target))
    # The folder itself is replaced where possible; a disk's topmost one cannot be.
    is_fixed = is_there and (target.is_mount() or not os.access(target.parent, os.W_OK | os.X_OK))
    home = target if is_fixed else nearest_folder(target)
    staging = stages.begin(target, home, NEW_FOLDER, _nothing_to_undo)
    try:
        yield staging.result
        _check_empty(target)
        if is_fixed:
            _fill(staging.result, target)
        else:
            _rename(staging.result, target)
    except OSError as error:
        raise MediaError(cannot_write(target, error)) from error
    finally:
        staging.remove()


def clear_new_folder(path: Path) -> None:
    """Remove what a killed run left of a folder. Raises a MediaError where another run is writing it."""
    stages.clear_leftovers(path, _nothing_to_undo)


def _check_empty(target: Path) -> None:
    if os.path.lexists(target) and not target.is_dir():
        raise MediaError(f"{target} is a file, but a folder is to be written: name a folder.")
    if target.is_dir() and any(
        not stages.is_staging_name(each.name, target, target) for each in target.iterdir()
    ):
        raise MediaError(f"{target} is not empty: name another folder.")


def _rename(result: Path, target: Path) -> None:
    made = missing_folders(target.parent)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if sys.platform == "win32" and target.is_dir():
            target.rmdir()
        result.rename(target)  # replaces nothing but an empty folder
    except OSError:
        remove_empty(reversed(made))
        raise


def _fill(result: Path, target: Path) -> None:
    """Move all that was written, projects last: what they name is there before them."""
    for path in sorted(result.iterdir(), key=lambda each: each.suffix == PROJECT_SUFFIX):
        path.rename(target / path.name)


def _nothing_to_undo(staging: stages.Staging) -> None:
    """A folder is in its place or not."""
    del staging
