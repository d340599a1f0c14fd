"""Where figures may be written: checked before the work begins, so that a mistake costs a second.

A file of figures is known by its key "written_by", a list of formats by the keys of its items. Those that
older versions of this program wrote are known by the other keys that they have.
"""

from __future__ import annotations

import json
import re
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from inference_core.errors import UserError
from mivos_studio.media.errors import MediaError
from mivos_studio.media.output.file import FileKind, check_file, json_document, written_file
from mivos_studio.media.output.folder import FolderOutput
from mivos_studio.media.output.manifest import PROGRAM
from mivos_studio.media.output.places import is_one_of, real_path

_WRITTEN_BY = "written_by"
_OLDER_FIGURES = tuple(
    frozenset(keys.split())
    for keys in (
        "peak_rss_mb device dtype working_size",  # propagate, replay
        "options clips mean",  # evaluate
        "options iou_after noc85",
        "options rounds summary",
        "options confidence corrections",
        "calibration confidence",
        "clips frames frames_per_second_per_core",  # synthesize
        "propagation strokes startup",  # bench
        "brush_move_ms scrub_fps block_ms",
        "frames rss_mb open_s",
        "given combinations",
        "speedup script",
        "families weights unused",  # weights
        "ok files",
        "fetched",
    )
)
"""Keys by which figures of older versions are known: all of one line are in the file."""
_OLDER_PAIR = frozenset({"old", "new", "ratio"})  # bench compare, for each figure
_FORMAT = frozenset({"name", "extension", "alpha", "bits"})  # a list of these: formats
_SHA256 = re.compile(r"[0-9a-f]{64}")  # weights record, for each file


def is_figures(path: Path) -> bool:
    """Whether a file holds figures that this program wrote. Raises OSError where it cannot be read."""
    document = json_document(path)
    if isinstance(document, list):
        return bool(document) and all(isinstance(row, dict) and row.keys() == _FORMAT for row in document)
    if not isinstance(document, dict):
        return False
    if _WRITTEN_BY in document:
        return bool(document[_WRITTEN_BY] == PROGRAM)
    return any(keys <= document.keys() for keys in _OLDER_FIGURES) or _is_older_table(document)


def _is_older_table(document: dict[str, Any]) -> bool:
    rows = document.values()
    return bool(rows) and (
        all(isinstance(row, dict) and row.keys() == _OLDER_PAIR for row in rows)
        or all(isinstance(row, str) and _SHA256.fullmatch(row) for row in rows)
    )


FIGURES = FileKind("a file of figures", is_figures)


def check_json(options: Namespace, inputs: Iterable[Path] = (), output: FolderOutput | None = None) -> None:
    """Raise an error with one sentence where figures are asked for and their file must not be written.

    inputs  what the work reads.
    output  the folder that the same work writes: no figures go where it will be.
    """
    files = _json_files(options)
    for number, file in enumerate(files):
        check_file(file, FIGURES, inputs=inputs)
        if is_one_of(file, files[:number]):
            raise UserError(f"{file} is named for two files of figures: name another one for --timings.")
        if output is not None and real_path(file) in (output.path, *output.path.parents):
            raise UserError(f"{file} is the folder of the result, too: name another file.")


def check_apart(options: Namespace, output: FolderOutput, names: Iterable[str]) -> None:
    """Raise a UserError where figures would take the name of one of a folder's files."""
    places = {output.path / name for name in names}
    for file in _json_files(options):
        if real_path(file) in places:
            raise UserError(f"{file} is where a file of the result goes: name another file.")


def write_json(
    options: Namespace,
    figures: dict[str, Any] | list[dict[str, Any]],
    inputs: Iterable[Path] = (),
    *,
    result: Path | None = None,
) -> None:
    """Write the figures to the files that ask for them; nothing where none does. Raises a MediaError.

    result  what the work has written by now: the error says that it is there.
    """
    document = {**figures, _WRITTEN_BY: PROGRAM} if isinstance(figures, dict) else figures
    try:
        for file in _json_files(options):
            with written_file(file, FIGURES, inputs=inputs) as beside:
                beside.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    except MediaError as error:
        if result is None:
            raise
        raise MediaError(f"{error} The result is complete, in {result}.") from error


def _json_files(options: Namespace) -> list[Path]:
    """Return the files of --json and of --timings, where the command has it."""
    return [file for file in (options.json, getattr(options, "timings", None)) if file is not None]
