"""The rules: the time, the next frame, and when a correction is propagated."""

from __future__ import annotations

import numpy as np
import pytest

from inference_core.types import Tool
from mivos_studio.evaluation.interactive.protocol import Metric, Protocol, Schedule, next_frame


def test_time_grows_with_interactions_and_objects():
    assert Protocol().budget_s(1) == 240
    assert Protocol(interactions=4, seconds=10).budget_s(2.5) == 100


def test_the_published_schedule_propagates_after_the_third_the_sixth_and_the_last():
    protocol = Protocol(Tool.SCRIBBLE, 8, schedule=Schedule.PUBLISHED)
    assert [number for number in range(1, 9) if protocol.propagates_after(number)] == [3, 6, 8]
    assert all(Protocol().propagates_after(number) for number in range(1, 9))


def test_the_worst_frame_that_has_not_been_corrected_is_next():
    scores = np.array([[0.2, 0.4], [0.9, 0.1], [0.6, 0.2], [0.8, 0.8]])
    assert next_frame(scores, []) == 0
    assert next_frame(scores, [0]) == 2
    assert next_frame(scores, [0, 2], candidates=[3, 2]) == 3


def test_when_all_candidates_have_been_corrected_they_are_candidates_again():
    scores = np.array([[0.5], [0.4], [0.1]])
    assert next_frame(scores, [0, 1, 2]) == 2
    assert next_frame(scores, [0, 1], candidates=[0, 1]) == 1


@pytest.mark.parametrize(("metric", "expected"), [("J", 0.2), ("F", 0.6), ("J_AND_F", 0.4)])
def test_a_metric_is_j_or_f_or_their_mean(metric, expected):
    assert Metric(metric).of(np.array([[0.2]]), np.array([[0.6]])) == pytest.approx(expected)
