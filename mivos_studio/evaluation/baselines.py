"""Baselines without a network: a static mask, a mask warped by optical flow, and GrabCut."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import IntEnum

import cv2
import numpy as np

from inference_core.types import BoolArray, Float32Array, UInt8Array

GRABCUT_BORDER = 0.02
"""Rim of the image that GrabCut takes for background, as a share of height and width."""
GRABCUT_ITERATIONS = 5
"""As in OpenCV's own example."""


class GrabCutPrior(IntEnum):
    """GrabCut's initial label of pixels without a stroke."""

    OBJECT = cv2.GC_PR_FGD
    BACKGROUND = cv2.GC_PR_BGD


# Zeros of the image's size would be taken for an initial flow and change the result.
_NO_INITIAL_FLOW = np.empty((1, 1, 2), dtype=np.float32)
_NO_RECTANGLE = (0, 0, 0, 0)


def repeat_masks(images: Iterable[UInt8Array], masks: BoolArray) -> Iterator[BoolArray]:
    """Repeat the first frame's masks (K, H, W) for each of the other images."""
    for _ in list(images)[1:]:
        yield masks


def warp_by_flow(images: Iterable[UInt8Array], masks: BoolArray) -> Iterator[BoolArray]:
    """Warp the first frame's masks (K, H, W) by DIS optical flow, one (K, H, W) for each later image.

    The flow leads from each frame back to the one before; the masks stay soft from frame to frame and are
    thresholded at one half only in the result.
    """
    flow_finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    rows, columns = np.indices(masks.shape[1:], dtype=np.float32)
    soft = masks.astype(np.float32)
    greys = (cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in images)
    before = next(greys)
    for grey in greys:
        flow = flow_finder.calc(grey, before, _NO_INITIAL_FLOW)
        soft = _warp(soft, columns + flow[..., 0], rows + flow[..., 1])
        before = grey
        yield soft > 0.5


def grabcut(image: UInt8Array, positive: BoolArray, negative: BoolArray, prior: GrabCutPrior) -> BoolArray:
    """Cut an object out of an image (H, W, 3), given strokes (H, W) on it and on the background.

    The image's rim is background. Without a stroke on the object the mask is empty.
    """
    if not positive.any():
        return np.zeros(positive.shape, dtype=bool)
    labels = np.full(positive.shape, cv2.GC_BGD, dtype=np.uint8)
    rim_y, rim_x = (max(1, round(GRABCUT_BORDER * side)) for side in positive.shape)
    labels[rim_y:-rim_y, rim_x:-rim_x] = prior
    labels[negative] = cv2.GC_BGD
    labels[positive] = cv2.GC_FGD
    cv2.setRNGSeed(0)  # its colour models start from random clusters
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    models = np.zeros((2, 1, 65), dtype=np.float64)
    cv2.grabCut(bgr, labels, _NO_RECTANGLE, models[0], models[1], GRABCUT_ITERATIONS, cv2.GC_INIT_WITH_MASK)
    return np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD))


def _warp(soft: Float32Array, map_x: Float32Array, map_y: Float32Array) -> Float32Array:
    warped = [cv2.remap(mask, map_x, map_y, cv2.INTER_LINEAR) for mask in soft]
    return np.stack(warped).astype(np.float32, copy=False)
