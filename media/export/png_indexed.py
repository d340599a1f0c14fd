"""Indexed PNG as in DAVIS: a file for every frame, whose pixel values are object ids, with the palette."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from media.atomic import replaced_folder
from media.export.job import ExportJob, ExportProgress
from media.export.naming import frame_file_name
from media.palette import write_ids


def write(job: ExportJob, path: Path, *, force: bool = False) -> Iterator[ExportProgress]:
    """Write the folder path/ with 00000.png and on, at the clip's size."""
    total = len(job.clip)
    with replaced_folder(path, force=force) as folder:
        for frame_index in range(total):
            write_ids(folder / f"{frame_file_name(frame_index)}.png", job.ids(frame_index))
            yield ExportProgress(frame_index + 1, total)
