"""The click robot of the click benchmarks: each click is in the middle of the deepest error."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inference_core.types import BoolArray


@dataclass(frozen=True)
class RobotClick:
    """A click on pixel (x, y); a positive one adds to the object."""

    x: int
    y: int
    is_positive: bool


def next_click(truth: BoolArray, prediction: BoolArray, earlier: list[RobotClick]) -> RobotClick | None:
    """Click where a missing or a surplus pixel of (H, W) masks lies deepest inside its error.

    Of the two errors the benchmarks take the deeper one, not the one of larger area: hairlines along an edge
    may be long. Outside of the image there is no error; a pixel is clicked once. None where nothing is left.
    """
    missing = _depth(truth & ~prediction, earlier)
    surplus = _depth(prediction & ~truth, earlier)
    is_positive = bool(missing.max() > surplus.max())
    depth = missing if is_positive else surplus
    if depth.max() == 0:
        return None
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    return RobotClick(int(x), int(y), is_positive)


def _depth(error: BoolArray, earlier: list[RobotClick]) -> NDArray[np.float32]:
    """Return the distance of each wrong pixel to the nearest right one, 0 at earlier clicks."""
    padded = np.pad(error.astype(np.uint8), 1)
    depth = np.asarray(cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), dtype=np.float32)
    depth = depth[1:-1, 1:-1]
    for click in earlier:
        depth[click.y, click.x] = 0
    return depth
