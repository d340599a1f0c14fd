"""Thin a region to its middle line and find the longest path along it. Small masks; numpy and cv2 alone."""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np
from cv2.typing import MatLike

from inference_core.types import BoolArray, UInt8Array

Pixel = tuple[int, int]

# Weight of each neighbour in a pixel's 8-bit code: clockwise from the north, bit 0 first.
_NEIGHBOUR_BITS = np.array([[128, 1, 2], [64, 0, 4], [32, 16, 8]], np.float32)
_STEPS = ((-1, 0), (0, 1), (1, 0), (0, -1), (-1, 1), (1, 1), (1, -1), (-1, -1))


def _removal_table(forbidden: tuple[tuple[int, int, int], tuple[int, int, int]]) -> UInt8Array:
    """Return for each of the 256 neighbourhoods whether a thinning pass removes the pixel (0) or not (1)."""
    keep = np.ones(256, np.uint8)
    for code in range(256):
        ring = [code >> bit & 1 for bit in range(8)]
        rises = sum(ring[bit] == 0 and ring[(bit + 1) % 8] == 1 for bit in range(8))
        blocked = any(all(ring[bit] for bit in triple) for triple in forbidden)
        if 2 <= sum(ring) <= 6 and rises == 1 and not blocked:
            keep[code] = 0
    return keep


# Zhang and Suen's two passes: the first removes south-east edges, the second north-west ones.
_KEEP_TABLES = (
    _removal_table(((0, 2, 4), (2, 4, 6))),
    _removal_table(((0, 2, 6), (0, 4, 6))),
)


def thin(region: BoolArray) -> BoolArray:
    """Thin a region (H, W) to a line of one pixel (Zhang and Suen); the image border is outside."""
    skeleton: MatLike = region.astype(np.uint8)
    left = int(np.count_nonzero(skeleton))
    while True:
        for table in _KEEP_TABLES:
            neighbourhoods = cv2.filter2D(skeleton, -1, _NEIGHBOUR_BITS, borderType=cv2.BORDER_CONSTANT)
            skeleton = cv2.bitwise_and(skeleton, cv2.LUT(neighbourhoods, table))
        remaining = int(np.count_nonzero(skeleton))
        if remaining == left:
            return skeleton.astype(bool)
        left = remaining


def longest_path(skeleton: BoolArray, start: Pixel) -> list[Pixel]:
    """Find the longest shortest path between two pixels of a thin line, by two breadth-first searches.

    start is (row, column) of any skeleton pixel; the path lies in its connected part, at least start itself.
    """
    pixels = {(int(row), int(column)) for row, column in np.argwhere(skeleton)}
    far_end = _breadth_first(pixels, start)[0]
    other_end, came_from = _breadth_first(pixels, far_end)
    path = [other_end]
    while path[-1] != far_end:
        path.append(came_from[path[-1]])
    return path


def _breadth_first(pixels: set[Pixel], start: Pixel) -> tuple[Pixel, dict[Pixel, Pixel]]:
    """Visit all pixels reachable from start, nearest first; return the last one and where each came from."""
    came_from = {start: start}
    waiting = deque([start])
    here = start
    while waiting:
        here = waiting.popleft()
        for step in _STEPS:
            there = (here[0] + step[0], here[1] + step[1])
            if there in pixels and there not in came_from:
                came_from[there] = here
                waiting.append(there)
    return here, came_from
