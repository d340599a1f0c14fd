"""Robots' lines and clicks become strokes of the objects that they correct."""

from __future__ import annotations

import numpy as np
import pytest

from inference_core.types import Stroke, Tool
from mivos_studio.evaluation.robots.click import RobotClick
from mivos_studio.evaluation.robots.scribble import Scribble
from mivos_studio.evaluation.robots.strokes import (
    StrokeMasks,
    apply,
    click_stroke,
    clicked_strokes,
    scribble_stroke,
    scribbled_strokes,
)
from tests.inference_core.fakes import fake_session, square_ids

IDS = square_ids(both=True)
THROUGH_THE_SECOND = np.array([[4, 48], [20, 48]]) / (96, 64)


def test_a_line_on_an_object_adds_to_it():
    stroke = scribble_stroke(Scribble(2, THROUGH_THE_SECOND), 3, IDS)
    assert stroke is not None
    assert (stroke.frame_index, stroke.object_id, stroke.is_positive) == (3, 2, True)
    np.testing.assert_array_equal(stroke.points, [[3, 47], [19, 47]])


def test_a_line_on_the_background_is_negative_for_the_object_under_it():
    middle = np.linspace(*THROUGH_THE_SECOND, 100)
    stroke = scribble_stroke(Scribble(0, middle), 0, IDS)
    assert stroke is not None
    assert (stroke.object_id, stroke.is_positive) == (2, False)


def test_a_line_on_the_background_over_nothing_is_no_stroke():
    assert scribble_stroke(Scribble(0, np.array([[0.6, 0.9], [0.9, 0.9]])), 0, IDS) is None


def test_a_click_is_a_disk_of_five_pixels():
    stroke = click_stroke(RobotClick(7, 9, is_positive=False), 2, 1)
    assert (stroke.radius_px, stroke.points.tolist(), stroke.is_positive) == (5.0, [[7.0, 9.0]], False)
    drawn = StrokeMasks.blank((20, 20)).with_stroke(stroke).negative
    y, x = np.indices((20, 20))
    np.testing.assert_array_equal(drawn, (x - 7) ** 2 + (y - 9) ** 2 <= 25)


def test_the_newest_stroke_is_on_top():
    def dab(x, is_positive):
        return Stroke(0, 1, np.array([[x, 10]], dtype=np.float32), 3.0, is_positive)

    drawn = StrokeMasks.blank((20, 30)).with_stroke(dab(10, True)).with_stroke(dab(12, False))
    assert drawn.negative[10, 12]
    assert not (drawn.positive & drawn.negative).any()
    again = drawn.with_stroke(dab(12, True))
    assert again.positive[10, 12]
    assert not again.negative.any()


@pytest.mark.parametrize("correct", [scribbled_strokes, clicked_strokes])
def test_a_frame_without_faults_gets_no_strokes(correct):
    assert correct(IDS, IDS, (1, 2), 0) == []


@pytest.mark.parametrize("correct", [scribbled_strokes, clicked_strokes])
def test_each_missing_object_gets_a_stroke(correct):
    strokes = correct(IDS, np.zeros_like(IDS), (1, 2), 4)
    assert [(stroke.frame_index, stroke.object_id) for stroke in strokes] == [(4, 1), (4, 2)]


def test_a_stroke_is_given_to_the_session():
    session = fake_session()
    session.add_object()
    (stroke,) = scribbled_strokes(square_ids(), np.zeros_like(IDS), (1,), 0)
    apply(session, Tool.SCRIBBLE, stroke)
    assert session.drafts == (0,)
    assert (session.ids(0) == 1)[12:20, 12:20].all()
