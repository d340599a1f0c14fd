"""Strokes as pixels. Pixel centres lie at whole numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inference_core.errors import InvalidInteractionError
from inference_core.types import BoolArray, Float32Array, Float64Array

# Points that lie this close to the line between their neighbours are left out: a mouse sends many, and a
# twentieth of a pixel is not visible.
_STRAIGHT_PX = 0.05

# A lasso's corners are cut off this far outside the frame.
_AROUND_PX = 4096

# A stroke takes some 10 ns for each pixel of the boxes around its parts; one drawn by hand has a hundredth.
_MOST_PIXELS = 1e9

# Filling takes time with the square of the sides that pass a row: 0.2 s for 1,000, 2.8 s for 3,300, over a
# minute for 10,000. A line drawn by hand has some ten.
_MOST_SIDES_IN_A_ROW = 2000


@dataclass(frozen=True, eq=False)
class GuidanceMaps:
    """Strokes on an object and off it, (h, w) bool each, as the network sees them; never both at a pixel."""

    positive: BoolArray
    negative: BoolArray


def disks_along(points: Float32Array, radius_px: float, size: tuple[int, ...]) -> BoolArray:
    """Mark every pixel whose centre is within `radius_px` of a polyline (N, 2) (x, y).

    Returns (H, W) bool; a radius below half a pixel still marks the pixel it falls into. Raises an
    InvalidInteractionError where the line covers the frame hundreds of times.
    """
    mask = np.zeros(size, np.bool_)
    corners = _without_straight_points(points)
    starts, ends = corners, np.concatenate([corners[1:], corners[-1:]])
    radius_px = max(radius_px, 0.5)
    _refuse_endless(starts, ends, radius_px, size)
    for start, end in zip(starts, ends, strict=True):
        _mark_segment(mask, start, end, radius_px)
    nearest = np.rint(points).astype(np.intp)
    inside = (nearest >= 0).all(axis=1) & (nearest < [size[1], size[0]]).all(axis=1)
    mask[nearest[inside, 1], nearest[inside, 0]] = True
    return mask


def filled_polygon(points: Float32Array, size: tuple[int, ...]) -> BoolArray:
    """Fill a polygon (N, 2) (x, y), its outline included. Returns (H, W) bool.

    Raises an InvalidInteractionError where the outline crosses itself thousands of times.
    """
    import cv2

    fraction_bits = 4
    plane = np.zeros(size, np.uint8)
    near = _cut_to_neighbourhood(points.astype(np.float64), size)
    if not len(near):
        return plane.astype(np.bool_)
    _refuse_tangle(near[:, 1], size[0])
    corners = np.rint(near * (1 << fraction_bits)).astype(np.int32)
    cv2.fillPoly(plane, [corners], 1, lineType=cv2.LINE_8, shift=fraction_bits)
    return plane.astype(np.bool_)


def _refuse_endless(
    starts: Float32Array, ends: Float32Array, radius_px: float, size: tuple[int, ...]
) -> None:
    """Raise an error where the boxes around all parts of a line, within the frame, have too many pixels."""
    low = np.maximum(np.minimum(starts, ends).astype(np.float64) - radius_px, 0)
    high = np.minimum(np.maximum(starts, ends).astype(np.float64) + radius_px, [size[1], size[0]])
    if np.maximum(high - low, 0).prod(axis=1).sum() > _MOST_PIXELS:
        raise InvalidInteractionError(
            "This stroke goes to and fro too often for its width: draw it in several parts."
        )


def _cut_to_neighbourhood(points: Float64Array, size: tuple[int, ...]) -> Float64Array:
    """Cut a polygon (N, 2) to the frame and _AROUND_PX beyond it, where OpenCV's whole numbers hold it.

    Sutherland and Hodgman (1974), side by side: what it adds runs along the sides, which are out of sight.
    """
    for axis, length in ((0, size[1]), (1, size[0])):
        for side, outward in ((-_AROUND_PX, -1.0), (length + _AROUND_PX, 1.0)):
            beyond = outward * (points[:, axis] - side)
            if (beyond > 0).any():
                points = _cut(points, beyond)
    return points


def _cut(points: Float64Array, beyond: Float64Array) -> Float64Array:
    """Leave out of a polygon (N, 2) what is beyond a line; beyond (N,) is each corner's distance from it."""
    following, beyond_next = np.roll(points, -1, axis=0), np.roll(beyond, -1)
    is_crossing = (beyond > 0) != (beyond_next > 0)
    span = np.where(is_crossing, beyond - beyond_next, 1.0)
    crossings = points + (following - points) * (beyond / span)[:, None]
    both = np.stack([points, crossings], axis=1)
    is_kept = np.stack([beyond <= 0, is_crossing], axis=1)
    return np.asarray(both[is_kept])


def _refuse_tangle(rows: Float64Array, height: int) -> None:
    """Raise an error where too many sides of an outline (N,) pass one row: OpenCV would take minutes."""
    start, end = rows, np.roll(rows, -1)
    top = np.clip(np.floor(np.minimum(start, end)), 0, height).astype(np.intp)
    below = np.clip(np.floor(np.maximum(start, end)) + 1, 0, height).astype(np.intp)
    passing = np.bincount(top, minlength=height + 1) - np.bincount(below, minlength=height + 1)
    if np.cumsum(passing).max() > _MOST_SIDES_IN_A_ROW:
        raise InvalidInteractionError("This outline crosses itself thousands of times: draw it anew.")


def _without_straight_points(points: Float32Array) -> Float32Array:
    if len(points) < 3:
        return points.astype(np.float32)
    import cv2

    kept = cv2.approxPolyDP(points.astype(np.float32).reshape(-1, 1, 2), _STRAIGHT_PX, closed=False)
    return np.asarray(kept, np.float32).reshape(-1, 2)


def _mark_segment(mask: BoolArray, start: Float32Array, end: Float32Array, radius_px: float) -> None:
    height, width = mask.shape
    low = np.maximum(np.floor(np.minimum(start, end) - radius_px), 0).astype(int)
    high = np.minimum(np.ceil(np.maximum(start, end) + radius_px), [width - 1, height - 1]).astype(int)
    if (low > high).any():
        return
    if mask[low[1] : high[1] + 1, low[0] : high[0] + 1].all():
        return
    y, x = np.ogrid[low[1] : high[1] + 1, low[0] : high[0] + 1]
    along = (end - start).astype(np.float64)
    length = float(along @ along)
    dx, dy = x - float(start[0]), y - float(start[1])
    share = np.clip((dx * along[0] + dy * along[1]) / length, 0.0, 1.0) if length > 0 else 0.0
    away = (dx - share * along[0]) ** 2 + (dy - share * along[1]) ** 2
    mask[low[1] : high[1] + 1, low[0] : high[0] + 1] |= away <= radius_px**2
