"""Indexed PNG as in DAVIS: a file for every frame, whose pixel values are object ids, with the palette."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mivos_studio.media.export.export_format import ExportFormat
from mivos_studio.media.export.job import Expectation, ExportJob, ExportProgress, Extent, png_bytes
from mivos_studio.media.export.naming import frame_file_name
from mivos_studio.media.palette import save_ids

_HEADER_BYTES = 800  # most of it the palette


def _plan(extent: Extent) -> Expectation:
    """Expect 00000.png and on."""
    names = tuple(_name(frame_index) for frame_index in range(extent.frames))
    return Expectation(names, extent.frames * (_HEADER_BYTES + png_bytes(extent.size)))


def _write(job: ExportJob, folder: Path) -> Iterator[ExportProgress]:
    """Write 00000.png and on into a folder, at the clip's size."""
    total = len(job.clip)
    for frame_index in range(total):
        save_ids(folder / _name(frame_index), job.ids(frame_index))
        yield ExportProgress(frame_index + 1, total)


def _name(frame_index: int) -> str:
    return f"{frame_file_name(frame_index)}.png"


PNG_INDEXED = ExportFormat(
    name="png-indexed",
    extension=".png",
    alpha=False,
    bits=8,
    title="PNG sequence, indexed",
    explanation="One file a frame; pixel values are object numbers, coloured with the DAVIS palette.",
    plan=_plan,
    write_files=_write,
)
