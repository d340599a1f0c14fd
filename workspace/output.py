"""Results leave whole or not at all: written beside their place under another name, then renamed.

A reader of the folder, or of the file, never sees half a result, and a run that fails leaves what was there.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from inference_core.errors import UserError


def check_folder(folder: Path, *, force: bool) -> None:
    """Raise a UserError where a result must not be put: call it before the work, not after.

    A folder that holds files is only replaced with force; a place that can never be one is refused either way.
    """
    nearest = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    if not nearest.is_dir():
        raise UserError(f"{folder} cannot be made: {nearest} is a file.")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise UserError(f"{folder} cannot be written: {nearest} is read-only.")
    if folder.exists() and any(folder.iterdir()) and not force:
        raise UserError(f"{folder} is not empty; name another folder, or replace it with --force.")
    if folder.absolute() == Path.cwd() or Path.cwd().is_relative_to(folder.absolute()):
        raise UserError(f"{folder} is the folder you are in; name a folder inside it.")


def check_file(file: Path) -> None:
    """Raise a UserError where a file cannot be written; an older one may be replaced."""
    if file.is_dir():
        raise UserError(f"{file} is a folder; name a file.")
    if not file.absolute().parent.is_dir():
        raise UserError(f"{file} cannot be written: the folder {file.parent} does not exist.")


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Give a temporary folder that becomes `folder` at the end, and vanishes where the block raises."""
    folder = folder.absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".partial", dir=folder.parent))
    try:
        yield partial
        partial.chmod(0o777 & ~_umask())
        _replace_folder(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_json(file: Path, values: dict[str, Any]) -> None:
    """Write figures as JSON, all of them or none."""
    partial = file.with_name(f".{file.name}.partial")
    try:
        partial.write_text(json.dumps(values, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def _replace_folder(partial: Path, folder: Path) -> None:
    if not folder.exists():
        partial.rename(folder)
        return
    # A folder that holds files cannot be renamed over; the old one is kept until the new one is in place.
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", suffix=".old", dir=folder.parent) as aside:
        folder.rename(Path(aside) / folder.name)
        try:
            partial.rename(folder)
        except OSError:
            (Path(aside) / folder.name).rename(folder)
            raise


def _umask() -> int:
    # The only way to read it is to set it; mkdtemp's own mode is for private files.
    mask = os.umask(0)
    os.umask(mask)
    return mask
