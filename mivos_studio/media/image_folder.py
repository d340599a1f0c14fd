"""Frames from a folder of images, in the natural order of their names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from natsort import natsorted, ns

from inference_core.types import UInt8Array
from mivos_studio.media.errors import MediaError
from mivos_studio.media.images import image_bit_depth, image_size, read_image
from mivos_studio.media.source import ClipFacts

IMAGE_KINDS: dict[str, str] = {
    ".jpg": "jpg",
    ".jpeg": "jpg",
    ".png": "png",
    ".tif": "tif",
    ".tiff": "tif",
    ".webp": "webp",
    ".bmp": "bmp",
}
"""Endings that are read, and the kind of file that each stands for."""

_KINDS = list(dict.fromkeys(IMAGE_KINDS.values()))


class ImageFolderSource:
    """Image files of one size, in the order given."""

    def __init__(self, paths: Sequence[Path], frame_rate: Fraction) -> None:
        self._paths = paths
        self._facts = ClipFacts(
            size=_common_size(paths),
            pts=np.arange(len(paths), dtype=np.int64),
            time_base=1 / frame_rate,
            frame_rate=frame_rate,
            names=tuple(path.stem for path in paths),
            bit_depth=image_bit_depth(paths[0]),
        )

    @property
    def facts(self) -> ClipFacts:
        """Return what is known of the clip."""
        return self._facts

    def read(self, frame_index: int, keep_before: int) -> Iterator[tuple[int, UInt8Array]]:
        """Yield the frame asked for alone: no image needs another one."""
        del keep_before
        yield frame_index, read_image(self._paths[frame_index])

    def close(self) -> None:
        """Do nothing: files are open only while they are read."""


def list_images(folder: Path) -> list[Path]:
    """Find the frames of a clip in a folder, sorted naturally: frame2 comes before frame10.

    A folder with several kinds of images, such as frames in JPEG and masks in PNG, is read as the kind that
    has the most files; of kinds with equally many, as the first in the order jpg, png, tif, webp, bmp. Hidden
    files and folders inside are left alone.
    """
    by_kind: dict[str, list[Path]] = defaultdict(list)
    for path in folder.iterdir():
        kind = IMAGE_KINDS.get(path.suffix.lower())
        if kind is not None and not path.name.startswith(".") and path.is_file():
            by_kind[kind].append(path)
    if not by_kind:
        endings = ", ".join(ending[1:] for ending in IMAGE_KINDS)
        raise MediaError(f"The folder {folder} has no images in it: frames end in {endings}.")
    kind = max(by_kind, key=lambda kind: (len(by_kind[kind]), -_KINDS.index(kind)))
    in_one_order = sorted(by_kind[kind], key=_name)  # decides between names that are equal to natsort
    return natsorted(in_one_order, key=_name, alg=ns.IGNORECASE)


def _name(path: Path) -> str:
    return path.name


def _common_size(paths: Sequence[Path]) -> tuple[int, int]:
    """Return the (height, width) that all images share; the first that differs is an error."""
    height, width = image_size(paths[0])
    for path in paths[1:]:
        other_height, other_width = image_size(path)
        if (other_height, other_width) != (height, width):
            raise MediaError(
                f"The images of a clip must all have one size: {path} has {other_width}x{other_height} "
                f"pixels, {paths[0].name} has {width}x{height}; move those of another size elsewhere."
            )
    return height, width
