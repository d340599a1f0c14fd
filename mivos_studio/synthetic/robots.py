"""Simulated users: clicks, scribbles, boxes and lassos for a true mask, and perturbed masks.

Fast and simple, for training and for tests. The robot of the interactive benchmark's protocol is in
`evaluation`. Masks are (H, W) bool, points (x, y) in pixels; randomness comes from the caller's generator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from inference_core.types import BoolArray, Float32Array, UInt8Array
from mivos_studio.synthetic.skeleton import longest_path, thin

_SCRIBBLE_GRID = 40  # longest side, in cells, of the grid on which middle lines are sought
_POINTS_PER_SPAN = 6
_MIN_REGION_SHARE = 0.05  # error regions smaller than this share of the largest get no scribble
_PERTURB_ATTEMPTS = 60
_LOWEST_IOU = 0.4


class Click(NamedTuple):
    """A click on pixel (x, y); a positive one adds to the object."""

    x: int
    y: int
    is_positive: bool


@dataclass(frozen=True, eq=False)
class ScribbleStroke:
    """One drawn line: points (N, 2) float32, (x, y) in pixels, N >= 2."""

    points: Float32Array
    is_positive: bool


def click_robot(truth: BoolArray, prediction: BoolArray) -> Click | None:
    """Click on the centre of the largest wrong region, missing or surplus; None where nothing is wrong.

    The centre is the pixel farthest from the region's outline; the image border counts as outline.
    """
    missing, surplus = _largest_region(truth & ~prediction), _largest_region(prediction & ~truth)
    is_positive = missing.area >= surplus.area
    region = missing if is_positive else surplus
    if region.area == 0:
        return None
    depth = _distance_inside(region.mask)
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    return Click(region.x + int(column), region.y + int(row), is_positive)


def scribble_strokes(
    truth: BoolArray, prediction: BoolArray, rng: np.random.Generator, *, max_strokes: int = 3
) -> list[ScribbleStroke]:
    """Scribble along the middle of the largest wrong regions, largest first; empty where nothing is wrong."""
    regions = [(region, True) for region in _regions(truth & ~prediction)]
    regions += [(region, False) for region in _regions(prediction & ~truth)]
    regions.sort(key=lambda pair: -pair[0].area)
    strokes = []
    for region, is_positive in regions[:max_strokes]:
        if region.area < _MIN_REGION_SHARE * regions[0][0].area:
            break
        points = np.add(_scribble_through(region.mask, rng), [region.x, region.y])
        strokes.append(ScribbleStroke(_clip_to(points, truth.shape), is_positive))
    return strokes


def perturb_mask(truth: BoolArray, rng: np.random.Generator, *, target_iou: float | None = None) -> BoolArray:
    """Perturb a mask by shifting, growing, shrinking and painting spots until its IoU is at most target_iou.

    target_iou lies in 0.4-0.95 and is drawn at random when not given; a step that would fall below 0.4 is
    discarded, and later ones are smaller. An empty mask is returned empty.
    """
    if not truth.any():
        return truth.copy()
    target = float(rng.uniform(_LOWEST_IOU, 0.95)) if target_iou is None else target_iou
    rough = truth
    strength = 1.0
    for _ in range(_PERTURB_ATTEMPTS):
        if _iou(truth, rough) <= target:
            break
        trial = _perturb_once(rough, strength, rng)
        if _iou(truth, trial) >= _LOWEST_IOU:
            rough = trial
        else:
            strength *= 0.6
    return rough.copy()


def random_box(
    truth: BoolArray, rng: np.random.Generator, *, looseness: float = 0.08
) -> tuple[int, int, int, int]:
    """Drag a box around an object: (x0, y0, x1, y1), end-exclusive.

    Each side is off by up to looseness of its length, more often too wide than too tight.
    """
    x, y, width, height = cv2.boundingRect(_as_bytes(truth))
    if width == 0:
        raise ValueError("There is no object to draw a box around: the mask is empty.")
    left, top, right, bottom = (
        rng.uniform(-0.25, 1.0, 4) * looseness * np.array([width, height, width, height])
    )
    x0, y0 = max(0, round(x - left)), max(0, round(y - top))
    x1, y1 = min(truth.shape[1], round(x + width + right)), min(truth.shape[0], round(y + height + bottom))
    return x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)


def lasso_polygon(truth: BoolArray, rng: np.random.Generator, *, looseness: float = 0.06) -> Float32Array:
    """Draw a loose outline around the largest part of an object: corners (N, 2) float32, N >= 3."""
    region = _largest_region(truth)
    if region.area == 0:
        raise ValueError("There is no object to draw a lasso around: the mask is empty.")
    margin = max(2, round(looseness * np.sqrt(region.area)))
    grown = cv2.dilate(np.pad(_as_bytes(region.mask), 2 * margin), _disk(margin))
    contours, _ = cv2.findContours(grown, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = _float32(max(contours, key=len)[:, 0])
    every = max(1, min(2 * margin, len(outline) // 8))
    corners = outline[int(rng.integers(every)) :: every]
    corners = (
        corners + rng.normal(0, margin / 3, corners.shape) + [region.x - 2 * margin, region.y - 2 * margin]
    )
    return _clip_to(corners, truth.shape)


@dataclass(frozen=True, eq=False)
class _Part:
    """A connected part of a mask, cropped to its bounding box, whose corner is at (x, y)."""

    mask: BoolArray
    x: int
    y: int
    area: int


def _regions(error: BoolArray) -> list[_Part]:
    """Split a mask into connected parts (8 neighbours), in raster order."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(_as_bytes(error), connectivity=8)
    parts = []
    for label in range(1, count):
        x, y, width, height, area = (int(value) for value in stats[label])
        parts.append(_Part(labels[y : y + height, x : x + width] == label, x, y, area))
    return parts


