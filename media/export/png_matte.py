"""Grey PNG mattes: a folder for every object, white where it is, a file for every frame, empty or not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from media.atomic import replaced_folder
from media.export.job import ExportJob, ExportProgress
from media.export.naming import frame_file_name, object_file_names


def write(job: ExportJob, path: Path, *, force: bool = False) -> Iterator[ExportProgress]:
    """Write the folder path/ with OBJECT/00000.png and on, 8 bits, 0 or 255, at the clip's size."""
    total = len(job.clip)
    with replaced_folder(path, force=force) as folder:
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
