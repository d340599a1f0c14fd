"""Choose the object and the position of a training crop."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator

from inference_core.types import UInt8Array
from mivos_studio.training.data.warps import Pose


def chosen_object(rng: Generator, ids: UInt8Array) -> UInt8Array:
    """Pick one object of a still, (H, W) uint8 0 or 1; sometimes the union of all.

    Where every pixel has an id there is no background, and the union would be the whole image.
    """
    if ids.all() or rng.random() < 0.75:
        areas = np.bincount(ids.ravel(), minlength=256)
        areas[0] = 0
        usable = np.flatnonzero(areas > 0.008 * ids.size)
        if usable.size:
            return np.asarray(ids == rng.choice(usable), np.uint8)
    union: UInt8Array = ((ids > 0) & (not ids.all())).astype(np.uint8)
    return union


def pose_around(rng: Generator, mask: UInt8Array, size: int, share: float) -> Pose:
    """Place a crop of size x size around a mask so that it covers `share` of the image's short side."""
    height, width = mask.shape
    scale = share * min(height, width) / size
    return _place_crop(rng, mask if mask.any() else None, mask.shape, size, scale)


def pose_near(rng: Generator, mask: UInt8Array | None, shape: tuple[int, ...], size: int) -> Pose:
    """Place a crop of size x size at a mask, off centre, at random without one; its scale is about one."""
    scale = min(float(np.exp(rng.normal(0.15, 0.3))), 1.1 * min(shape[:2]) / size)
    return _place_crop(rng, mask, shape, size, scale)


def _place_crop(
    rng: Generator, mask: UInt8Array | None, shape: tuple[int, ...], size: int, scale: float
) -> Pose:
    height, width = shape[:2]
    half = size * scale / 2
    if mask is None:
        x, y = rng.uniform(0, width), rng.uniform(0, height)
    else:
        left, top, wide, high = cv2.boundingRect((mask > 0).astype(np.uint8))
        x = left + wide / 2 + rng.uniform(-0.7, 0.7) * half
        y = top + high / 2 + rng.uniform(-0.7, 0.7) * half
    x = float(np.clip(x, min(half, width / 2), max(width - half, width / 2)))
    y = float(np.clip(y, min(half, height / 2), max(height - half, height / 2)))
    return Pose(x, y, scale, float(rng.normal(0.0, 0.08)), bool(rng.random() < 0.5))
