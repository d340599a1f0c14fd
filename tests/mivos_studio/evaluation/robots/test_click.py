"""The click robot clicks the deepest error, and nowhere twice."""

from __future__ import annotations

import numpy as np

from mivos_studio.evaluation.robots.click import RobotClick, next_click

BLANK = np.zeros((40, 60), dtype=bool)
OBJECT = BLANK.copy()
OBJECT[10:21, 10:41] = True


def test_the_first_click_is_in_the_middle_of_the_object():
    click = next_click(OBJECT, BLANK, [])
    assert click is not None
    assert click.is_positive
    assert click.y == 15
    assert 15 <= click.x <= 35


def test_surplus_is_clicked_away():
    surplus = OBJECT.copy()
    surplus[25:34, 45:54] = True
    assert next_click(OBJECT, surplus, []) == RobotClick(49, 29, is_positive=False)


def test_the_deeper_error_comes_before_the_larger_one():
    predicted = OBJECT.copy()
    predicted[13:18, 22:27] = False  # 25 pixels, 3 deep
    predicted[30:32, 0:60] = True  # 120 pixels, 1 deep
    assert next_click(OBJECT, predicted, []) == RobotClick(24, 15, is_positive=True)


def test_no_pixel_is_clicked_twice():
    dot = BLANK.copy()
    dot[5:8, 5:8] = True
    clicks = []
    while click := next_click(dot, BLANK, clicks):
        clicks.append(click)
    assert clicks[0] == RobotClick(6, 6, is_positive=True)
    assert len({(click.x, click.y) for click in clicks}) == len(clicks) == 9


def test_outside_of_the_image_is_no_error():
    corner = BLANK.copy()
    corner[:5, :5] = True
    assert next_click(corner, BLANK, []) == RobotClick(2, 2, is_positive=True)


def test_a_perfect_mask_is_left_alone():
    assert next_click(OBJECT, OBJECT, []) is None
