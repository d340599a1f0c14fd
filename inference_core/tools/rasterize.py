"""Strokes as pixels. Pixel centres lie at whole numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inference_core.types import BoolArray, Float32Array

# Points that lie this close to the line between their neighbours are left out: a mouse sends many, and a
# twentieth of a pixel is not visible.
_STRAIGHT_PX = 0.05


@dataclass(frozen=True, eq=False)
class GuidanceMaps:
    """Strokes on an object and off it, (h, w) bool each, as the network sees them; never both at a pixel."""

    positive: BoolArray
    negative: BoolArray


def disks_along(points: Float32Array, radius_px: float, size: tuple[int, ...]) -> BoolArray:
    """Mark every pixel whose centre is within `radius_px` of a polyline (N, 2) (x, y).

    Returns (H, W) bool; a radius below half a pixel still marks the pixel it falls into.
    """
    mask = np.zeros(size, np.bool_)
    corners = _without_straight_points(points)
    starts, ends = corners, np.concatenate([corners[1:], corners[-1:]])
    for start, end in zip(starts, ends, strict=True):
        _mark_segment(mask, start, end, max(radius_px, 0.5))
    nearest = np.rint(points).astype(np.intp)
    inside = (nearest >= 0).all(axis=1) & (nearest < [size[1], size[0]]).all(axis=1)
    mask[nearest[inside, 1], nearest[inside, 0]] = True
    return mask


def filled_polygon(points: Float32Array, size: tuple[int, ...]) -> BoolArray:
    """Fill a polygon (N, 2) (x, y), its outline included. Returns (H, W) bool."""
    import cv2

    fraction_bits = 4
    plane = np.zeros(size, np.uint8)
    corners = np.rint(points * (1 << fraction_bits)).astype(np.int32)
    cv2.fillPoly(plane, [corners], 1, lineType=cv2.LINE_8, shift=fraction_bits)
    return plane.astype(np.bool_)


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
    y, x = np.ogrid[low[1] : high[1] + 1, low[0] : high[0] + 1]
    along = (end - start).astype(np.float64)
    length = float(along @ along)
    dx, dy = x - float(start[0]), y - float(start[1])
    share = np.clip((dx * along[0] + dy * along[1]) / length, 0.0, 1.0) if length > 0 else 0.0
    away = (dx - share * along[0]) ** 2 + (dy - share * along[1]) ** 2
    mask[low[1] : high[1] + 1, low[0] : high[0] + 1] |= away <= radius_px**2
