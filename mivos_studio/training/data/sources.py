"""Find and read the training data.

A folder holds stills/SOURCE/ and video/SOURCE/CLIP/ with NAME.jpg beside NAME.png, or it is a source in the
layout of DAVIS (JPEGImages/480p/CLIP, Annotations/480p/CLIP), as `mivos synthesize` writes it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from inference_core.errors import UserError
from inference_core.types import UInt8Array
from mivos_studio.media.images import opened_image

_MOST_LINES = 256
"""Short side in pixels beyond which images are reduced: training crops are smaller."""


class TrainingDataError(UserError):
    """The training data are missing or unreadable; the message names the remedy."""


@dataclass(frozen=True)
class Frame:
    """One image file and the indexed mask beside it."""

    image: Path
    mask: Path

    @property
    def source(self) -> str:
        """Name of the folder that a still lies in."""
        return self.image.parent.name

    @property
    def clip_source(self) -> str:
        """Name of the source of a clip's frame; in the layout of DAVIS that of the resolution's folder."""
        return self.image.parent.parent.name

    def read(self) -> tuple[UInt8Array, UInt8Array]:
        """Read (H, W, 3) uint8 RGB and (H, W) uint8 ids, reduced to a short side of at most 256."""
        try:
            encoded = cv2.imread(str(self.image), cv2.IMREAD_COLOR)
        except cv2.error:  # of more pixels than OpenCV reads
            encoded = None
        if encoded is None:
            raise TrainingDataError(f"{self.image} cannot be read as an image.")
        with opened_image(self.mask, "mask") as mask:
            ids = np.asarray(mask, dtype=np.uint8)
        image = np.asarray(cv2.cvtColor(encoded, cv2.COLOR_BGR2RGB), np.uint8)
        if image.shape[:2] != ids.shape:
            raise TrainingDataError(f"{self.mask} is not as large as {self.image}: its mask must fit it.")
        return _reduced(image, ids)


@dataclass(frozen=True)
class Sources:
    """Clips as sequences of frames, and stills; without stills, all frames of the clips stand for them."""

    stills: tuple[Frame, ...]
    clips: tuple[tuple[Frame, ...], ...]


def find_sources(
    folders: Sequence[Path], *, wanted: Collection[str] = (), left_out: Collection[str] = ()
) -> Sources:
    """List the images below `folders`; `wanted` names the sources to use, none named means all.

    left_out  clips and stills that are not used, as SOURCE/CLIP and SOURCE/NAME.
    Raises TrainingDataError where nothing is found, or what is wanted or left out does not exist.
    """
    stills: list[Frame] = []
    clips: list[tuple[Frame, ...]] = []
    seen: set[str] = set()
    excluded: set[str] = set()
    for source, sequences, are_clips in _listed(folders):
        seen.add(source)
        if wanted and source not in wanted:
            continue
        if are_clips:
            named = {
                f"{source}/{frames[0].image.parent.name}": frames for frames in sequences if len(frames) > 2
            }
            excluded.update(named.keys() & left_out)
            clips += [frames for name, frames in named.items() if name not in left_out]
        else:
            named_stills = {f"{source}/{frame.image.stem}": frame for frames in sequences for frame in frames}
            excluded.update(named_stills.keys() & left_out)
            stills += [frame for name, frame in named_stills.items() if name not in left_out]
    missing = sorted(set(wanted) - seen)
    if missing:
        available = ", ".join(sorted(seen))
        raise TrainingDataError(f"No source called {', '.join(missing)}; there are {available}.")
    if unknown := sorted(set(left_out) - excluded):
        raise TrainingDataError(f"No clip or still called {', '.join(unknown)}, which should be left out.")
    if not stills and not clips:
        names = ", ".join(str(folder) for folder in folders)
        raise TrainingDataError(
            f"No training images in {names}: expected stills/SOURCE/NAME.jpg with NAME.png beside it."
        )
    return Sources(tuple(stills or (frame for frames in clips for frame in frames)), tuple(clips))


def _listed(folders: Sequence[Path]) -> Iterator[tuple[str, Iterator[tuple[Frame, ...]], bool]]:
    """Yield the name of each source, its sequences of frames, and whether these are clips."""
    for root in (path for folder in folders for path in (folder, folder / "train")):
        for source in sorted(root.glob("stills/*")):
            yield source.name, iter([_frames(source)]), False
        for source in sorted(root.glob("video/*")):
            yield source.name, (_frames(clip) for clip in _folders(source)), True
    for folder in folders:
        if (images := folder / "JPEGImages" / "480p").is_dir():
            masks = folder / "Annotations" / "480p"
            yield folder.name, (_frames(clip, masks / clip.name) for clip in _folders(images)), True


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.is_dir())


def _frames(images: Path, masks: Path | None = None) -> tuple[Frame, ...]:
    pairs = (
        Frame(image, (masks or images) / image.with_suffix(".png").name)
        for image in sorted(images.glob("*.jpg"))
    )
    return tuple(pair for pair in pairs if pair.mask.exists())


def _reduced(image: UInt8Array, ids: UInt8Array) -> tuple[UInt8Array, UInt8Array]:
    height, width = ids.shape
    scale = _MOST_LINES / min(height, width)
    if scale >= 1.0:
        return image, ids
    size = (round(width * scale), round(height * scale))
    smaller = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.asarray(smaller, np.uint8), np.asarray(
        cv2.resize(ids, size, interpolation=cv2.INTER_NEAREST), np.uint8
    )
