"""J and F equal the protocol's own measures."""

from __future__ import annotations

import numpy as np
import pytest

from mivos_studio.evaluation.metrics import Statistics, f_measure, jaccard, score_table
from tests.mivos_studio.evaluation.recordings import CASES, PREDICTIONS, RECORDINGS

EMPTY = np.zeros((20, 30), dtype=bool)
SQUARE = np.pad(np.ones((6, 6), dtype=bool), ((5, 9), (5, 19)))


@pytest.mark.parametrize("measure", [jaccard, f_measure])
@pytest.mark.parametrize("prediction", PREDICTIONS)
@pytest.mark.parametrize("case", CASES)
def test_a_measure_repeats_the_recorded_figures(case, prediction, measure):
    truth, predicted = RECORDINGS[f"{case}/truth"], RECORDINGS[f"{case}/{prediction}/pred"]
    recorded = RECORDINGS[f"{case}/{prediction}/{measure.__name__}"]
    figures = [
        [measure(truth[t] == row + 1, predicted[t] == row + 1) for row in range(recorded.shape[1])]
        for t in range(len(truth))
    ]
    np.testing.assert_allclose(figures, recorded, atol=1e-6, rtol=0)


@pytest.mark.parametrize("measure", [jaccard, f_measure])
def test_two_empty_masks_agree(measure):
    assert measure(EMPTY, EMPTY) == 1.0


@pytest.mark.parametrize("measure", [jaccard, f_measure])
def test_an_empty_mask_disagrees_with_a_full_one(measure):
    assert measure(SQUARE, EMPTY) == 0.0
    assert measure(EMPTY, SQUARE) == 0.0


def test_contours_may_lie_a_tolerance_apart():
    near = np.roll(SQUARE, 1, axis=1)  # the tolerance of 20 x 30 pixels is one pixel
    far = np.roll(SQUARE, 3, axis=1)
    assert f_measure(SQUARE, near) == 1.0
    assert 0 < f_measure(SQUARE, far) < 1.0


def test_jaccard_is_the_share_of_the_union():
    shifted = np.roll(SQUARE, 3, axis=1)
    assert jaccard(SQUARE, shifted) == pytest.approx(18 / 54)


@pytest.mark.parametrize("measure", [jaccard, f_measure])
def test_masks_of_different_sizes_are_refused(measure):
    with pytest.raises(ValueError, match="one size"):
        measure(EMPTY, EMPTY[:, :-1])


def test_a_table_has_a_row_for_each_frame_and_a_column_for_each_object():
    shifted = np.roll(SQUARE, 3, axis=1)
    truth = [np.stack([SQUARE, EMPTY])] * 2
    scores = score_table(jaccard, truth, [np.stack([SQUARE, SQUARE]), np.stack([shifted, EMPTY])])
    np.testing.assert_allclose(scores, [[1, 0], [18 / 54, 1]])


def test_recall_is_the_share_of_frames_above_one_half():
    statistics = Statistics.of(np.array([[0.6, 0.5], [0.4, 0.9], [0.7, 0.1], [0.2, 0.8]]))
    assert statistics.recall == pytest.approx(4 / 8)
    assert statistics.mean == pytest.approx(4.2 / 8)


def test_decay_is_the_first_quarter_less_the_last():
    falling = np.linspace(1, 0, 9)[:, None]
    assert Statistics.of(falling).decay == pytest.approx(
        np.mean([1, 0.875, 0.75]) - np.mean([0.25, 0.125, 0])
    )
    # Ten frames: quarters end at 2.25, 4.5 and 6.75, which DAVIS rounds to frames 2, 5 and 7.
    ten = np.arange(10.0)[:, None]
    assert Statistics.of(ten).decay == pytest.approx(np.mean([0, 1, 2]) - np.mean([7, 8, 9]))
    assert Statistics.of(np.array([[0.3]])).decay == 0
