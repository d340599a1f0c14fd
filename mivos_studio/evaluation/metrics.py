"""The two DAVIS measures of one object's binary mask: region similarity J and contour accuracy F."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from inference_core.types import BoolArray, Float64Array, UInt8Array

Measure = Callable[[BoolArray, BoolArray], float]

CONTOUR_TOLERANCE = 0.008
"""How far apart two contours may lie and still match, as a share of the image's diagonal; DAVIS's number."""
HIT = 0.5
"""Above this a frame counts for recall; DAVIS's number."""


def jaccard(truth: BoolArray, prediction: BoolArray) -> float:
    """Intersection over union of two (H, W) masks, in [0, 1]; 1 where both are empty."""
    truth, prediction = _same_size(truth, prediction)
    union = np.count_nonzero(truth | prediction)
    if union == 0:
        return 1.0
    return float(np.count_nonzero(truth & prediction) / union)


def f_measure(truth: BoolArray, prediction: BoolArray) -> float:
    """Harmonic mean of contour precision and recall of two (H, W) masks, in [0, 1].

    A contour pixel counts as found when the other contour passes within 0.8 % of the diagonal (rounded up
    to whole pixels). Two masks without contours agree (1); one without disagrees (0).
    """
    truth, prediction = _same_size(truth, prediction)
    radius = math.ceil(CONTOUR_TOLERANCE * math.hypot(*truth.shape))
    truth_contour, prediction_contour = _contour(truth), _contour(prediction)
    box = _bounding_box(truth_contour | prediction_contour)
    if box is None:
        return 1.0
    truth_contour, prediction_contour = truth_contour[box], prediction_contour[box]
    precision = _share_within(prediction_contour, truth_contour, radius)
    recall = _share_within(truth_contour, prediction_contour, radius)
    if precision + recall == 0:
        return 0.0
    return 2 * precision * recall / (precision + recall)


def score_table(
    measure: Measure, truth: Iterable[BoolArray], prediction: Iterable[BoolArray]
) -> Float64Array:
    """Measure each object of each frame; both give (K, H, W) a frame. Returns (T, K) float64 in [0, 1]."""
    return np.array(
        [
            [measure(true_mask, mask) for true_mask, mask in zip(true_masks, masks, strict=True)]
            for true_masks, masks in zip(truth, prediction, strict=True)
        ],
        dtype=np.float64,
    )


@dataclass(frozen=True)
class Statistics:
    """DAVIS' statistics of a measure on one clip, each the mean over its objects.

    recall  share of the frames above 0.5.
    decay   mean of the first quarter of the frames less that of the last; quarters share their end frames.
    """

    mean: float
    recall: float
    decay: float

    @classmethod
    def of(cls, table: Float64Array) -> Statistics:
        """Compute the statistics of scores (T, K)."""
        borders = np.rint(np.linspace(0, len(table) - 1, 5) + 1e-10).astype(int)
        first, last = table[: borders[1] + 1], table[borders[3] :]
        return cls(float(table.mean()), float((table > HIT).mean()), float(first.mean() - last.mean()))


def _same_size(truth: BoolArray, prediction: BoolArray) -> tuple[BoolArray, BoolArray]:
    truth, prediction = np.asarray(truth, dtype=bool), np.asarray(prediction, dtype=bool)
    if truth.ndim != 2 or truth.shape != prediction.shape:
        raise ValueError(f"Masks must be (H, W) and of one size, not {truth.shape} and {prediction.shape}.")
    return truth, prediction


def _contour(mask: BoolArray) -> UInt8Array:
    """Mark each pixel that differs from its right, lower or lower-right neighbour."""
    contour = np.zeros(mask.shape, dtype=bool)
    contour[:, :-1] |= mask[:, :-1] != mask[:, 1:]
    contour[:-1, :] |= mask[:-1, :] != mask[1:, :]
    contour[:-1, :-1] |= mask[:-1, :-1] != mask[1:, 1:]
    return contour.view(np.uint8)


def _bounding_box(marked: UInt8Array) -> tuple[slice, slice] | None:
    """Return the box around both contours: only this part has to be dilated."""
    x, y, width, height = cv2.boundingRect(marked)
    if width == 0:
        return None
    return slice(y, y + height), slice(x, x + width)


def _share_within(contour: UInt8Array, other: UInt8Array, radius: int) -> float:
    count = np.count_nonzero(contour)
    if count == 0:
        return 0.0
    found = cv2.bitwise_and(contour, cv2.dilate(other, _disk(radius)))
    return float(cv2.countNonZero(found) / count)


@cache
def _disk(radius: int) -> UInt8Array:
    offsets = np.arange(-radius, radius + 1)
    return (offsets[:, None] ** 2 + offsets[None, :] ** 2 <= radius**2).astype(np.uint8)
