"""Grey PNG mattes: a folder for every object, white where it is, a file for every frame, empty or not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from mivos_studio.media.export.export_format import ExportFormat
from mivos_studio.media.export.job import Expectation, ExportJob, ExportProgress, Extent, png_bytes
from mivos_studio.media.export.naming import frame_file_name, object_file_names

_HEADER_BYTES = 60


def _plan(extent: Extent) -> Expectation:
    """Expect OBJECT/00000.png and on."""
    names = tuple(
        f"{name}/{frame_file_name(frame_index)}.png"
        for name in object_file_names(extent.object_names).values()
        for frame_index in range(extent.frames)
    )
    return Expectation(names, len(names) * (_HEADER_BYTES + png_bytes(extent.size)))


def _write(job: ExportJob, folder: Path) -> Iterator[ExportProgress]:
    """Write OBJECT/00000.png and on into a folder, 8 bits, 0 or 255, at the clip's size."""
    total = len(job.clip)
    object_folders = {
        object_id: folder / name for object_id, name in object_file_names(job.object_names).items()
    }
    for object_folder in object_folders.values():
        object_folder.mkdir()
    for frame_index in range(total):
        ids = job.ids(frame_index)
        for object_id, object_folder in object_folders.items():
            matte = np.where(ids == object_id, np.uint8(255), np.uint8(0))
            Image.fromarray(matte).save(object_folder / f"{frame_file_name(frame_index)}.png")
        yield ExportProgress(frame_index + 1, total)


PNG_MATTE = ExportFormat(
    name="png-matte",
    extension=".png",
    alpha=False,
    bits=8,
    title="PNG mattes, one folder for each object",
    explanation="One file a frame and object, white on black, ready to be used as a luma matte.",
    plan=_plan,
    write_files=_write,
)
