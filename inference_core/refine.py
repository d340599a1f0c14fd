"""From the working size to the source's size, edges refined from the source image.

A guided filter (He, Sun, Tang 2013) in its fast form: the linear model of the mask in the image is fitted at
the working size, its coefficients are enlarged, and the source's own pixels are put in. It is used near
boundaries only; elsewhere the enlarged probabilities say enough.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from inference_core.values import Float32Array, UInt8Array

_RADIUS = 4
_EPSILON = 1e-3
_UNSURE = 0.02


def enlarge(prob: Float32Array, size: tuple[int, int]) -> Float32Array:
    """Enlarge probabilities (K, h, w) bilinearly to (K, H, W)."""
    if prob.shape[1:] == size:
        return prob
    planes = [cv2.resize(plane, size[::-1], interpolation=cv2.INTER_LINEAR) for plane in prob]
    return np.stack(planes).astype(np.float32, copy=False) if planes else np.zeros((0, *size), np.float32)


def refine(prob: Float32Array, pixels: UInt8Array) -> Float32Array:
    """Enlarge probabilities (K, h, w) to the size of an image (H, W, 3) uint8 RGB; snap edges to its edges.

    Returns (K, H, W) float32 in [0, 1].
    """
    height, width = pixels.shape[:2]
    out = enlarge(prob, (height, width))
    if prob.shape[1:] == (height, width) or not len(prob):
        return out
    guide = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    reduced = cv2.resize(guide, prob.shape[:0:-1], interpolation=cv2.INTER_AREA)
    small = np.asarray(reduced, np.float32) / np.float32(255.0)
    moments = _moments(small)
    for plane, large in zip(prob, out, strict=True):
        _refine_plane(plane, large, guide, (small, *moments))
    return out


def to_ids(prob: Float32Array, object_ids: Sequence[int]) -> UInt8Array:
    """Give each pixel its most probable object; prob (K, H, W), what is missing to 1 is background.

    The background wins ties, then the first object. Returns (H, W) uint8.
    """
    ids = np.zeros(prob.shape[1:], np.uint8)
    best = np.clip(1.0 - prob.sum(axis=0), 0.0, 1.0)
    for plane, object_id in zip(prob, object_ids, strict=True):
        wins = plane > best
        ids[wins] = object_id
        np.maximum(best, plane, out=best)
    return ids


def agree_with(prob: Float32Array, ids: UInt8Array, object_ids: Sequence[int]) -> Float32Array:
    """Make probabilities (K+1, H, W), background first, say what ids (H, W) say.

    Where another label leads, the two exchange their values. Changes and returns `prob`.
    """
    labels = np.array([0, *object_ids])
    row_of = np.zeros(256, np.intp)
    row_of[labels] = np.arange(len(labels))
    wanted = row_of[ids]
    leading = prob.argmax(axis=0)
    y, x = np.nonzero(leading != wanted)
    row, lead = wanted[y, x], leading[y, x]
    high, low = prob[lead, y, x], prob[row, y, x]
    # A tie leaves nothing to exchange; half a step of an 8-bit probability decides it.
    margin = np.where(high > low, 0.0, 1.0 / 512.0).astype(np.float32)
    prob[row, y, x], prob[lead, y, x] = high + margin, low - margin
    return prob


def _moments(guide: Float32Array) -> tuple[Float32Array, Float32Array]:
    mean = _mean(guide)
    return mean, _mean(guide * guide) - mean * mean


def _refine_plane(
    plane: Float32Array, large: Float32Array, guide: UInt8Array, fitted: tuple[Float32Array, ...]
) -> None:
    """Refine one enlarged plane in place, within the box around its boundary."""
    unsure = ((plane > _UNSURE) & (plane < 1.0 - _UNSURE)).astype(np.uint8)
    if not unsure.any():
        return
    small, mean, variance = fitted
    plane_mean = _mean(plane)
    slope = (_mean(small * plane) - mean * plane_mean) / (variance + _EPSILON)
    offset = plane_mean - slope * mean
    box = _source_box(unsure, large.shape)
    band = _enlarge_part(unsure.astype(np.float32), large.shape, box) > 0
    steep = _enlarge_part(_mean(slope), large.shape, box)
    flat = _enlarge_part(_mean(offset), large.shape, box)
    part = large[box]
    refined = np.clip(steep * (guide[box].astype(np.float32) * (1.0 / 255.0)) + flat, 0.0, 1.0)
    np.copyto(part, refined, where=band)


def _source_box(unsure: UInt8Array, size: tuple[int, ...]) -> tuple[slice, slice]:
    x, y, width, height = cv2.boundingRect(unsure)
    down, right = size[0] / unsure.shape[0], size[1] / unsure.shape[1]
    top, left = max(0, int((y - 1) * down)), max(0, int((x - 1) * right))
    bottom, end = int(np.ceil((y + height + 1) * down)), int(np.ceil((x + width + 1) * right))
    return slice(top, min(size[0], bottom)), slice(left, min(size[1], end))


def _enlarge_part(plane: Float32Array, size: tuple[int, ...], box: tuple[slice, slice]) -> Float32Array:
    """Enlarge bilinearly, but only what falls into a box of the source."""
    down, right = size[0] / plane.shape[0], size[1] / plane.shape[1]
    rows, columns = box
    # Pixel centres: source (x + 0.5) / scale - 0.5; the map takes box pixels to plane pixels.
    matrix = np.array(
        [[1 / right, 0, (columns.start + 0.5) / right - 0.5], [0, 1 / down, (rows.start + 0.5) / down - 0.5]]
    )
    shape = (columns.stop - columns.start, rows.stop - rows.start)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    part: NDArray[np.float32] = cv2.warpAffine(
        plane, matrix, shape, flags=flags, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.float32, copy=False)
    return part


def _mean(plane: Float32Array) -> Float32Array:
    side = 2 * _RADIUS + 1
    return np.asarray(cv2.boxFilter(plane, -1, (side, side)), np.float32)
