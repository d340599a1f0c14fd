"""Which pictures there are to learn from: a folder with stills/SOURCE/ and video/SOURCE/CLIP/ below it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

UInt8Array = NDArray[np.uint8]


class TrainingDataError(ValueError):
    """The training data are missing or unreadable; the text says what to do."""


@dataclass(frozen=True)
class Frame:
    """One image file and the indexed mask beside it."""

    image: Path
    mask: Path

    @property
    def source(self) -> str:
        """Name of the folder that a still lies in."""
        return self.image.parent.name

    def read(self) -> tuple[UInt8Array, UInt8Array]:
        """Read (H, W, 3) uint8 RGB and (H, W) uint8 ids."""
        encoded = cv2.imread(str(self.image), cv2.IMREAD_COLOR)
        if encoded is None:
            raise TrainingDataError(f"{self.image} cannot be read as an image.")
        with Image.open(self.mask) as mask:
            ids = np.asarray(mask, dtype=np.uint8)
        return np.asarray(cv2.cvtColor(encoded, cv2.COLOR_BGR2RGB), np.uint8), ids


@dataclass(frozen=True)
class Sources:
    """Everything found: stills, and clips as runs of frames in order."""

    stills: tuple[Frame, ...]
    clips: tuple[tuple[Frame, ...], ...]


def find_sources(folders: Sequence[Path], *, wanted: Collection[str] = ()) -> Sources:
    """List the pictures below `folders`; `wanted` names the sources to take, none named means all.

    Raises TrainingDataError where nothing is found or a wanted source does not exist.
    """
    stills: list[Frame] = []
    clips: list[tuple[Frame, ...]] = []
    seen: set[str] = set()
    for root in (path for folder in folders for path in (folder, folder / "train")):
        for source in sorted(root.glob("stills/*")):
            seen.add(source.name)
            if not wanted or source.name in wanted:
                stills += _frames(source)
        for source in sorted(root.glob("video/*")):
            seen.add(source.name)
            if not wanted or source.name in wanted:
                found = (tuple(_frames(clip)) for clip in sorted(source.iterdir()))
                clips += [frames for frames in found if len(frames) > 2]
    missing = sorted(set(wanted) - seen)
    if missing:
        there = ", ".join(sorted(seen))
        raise TrainingDataError(f"No source called {', '.join(missing)}; there are {there}.")
    if not stills:
        names = ", ".join(str(folder) for folder in folders)
        raise TrainingDataError(
            f"No training pictures in {names}: expected stills/SOURCE/NAME.jpg with NAME.png beside it."
        )
    return Sources(tuple(stills), tuple(clips))


def _frames(folder: Path) -> list[Frame]:
    pairs = (Frame(image, image.with_suffix(".png")) for image in sorted(folder.glob("*.jpg")))
    return [pair for pair in pairs if pair.mask.exists()]
