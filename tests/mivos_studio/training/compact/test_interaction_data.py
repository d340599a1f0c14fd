"""Samples of the interaction network."""

import numpy as np

from mivos_studio.training.compact.interaction_data import draw_others


def _drawn(others: np.ndarray, positive: np.ndarray) -> np.ndarray:
    planes = np.stack([positive, np.zeros_like(positive)]).astype(np.float32)
    draw_others(np.random.default_rng(5), planes, others)
    assert np.array_equal(planes[0], positive)
    return planes[1]


def test_strokes_on_other_objects_are_negative_and_stay_on_them() -> None:
    others = np.zeros((64, 64), np.uint8)
    others[8:40, 4:20], others[20:60, 40:60] = 3, 7
    negative = _drawn(others, np.zeros((64, 64), np.float32))
    assert {3, 7} == set(np.unique(others[negative > 0]))


def test_positive_strokes_stay_positive_beside_other_objects() -> None:
    others = np.full((64, 64), 2, np.uint8)
    positive = np.zeros((64, 64), np.float32)
    positive[:, 20:40] = 1
    negative = _drawn(others, positive)
    assert negative.any()
    assert not negative[positive > 0].any()


def test_a_single_object_gets_no_strokes_of_others() -> None:
    assert not _drawn(np.zeros((64, 64), np.uint8), np.zeros((64, 64), np.float32)).any()
