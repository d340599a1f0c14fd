"""The scribble robot of the DAVIS interactive challenge: smooth lines through the middle of the errors."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inference_core.types import BoolArray, Float64Array, UInt8Array
from mivos_studio.evaluation.robots.longest_path import longest_paths
from mivos_studio.evaluation.robots.medial_axis import medial_axis

# All four are the protocol's numbers.
OPENING_SHARE = 0.15
"""Diameter of the opening disk as a share of the side of a square as large as the error."""
MAX_OPENING_RADIUS_PX = 16.0
RADIUS_STEP = 0.9
"""Factor of the next radius where a disk leaves nothing."""
CURVE_POINTS = 1000
"""Points of a smoothed line."""


@dataclass(frozen=True, eq=False)
class Scribble:
    """One line of the robot.

    object_id  the true id of the pixels; 0 is background.
    path       (N, 2) float64 (x, y), pixels divided by (width, height), so in [0, 1).
    """

    object_id: int
    path: Float64Array

    def pixels(self, size: tuple[int, int]) -> NDArray[np.int32]:
        """Corners (N, 2) int32 (x, y) of the line on an image of this (height, width).

        The protocol multiplies by one less than it divided by; lines so shrink by up to a pixel.
        """
        height, width = size
        return (self.path * (width - 1, height - 1)).astype(np.int32)


def draw_scribbles(truth: UInt8Array, prediction: UInt8Array, object_ids: Iterable[int]) -> list[Scribble]:
    """Scribble over every piece of error: background first, then each object.

    truth, prediction  (H, W) uint8 ids. A pixel is an error of its true id where the prediction differs.
    """
    scribbles: list[Scribble] = []
    for object_id in (0, *object_ids):
        error = (truth == object_id) & (prediction != object_id)
        scribbles.extend(Scribble(object_id, path) for path in _paths_through(error))
    return scribbles


def _paths_through(error: BoolArray) -> list[Float64Array]:
    height, width = error.shape
    lines = medial_axis(_smooth(error))
    return [_bezier(path.astype(np.float64)) / (width, height) for path in longest_paths(lines)]


def _smooth(error: BoolArray) -> BoolArray:
    """Open the error with the largest disk that leaves some of it; hairlines vanish."""
    mask = error.astype(np.uint8)
    opened = error
    radius = min(OPENING_SHARE / 2 * math.sqrt(np.count_nonzero(mask)), MAX_OPENING_RADIUS_PX)
    while radius > 1:
        disk = _disk(radius)
        # The same, unmirrored window twice, as the protocol's rank filters do, without what lies outside the
        # image. Where the whole window lies outside, OpenCV returns 255 and the protocol 0.
        eroded = cv2.erode(mask, disk) == 1
        opened = cv2.dilate(eroded.astype(np.uint8), disk) > 0
        if opened.any():
            break
        radius *= RADIUS_STEP
    return opened


def _disk(radius: float) -> UInt8Array:
    """Fractional radii give a disk off its window's centre: the protocol's steps start at -radius."""
    offsets = np.arange(-radius, radius + 1)
    return (offsets[:, None] ** 2 + offsets[None, :] ** 2 <= radius**2).astype(np.uint8)


def _bezier(control_points: Float64Array) -> Float64Array:
    """Sample the Bezier curve of (N, 2) control points; more of them than samples stay as they are."""
    degree = len(control_points) - 1
    if degree + 1 > CURVE_POINTS:
        return control_points
    place = np.linspace(0.0, 1.0, CURVE_POINTS)[:, None]
    order = np.arange(degree + 1)[None, :]
    log_factorial = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, degree + 1)))))
    log_binomial = log_factorial[degree] - log_factorial - log_factorial[::-1]
    # In logarithms, because binomials of a long line overflow; the ends are the control points themselves.
    inner = place[1:-1]
    weights = np.exp(log_binomial + order * np.log(inner) + (degree - order) * np.log1p(-inner))
    return np.concatenate((control_points[:1], weights @ control_points, control_points[-1:]))
