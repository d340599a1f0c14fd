"""Simulated users on simple shapes."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from inference_core.types import BoolArray
from mivos_studio.synthetic.robots import (
    Click,
    click_robot,
    lasso_polygon,
    perturb_mask,
    random_box,
    scribble_strokes,
)


def _disk(centre: tuple[int, int], radius: int, size: tuple[int, int] = (120, 160)) -> BoolArray:
    canvas = np.zeros(size, np.uint8)
    cv2.circle(canvas, centre, radius, 1, -1)
    return canvas.astype(bool)


def _empty(like: BoolArray) -> BoolArray:
    return np.zeros_like(like)


def _iou(truth: BoolArray, prediction: BoolArray) -> float:
    return float((truth & prediction).sum() / (truth | prediction).sum())


def test_the_first_click_is_on_the_centre_of_the_object() -> None:
    truth = _disk((70, 50), 20)
    assert click_robot(truth, _empty(truth)) == Click(70, 50, is_positive=True)


def test_a_click_on_a_larger_surplus_is_negative() -> None:
    truth, surplus = _disk((40, 50), 10), _disk((110, 60), 20)
    assert click_robot(truth, surplus) == Click(110, 60, is_positive=False)


def test_a_click_chooses_the_larger_of_two_missing_parts() -> None:
    truth = _disk((30, 50), 10) | _disk((110, 60), 20)
    assert click_robot(truth, _empty(truth)) == Click(110, 60, is_positive=True)


def test_a_click_chooses_the_largest_part_not_the_deepest() -> None:
    truth = np.zeros((100, 200), bool)
    truth[2:8, 0:200] = True  # 1,200 pixels, shallow
    truth[40:70, 90:120] = True  # 900 pixels, deep
    click = click_robot(truth, _empty(truth))
    assert click is not None
    assert click.y < 8


def test_the_image_border_counts_as_outside_for_a_click() -> None:
    truth = np.zeros((60, 60), bool)
    truth[:21, :21] = True
    assert click_robot(truth, _empty(truth)) == Click(10, 10, is_positive=True)


def test_a_perfect_mask_gets_no_click_and_no_scribble() -> None:
    truth = _disk((70, 50), 20)
    assert click_robot(truth, truth) is None
    assert scribble_strokes(truth, truth, np.random.default_rng(0)) == []


def test_a_single_wrong_pixel_is_clicked_and_scribbled() -> None:
    truth = np.zeros((20, 30), bool)
    truth[7, 11] = True
    assert click_robot(truth, _empty(truth)) == Click(11, 7, is_positive=True)
    (stroke,) = scribble_strokes(truth, _empty(truth), np.random.default_rng(0))
    assert np.abs(stroke.points - [11, 7]).max() < 1


@pytest.mark.parametrize("seed", range(10))
def test_a_scribble_stays_on_the_object_and_runs_along_it(seed: int) -> None:
    truth = np.zeros((120, 160), np.uint8)
    cv2.ellipse(truth, (80, 60), (60, 14), 20, 0, 360, 1, -1)
    (stroke,) = scribble_strokes(truth > 0, truth > 1, np.random.default_rng(seed))
    columns, rows = stroke.points.round().astype(int).T
    assert stroke.is_positive
    assert stroke.points.dtype == np.float32
    assert truth[rows, columns].mean() > 0.9
    assert np.ptp(stroke.points[:, 0]) > 40


def test_scribbles_are_positive_on_missing_and_negative_on_surplus_regions() -> None:
    truth, prediction = _disk((40, 50), 20), _disk((110, 60), 19)
    strokes = scribble_strokes(truth, prediction, np.random.default_rng(3))
    assert [stroke.is_positive for stroke in strokes] == [True, False]
    assert abs(strokes[0].points[:, 0].mean() - 40) < 20
    assert abs(strokes[1].points[:, 0].mean() - 110) < 20


def test_there_are_at_most_max_strokes_scribbles() -> None:
    truth = np.zeros((100, 100), bool)
    truth[::20, 5:95] = truth[1::20, 5:95] = truth[2::20, 5:95] = True
    assert len(scribble_strokes(truth, _empty(truth), np.random.default_rng(0), max_strokes=2)) == 2


def test_a_scribble_follows_a_bend() -> None:
    truth = np.zeros((120, 120), np.uint8)
    cv2.ellipse(truth, (60, 60), (40, 40), 0, 0, 270, 1, 12)
    (stroke,) = scribble_strokes(truth > 0, truth > 1, np.random.default_rng(1))
    columns, rows = stroke.points.round().astype(int).clip(0, 119).T
    assert truth[rows, columns].mean() > 0.8


def test_the_same_generator_draws_the_same_scribble() -> None:
    truth = _disk((70, 50), 30)
    first, again = (scribble_strokes(truth, _empty(truth), np.random.default_rng(5))[0] for _ in range(2))
    assert np.array_equal(first.points, again.points)


@pytest.mark.parametrize("target", [0.5, 0.7, 0.9])
def test_a_perturbed_mask_falls_to_the_target_and_not_below_the_floor(target: float) -> None:
    truth = _disk((70, 50), 30) | _disk((100, 80), 18)
    reached = [
        _iou(truth, perturb_mask(truth, np.random.default_rng(seed), target_iou=target)) for seed in range(20)
    ]
    assert min(reached) >= 0.4
    assert max(reached) <= target
    assert np.mean(reached) > target - 0.2


def test_perturbing_does_not_change_the_truth_and_keeps_an_empty_mask_empty() -> None:
    truth = _disk((70, 50), 30)
    kept = truth.copy()
    perturb_mask(truth, np.random.default_rng(0))
    assert np.array_equal(truth, kept)
    assert not perturb_mask(_empty(truth), np.random.default_rng(0)).any()


@pytest.mark.parametrize("seed", range(5))
def test_a_box_covers_most_of_the_object_and_lies_in_the_image(seed: int) -> None:
    truth = _disk((150, 110), 30)
    x0, y0, x1, y1 = random_box(truth, np.random.default_rng(seed))
    assert 0 <= x0 < x1 <= 160
    assert 0 <= y0 < y1 <= 120
    assert truth[y0:y1, x0:x1].sum() > 0.9 * truth.sum()


@pytest.mark.parametrize("seed", range(5))
def test_a_lasso_goes_round_the_object(seed: int) -> None:
    truth = _disk((70, 60), 25)
    corners = lasso_polygon(truth, np.random.default_rng(seed))
    filled = np.zeros(truth.shape, np.uint8)
    cv2.fillPoly(filled, [corners.round().astype(np.int32)], 1)
    assert corners.dtype == np.float32
    assert (filled.astype(bool) & truth).sum() > 0.97 * truth.sum()
    assert filled.sum() < 2 * truth.sum()


@pytest.mark.parametrize("draw", [random_box, lasso_polygon])
def test_nothing_can_be_drawn_around_an_empty_mask(draw: Callable[..., object]) -> None:
    with pytest.raises(ValueError, match="the mask is empty"):
        draw(np.zeros((10, 10), bool), np.random.default_rng(0))
