"""Frames from a folder of images, in the natural order of their names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import chain
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
    """Image files of one size, in the order given. Damaged ones cost their frames and no others."""

    def __init__(self, paths: Sequence[Path], frame_rate: Fraction) -> None:
        self._paths = paths
        size, self._damaged = _common_size(paths)
        self._stand_ins: dict[int, int] = {}
        first = next(path for place, path in enumerate(paths) if place not in self._damaged)
        self._facts = ClipFacts(
            size=size,
            pts=np.arange(len(paths), dtype=np.int64),
            time_base=1 / frame_rate,
            frame_rate=frame_rate,
            names=tuple(path.stem for path in paths),
            bit_depth=image_bit_depth(first),
        )

    @property
    def facts(self) -> ClipFacts:
        """Return what is known of the clip."""
        return self._facts

    @property
    def stand_ins(self) -> Mapping[int, int]:
        """Damaged images that were met by now, and the frame that is shown in place of each."""
        return self._stand_ins

    @property
    def is_revised(self) -> bool:
        """False: no image depends on another."""
        return False

    def read(self, frame_index: int, keep_before: int) -> Iterator[tuple[int, UInt8Array]]:
        """Yield the frame asked for alone: no image needs another one.

        In place of a damaged image comes the nearest good one before it, or after it where there is none.
        Raises a MediaError where no image is good, an InputFileError where one cannot be reached.
        """
        del keep_before
        error: MediaError | None = None
        for place in chain(range(frame_index, -1, -1), range(frame_index + 1, len(self._paths))):
            if place in self._damaged:
                continue
            try:
                image = read_image(self._paths[place])
            except MediaError as damage:
                self._damaged.add(place)
                error = damage
                continue
            if place != frame_index:
                self._stand_ins[frame_index] = place
            yield frame_index, image
            return
        raise error or MediaError(f"No image of {self._paths[frame_index].parent} can be read any more.")

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


def _common_size(paths: Sequence[Path]) -> tuple[tuple[int, int], set[int]]:
    """Return the (height, width) that all images share, and which images have no readable header.

    The first image of another size is an error; so is the first without a header where none has one.
    """
    size, named = None, paths[0]
    damaged: set[int] = set()
    error: MediaError | None = None
    for place, path in enumerate(paths):
        try:
            height, width = image_size(path)
        except MediaError as damage:
            damaged.add(place)
            error = error or damage
            continue
        if size is None:
            size, named = (height, width), path
        elif size != (height, width):
            raise MediaError(
                f"The images of a clip must all have one size: {path} has {width}x{height} "
                f"pixels, {named.name} has {size[1]}x{size[0]}; move those of another size elsewhere."
            )
    if size is None:
        raise error or MediaError("There are no images.")
    return size, damaged
