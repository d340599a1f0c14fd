"""Calibration of confidence, and its statistics against true J."""

from __future__ import annotations

import numpy as np
import pytest

from inference_core.propagation.confidence import confidence_of
from inference_core.types import Agreement
from mivos_studio.evaluation.advice.observations import (
    Observation,
    calibration_error,
    confidences,
    fit,
    observe,
    rank_correlation,
    reliability,
    share_found,
)
from mivos_studio.evaluation.settings import Steps
from model.family import Calibration
from tests.inference_core.fakes import CALIBRATION
from tests.mivos_studio.evaluation.example_folders import FRAMES, fake_settings, make_clip


def _observations(calibration, count=400, clip="clip"):
    shares = np.random.default_rng(7).uniform(0, 1, (count, 2))
    agreements = [Agreement(*pair) for pair in shares.tolist()]
    return [Observation(clip, 1, 1, each, confidence_of(each, calibration)) for each in agreements]


def test_every_propagated_mask_is_observed(tmp_path):
    reported = []
    steps = Steps(FRAMES - 1, lambda done, total: reported.append(done))
    observations = observe(make_clip(tmp_path), fake_settings(), steps)
    assert [(each.frame_index, each.object_id) for each in observations] == [
        (frame_index, object_id) for frame_index in range(1, FRAMES) for object_id in (1, 2)
    ]
    assert all(each.jaccard > 0.8 for each in observations)
    assert observations[-2].agreement.recall < observations[-1].agreement.recall  # the fake transfers nothing
    assert reported == list(range(1, FRAMES))


def test_a_calibration_is_recovered_from_its_own_confidences():
    wanted = Calibration(0.4, 0.6, 0.9)
    found = fit([_observations(wanted)])
    assert (found.bias, found.precision, found.recall) == pytest.approx((0.4, 0.6, 0.9), abs=0.05)


def test_groups_have_the_same_weight_however_large():
    low = [Observation("a", 1, 1, Agreement(0.5, 0.5), 0.2)] * 90
    high = [Observation("b", 1, 1, Agreement(0.5, 0.5), 0.6)] * 10
    expected = confidence_of(Agreement(0.5, 0.5), fit([low, high]))
    assert expected == pytest.approx(0.4, abs=0.01)


def test_rank_correlation_depends_on_order_alone():
    rising = np.array([0.1, 0.2, 0.5, 0.9])
    assert rank_correlation(rising, rising**5) == pytest.approx(1.0)
    assert rank_correlation(rising, -rising) == pytest.approx(-1.0)
    assert rank_correlation(rising, np.full(4, 0.5)) == 0.0
    # Two ties share the rank between: ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4.
    assert rank_correlation(np.array([1.0, 2.0, 2.0, 3.0]), rising) == pytest.approx(0.9486833)


def test_reliability_sorts_masks_by_confidence():
    bins = reliability(np.array([0.05, 0.08, 0.95, 1.0]), np.array([0.0, 0.2, 0.9, 0.7]))
    assert [each.count for each in bins] == [2, 2]
    assert bins[0].confidence == pytest.approx(0.065)
    assert bins[1].jaccard == pytest.approx(0.8)
    assert calibration_error(bins) == pytest.approx((2 * 0.035 + 2 * 0.175) / 4)


def test_wrong_masks_are_found_at_a_fixed_share_of_false_alarms():
    right = np.linspace(0.1, 1.0, 10)  # three of ten lie at or below 0.37, the quantile
    truth = np.array([0.9] * 10 + [0.2] * 4)
    assert share_found(np.concatenate([right, [0.05, 0.3, 0.36, 0.9]]), truth) == 0.75
    assert share_found(right, truth[:10]) is None
    assert share_found(right[:4], truth[10:]) is None


def test_confidences_are_reliable_against_themselves():
    observations = _observations(CALIBRATION)
    expected = confidences(observations, CALIBRATION)
    truth = np.array([each.jaccard for each in observations])
    assert calibration_error(reliability(expected, truth)) == pytest.approx(0, abs=1e-9)
