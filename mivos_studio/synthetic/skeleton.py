"""Thin a region to its middle line and find the longest way along it. Small masks; numpy and cv2 alone."""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np
from cv2.typing import MatLike

from inference_core.types import BoolArray, UInt8Array

Pixel = tuple[int, int]

# Weight of each neighbour in the 8-bit code of a pixel's surroundings: clockwise from the north, bit 0 first.
_NEIGHBOUR_BITS = np.array([[128, 1, 2], [64, 0, 4], [32, 16, 8]], np.float32)
_STEPS = ((-1, 0), (0, 1), (1, 0), (0, -1), (-1, 1), (1, 1), (1, -1), (-1, -1))


def _removal_table(forbidden: tuple[tuple[int, int, int], tuple[int, int, int]]) -> UInt8Array:
    """Say for each of the 256 surroundings whether a thinning pass may take the pixel away (0) or not (1)."""
    keep = np.ones(256, np.uint8)
    for code in range(256):
        ring = [code >> bit & 1 for bit in range(8)]
        rises = sum(ring[bit] == 0 and ring[(bit + 1) % 8] == 1 for bit in range(8))
        blocked = any(all(ring[bit] for bit in triple) for triple in forbidden)
        if 2 <= sum(ring) <= 6 and rises == 1 and not blocked:
            keep[code] = 0
    return keep


# Zhang and Suen's two passes: the first takes south-east edges, the second north-west ones.
_KEEP_TABLES = (
    _removal_table(((0, 2, 4), (2, 4, 6))),
    _removal_table(((0, 2, 6), (0, 4, 6))),
)


def thin(region: BoolArray) -> BoolArray:
    """Peel a region (H, W) until a line of one pixel is left (Zhang and Suen); the border is outside."""
    skeleton: MatLike = region.astype(np.uint8)
    left = int(np.count_nonzero(skeleton))
    while True:
        for table in _KEEP_TABLES:
            surroundings = cv2.filter2D(skeleton, -1, _NEIGHBOUR_BITS, borderType=cv2.BORDER_CONSTANT)
            skeleton = cv2.bitwise_and(skeleton, cv2.LUT(surroundings, table))
        remaining = int(np.count_nonzero(skeleton))
        if remaining == left:
            return skeleton.astype(bool)
        left = remaining


def longest_path(skeleton: BoolArray, start: Pixel) -> list[Pixel]:
    """Find the longest shortest way between two pixels of a thin line, by walking twice to the far end.

    start is (row, column) of any skeleton pixel; the answer lies in its connected part, at least start.
    """
    pixels = {(int(row), int(column)) for row, column in np.argwhere(skeleton)}
    far_end = _walk(pixels, start)[0]
    other_end, came_from = _walk(pixels, far_end)
    path = [other_end]
    while path[-1] != far_end:
        path.append(came_from[path[-1]])
    return path


def _walk(pixels: set[Pixel], start: Pixel) -> tuple[Pixel, dict[Pixel, Pixel]]:
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