def _largest_region(error: BoolArray) -> _Part:
    return max(_regions(error), key=lambda part: part.area, default=_Part(np.zeros((0, 0), bool), 0, 0, 0))


def _distance_inside(mask: BoolArray) -> Float32Array:
    """Measure each pixel's distance (pixels) to the outside; the crop's border is outside."""
    distance = cv2.distanceTransform(np.pad(_as_bytes(mask), 1), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return _float32(distance[1:-1, 1:-1])


def _scribble_through(mask: BoolArray, rng: np.random.Generator) -> Float32Array:
    """Draw a wavering line along the middle of a region; points are relative to the mask's corner."""
    depth = _distance_inside(mask)
    middle = _middle_line(mask, depth)
    if len(middle) < 3:
        return _short_line(depth, rng)
    # Some scribbles run from end to end, like the interactive benchmark's; others are shorter.
    left_out = rng.uniform(0, 0.25, 2) * (rng.random() < 0.5) * len(middle)
    first, last = int(left_out[0]), len(middle) - 1 - int(left_out[1])
    control_count = max(2, min(int(rng.integers(3, 8)), last - first + 1))
    control = middle[np.linspace(first, last, control_count).round().astype(int)]
    radius = depth[control[:, 1].astype(int), control[:, 0].astype(int)]
    control = control + rng.uniform(-0.35, 0.35, control.shape) * radius[:, None]
    if rng.random() < 0.5:
        control = control[::-1]
    return _smooth_curve(_float32(control))


def _middle_line(mask: BoolArray, depth: Float32Array) -> Float32Array:
    """Find the longest middle line of a region, on a coarse grid: (N, 2) float32 points in the mask's box."""
    scale = max(1.0, max(mask.shape) / _SCRIBBLE_GRID)
    grid = (max(1, round(mask.shape[1] / scale)), max(1, round(mask.shape[0] / scale)))
    coarse_depth = cv2.resize(depth, grid, interpolation=cv2.INTER_AREA)
    coarse = coarse_depth > min(0.8 * scale, 0.5 * float(coarse_depth.max()))
    skeleton = thin(np.pad(coarse, 1))[1:-1, 1:-1]
    peak = int(np.where(skeleton, coarse_depth, -1).argmax())
    path = longest_path(skeleton, (peak // grid[0], peak % grid[0]))
    cells = _float32(path)[:, ::-1]
    points = (cells + 0.5) * [mask.shape[1] / grid[0], mask.shape[0] / grid[1]] - 0.5
    return _clip_to(points, mask.shape)


def _short_line(depth: Float32Array, rng: np.random.Generator) -> Float32Array:
    """Draw a short line through the deepest pixel of a region too small or round to have a middle line."""
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    angle = rng.uniform(0, 2 * np.pi)
    reach = 0.7 * float(depth[row, column]) * np.array([np.cos(angle), np.sin(angle)])
    return _float32([column, row] + np.linspace(-1, 1, 5)[:, None] * reach)


def _smooth_curve(control: Float32Array) -> Float32Array:
    """Join control points (N, 2) by a Catmull-Rom curve, which passes through every one of them."""
    padded = np.concatenate([control[:1], control, control[-1:]])
    before, start, end, after = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    t = (np.arange(_POINTS_PER_SPAN, dtype=np.float32) / _POINTS_PER_SPAN)[None, :, None]
    before, start, end, after = (points[:, None] for points in (before, start, end, after))
    curve = start + 0.5 * t * (
        end
        - before
        + t * (2 * before - 5 * start + 4 * end - after + t * (3 * (start - end) + after - before))
    )
    return np.concatenate([curve.reshape(-1, 2), control[-1:]])


def _perturb_once(mask: BoolArray, strength: float, rng: np.random.Generator) -> BoolArray:
    """Make one random error whose size is proportional to strength and the object's size."""
    perturbed = _as_bytes(mask).copy()
    size = max(1.0, strength * float(np.sqrt(np.count_nonzero(mask))))
    kind = rng.random()
    if kind < 0.15:
        return _shifted(perturbed, rng.uniform(-0.1, 0.1, 2) * size)
    if kind < 0.35:
        change = cv2.dilate if rng.random() < 0.5 else cv2.erode
        return change(perturbed, _disk(max(1, round(rng.uniform(0.01, 0.06) * size)))).astype(bool)
    rows, columns = np.nonzero(cv2.morphologyEx(perturbed, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)))
    if len(rows) == 0:
        return mask
    here = int(rng.integers(len(rows)))
    centre = (int(columns[here]), int(rows[here]))
    axes = (max(1, round(rng.uniform(0.05, 0.35) * size)), max(1, round(rng.uniform(0.05, 0.25) * size)))
    cv2.ellipse(perturbed, centre, axes, rng.uniform(0, 180), 0, 360, int(rng.integers(2)), -1)
    return perturbed.astype(bool)


def _shifted(mask: UInt8Array, offset: NDArray[np.float64]) -> BoolArray:
    matrix = np.array([[1, 0, round(float(offset[0]))], [0, 1, round(float(offset[1]))]], np.float64)
    return cv2.warpAffine(mask, matrix, mask.shape[::-1], flags=cv2.INTER_NEAREST).astype(bool)


def _clip_to(points: NDArray[np.floating], shape: tuple[int, ...]) -> Float32Array:
    """Keep points (N, 2) within an image of the shape (height, width)."""
    return _float32(np.clip(points, 0, [shape[1] - 1, shape[0] - 1]))


def _float32(values: ArrayLike) -> Float32Array:
    return np.asarray(values, np.float32)


def _disk(radius: int) -> UInt8Array:
    return np.asarray(
        cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8
    )


def _iou(truth: BoolArray, prediction: BoolArray) -> float:
    union = int(np.count_nonzero(truth | prediction))
    return 1.0 if union == 0 else int(np.count_nonzero(truth & prediction)) / union


def _as_bytes(mask: BoolArray) -> UInt8Array:
    return np.ascontiguousarray(mask).view(np.uint8)
