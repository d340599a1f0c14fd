"""Each chooser returns the frame of its rule, none twice while another one is left."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from mivos_studio.evaluation.advice.choosers import advised, at_random, evenly, least_confident
from mivos_studio.evaluation.interactive.simulate import RobotView

FRAMES = 9


def _view(*corrected, advice=None, confidence=None):
    session = SimpleNamespace(
        frame_count=FRAMES,
        next_to_correct=lambda: advice,
        confidence=lambda frame_index: {1: (confidence or {}).get(frame_index, 0.9)},
    )
    scores = np.full((FRAMES, 1), 0.5)
    scores[7] = 0.1
    return RobotView(session, scores, corrected)


def test_the_advised_frame_is_the_cores():
    assert advised(_view(0, advice=5)) == 5


def test_without_advice_the_truly_worst_frame_is_taken():
    assert advised(_view(0)) == 7


def test_the_least_confident_frame_is_not_one_that_was_corrected():
    assert least_confident(_view(0, confidence={4: 0.2, 6: 0.3})) == 4
    assert least_confident(_view(0, 4, confidence={4: 0.2, 6: 0.3})) == 6


def test_even_frames_are_the_ends_the_middle_and_the_quarters():
    corrected = [0]
    for _ in range(4):
        corrected.append(evenly(_view(*corrected)))
    assert corrected == [0, 8, 4, 2, 6]


@pytest.mark.parametrize("choose", [evenly, at_random(3), least_confident])
def test_no_frame_is_chosen_twice_while_there_is_another(choose):
    corrected = [0]
    for _ in range(FRAMES - 1):
        corrected.append(choose(_view(*corrected)))
    assert sorted(corrected) == list(range(FRAMES))
    assert choose(_view(*corrected)) in range(FRAMES)


def test_random_frames_follow_from_their_seed():
    frames = [[at_random(seed)(_view(0)) for _ in range(1)] for seed in range(30)]
    assert frames == [[at_random(seed)(_view(0)) for _ in range(1)] for seed in range(30)]
    assert len({frame for game in frames for frame in game}) > 4
