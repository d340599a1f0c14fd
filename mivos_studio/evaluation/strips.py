"""Strips of thumbnails: some frames of a clip side by side, with their masks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from inference_core.types import Frames, UInt8Array
from mivos_studio.media.palette import PALETTE

# Layout: about 1,300 pixels wide for a clip of 16:9.
THUMBNAILS = 6
HEIGHT = 120
GAP = 4
OPACITY = 0.5


@dataclass(frozen=True, eq=False)
class Strip:
    """Thumbnails side by side, (HEIGHT, W, 3) uint8 RGB, and the frames that they show."""

    frame_indices: tuple[int, ...]
    image: UInt8Array

    def write(self, path: Path) -> None:
        """Write the strip as a JPEG, to a path that is free."""
        _, content = cv2.imencode(".jpg", cv2.cvtColor(self.image, cv2.COLOR_RGB2BGR))
        path.write_bytes(content.tobytes())


def make_strip(frames: Frames, ids: Callable[[int], UInt8Array]) -> Strip:
    """Make a strip of frames spread evenly over a clip, first and last included, with their ids (H, W)."""
    places = np.linspace(0, len(frames) - 1, min(THUMBNAILS, len(frames)))
    chosen = tuple(int(place) for place in np.rint(places))
    thumbnails = [_thumbnail(frames[index], ids(index)) for index in chosen]
    gap = np.full((HEIGHT, GAP, 3), 255, dtype=np.uint8)
    parts = [part for thumbnail in thumbnails for part in (gap, thumbnail)][1:]
    return Strip(chosen, np.concatenate(parts, axis=1))


def _thumbnail(image: UInt8Array, ids: UInt8Array) -> UInt8Array:
    """Colour each object over a frame, with its outline."""
    width = max(1, round(HEIGHT * image.shape[1] / image.shape[0]))
    small = cv2.resize(image, (width, HEIGHT), interpolation=cv2.INTER_AREA)
    small_ids = cv2.resize(ids, (width, HEIGHT), interpolation=cv2.INTER_NEAREST)
    colours = PALETTE[small_ids]
    mixed = np.rint(small * (1 - OPACITY) + colours * OPACITY).astype(np.uint8)
    out = np.where(small_ids[..., None] > 0, mixed, small)
    outline = cv2.morphologyEx(small_ids, cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8)) > 0
    out[outline] = 255
    return out
