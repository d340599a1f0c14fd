"""An export format as somebody would add one: a line for each frame, the number of pixels of each object."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mivos_studio.media.export.export_format import ExportFormat
from mivos_studio.media.export.job import Expectation, ExportJob, ExportProgress, Extent


def _plan(extent: Extent) -> Expectation:
    return Expectation(("areas.txt",), extent.frames)


def _write(job: ExportJob, folder: Path) -> Iterator[ExportProgress]:
    total = len(job.clip)
    with (folder / "areas.txt").open("w", encoding="utf-8") as file:
        for frame_index in range(total):
            areas = np.bincount(job.ids(frame_index).ravel(), minlength=256)
            print(*(areas[object_id] for object_id in job.object_names), file=file)
            yield ExportProgress(frame_index + 1, total)


TOY = ExportFormat(
    name="areas",
    extension=".txt",
    alpha=False,
    bits=32,
    title="Areas",
    explanation="The number of pixels of each object, a line for each frame.",
    plan=_plan,
    write_files=_write,
)
