"""Confidence against true J: masks propagated from the first one, and their agreement with the anchor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from inference_core.propagation.confidence import confidence_of, features
from inference_core.types import Agreement, Direction, Float64Array
from mivos_studio.evaluation.folders import TrueClip
from mivos_studio.evaluation.metrics import jaccard
from mivos_studio.evaluation.settings import Settings, Steps
from model.family import Calibration

BINS = 10
"""Bins of the calibration error: the usual number."""
WRONG_BELOW, FALSE_ALARMS = 0.5, 0.3
"""A mask is wrong below this J; the share of the other masks that may be taken for wrong ones."""
# Only keeps the fit finite where the observations determine no weight.
_RIDGE = 1e-3
# Many more than Newton's method needs for three weights.
_ITERATIONS = 50


@dataclass(frozen=True)
class Observation:
    """One propagated mask of one object: its agreement with the anchor, and its true J."""

    clip: str
    frame_index: int
    object_id: int
    agreement: Agreement
    jaccard: float


def observe(clip: TrueClip, settings: Settings, steps: Steps) -> list[Observation]:
    """Propagate the first mask to the clip's end; one step for each frame."""
    session = settings.open(clip.frames)
    session.set_ids(0, clip.ids(0))
    observations: list[Observation] = []
    for change in session.propagate(0, Direction.FORWARD):
        truth = clip.ids(change.frame_index)
        observations.extend(
            Observation(
                clip.name,
                change.frame_index,
                object_id,
                agreement,
                jaccard(truth == object_id, change.ids == object_id),
            )
            for object_id, agreement in session.agreements(change.frame_index).items()
            if agreement is not None
        )
        steps.advance()
    return observations


def fit(groups: Iterable[Sequence[Observation]]) -> Calibration:
    """Find the calibration of least cross entropy against J; all groups have the same weight."""
    kept = [group for group in groups if group]
    rows = np.array([features(each.agreement) for group in kept for each in group])
    truth = np.array([each.jaccard for group in kept for each in group])
    weights = np.concatenate([np.full(len(group), 1 / (len(group) * len(kept))) for group in kept])
    design = np.column_stack([np.ones(len(rows)), rows])
    solution = np.zeros(design.shape[1])
    for _ in range(_ITERATIONS):  # Newton's method with a small ridge for stability
        expected = 1 / (1 + np.exp(-design @ solution))
        gradient = design.T @ (weights * (expected - truth)) + _RIDGE * solution
        curvature = (design * (weights * expected * (1 - expected))[:, None]).T @ design
        solution -= np.linalg.solve(curvature + _RIDGE * np.eye(len(solution)), gradient)
    return Calibration(*(round(float(value), 3) for value in solution))


def confidences(observations: Sequence[Observation], calibration: Calibration) -> Float64Array:
    """Return the confidence of each observation."""
    return np.array([confidence_of(each.agreement, calibration) for each in observations])


def rank_correlation(one: Float64Array, other: Float64Array) -> float:
    """Return Spearman's rank correlation of two series, ties with their mean rank; 0 if one is constant."""
    ranks = np.stack([_ranks(one), _ranks(other)])
    return float(np.asarray(np.corrcoef(ranks))[0, 1]) if (ranks.std(axis=1) > 0).all() else 0.0


def share_found(confidence: Float64Array, truth: Float64Array) -> float | None:
    """Return the share of the wrong masks found where FALSE_ALARMS of the others are taken for wrong.

    That is, with the confidence below which a mask is taken for wrong chosen so. None without wrong masks, or
    with nothing but wrong ones.
    """
    is_wrong = truth < WRONG_BELOW
    if is_wrong.all() or not is_wrong.any():
        return None
    return float((confidence[is_wrong] <= np.quantile(confidence[~is_wrong], FALSE_ALARMS)).mean())


@dataclass(frozen=True)
class Bin:
    """Masks of similar confidence: how many, their mean confidence, their mean J."""

    count: int
    confidence: float
    jaccard: float


def reliability(confidence: Float64Array, truth: Float64Array) -> list[Bin]:
    """Group masks into bins of equal width of confidence; empty bins are left out."""
    places = np.minimum((confidence * BINS).astype(int), BINS - 1)
    inside = [places == place for place in range(BINS)]
    return [
        Bin(int(each.sum()), float(confidence[each].mean()), float(truth[each].mean()))
        for each in inside
        if each.any()
    ]


def calibration_error(bins: Sequence[Bin]) -> float:
    """Return the mean distance of confidence and J over the bins, weighted by their counts."""
    total = sum(each.count for each in bins)
    return sum(each.count * abs(each.confidence - each.jaccard) for each in bins) / total


def _ranks(values: Float64Array) -> Float64Array:
    _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Float64Array = np.subtract(last, (counts - 1) / 2)
    return ranks[where]
