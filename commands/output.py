"""Where results may go: asked before the work begins, so that a slip costs a second and not an evening."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from inference_core.errors import UserError
from media.atomic import replaced_file


def check_folder(folder: Path, *, force: bool, ours: tuple[str, ...]) -> None:
    """Raise a UserError where a result must not be put.

    With force an earlier result is replaced, but only where every name in the folder is one that we write
    (`ours`, as shell patterns): a wrong path must not cost a folder of somebody's work.
    """
    nearest = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not nearest.is_dir():
        raise UserError(f"{folder} cannot be made: {nearest} is a file.")
    _check_writable(folder, nearest)
    names = sorted(entry.name for entry in folder.iterdir()) if folder.exists() else []
    if names and not force:
        raise UserError(f"{folder} is not empty; name another folder, or replace it with --force.")
    strangers = [name for name in names if not any(fnmatch(name, pattern) for pattern in ours)]
    if strangers:
        raise UserError(f"{folder} holds {strangers[0]}, which is no earlier result; name another folder.")


def check_file(file: Path) -> None:
    """Raise a UserError where a file cannot be written; an older one may be replaced."""
    if file.is_dir():
        raise UserError(f"{file} is a folder; name a file.")
    folder = file.absolute().parent
    if not folder.is_dir():
        raise UserError(f"{file} cannot be written: the folder {folder} does not exist.")
    _check_writable(file, folder)


def check_json(options: Namespace) -> None:
    """Raise a UserError where --json is given and its file cannot be written."""
    if options.json:
        check_file(options.json)


def write_json(options: Namespace, figures: dict[str, Any]) -> None:
    """Write the figures to the file of --json, all of them or none; nothing where it is not given."""
    if options.json:
        with replaced_file(options.json) as beside:
            beside.write_text(json.dumps(figures, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _check_writable(wanted: Path, folder: Path) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(f"{wanted} cannot be written: {folder} is read-only.")
