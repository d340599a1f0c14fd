"""The robot goes where J is lowest, draws there, and the correction spreads."""

from __future__ import annotations

import pytest

from evaluation.rounds import score_rounds
from evaluation.settings import Steps, keep_quiet
from inference_core.values import Tool
from tests.evaluation.made import FRAMES, fake_settings, make_clip


@pytest.mark.parametrize("tool", [Tool.SCRIBBLE, Tool.CLICK])
def test_corrections_reach_all_frames(tmp_path, tool):
    scores = score_rounds(make_clip(tmp_path), fake_settings(), tool, 2, Steps(2, keep_quiet))
    assert [score.jaccard > 0.8 for score in scores] == [True, True]
    assert [score.f_measure > 0.8 for score in scores] == [True, True]


def test_the_first_correction_is_on_the_first_of_all_empty_frames(tmp_path):
    (score,) = score_rounds(make_clip(tmp_path), fake_settings(), Tool.CLICK, 1, Steps(1, keep_quiet))
    assert score.frame_index == 0
    assert score.pace.frames == FRAMES - 1
    assert score.seconds >= score.pace.seconds > 0


def test_no_frame_is_corrected_twice_before_all_have_been(tmp_path):
    rounds = FRAMES + 1
    told = []
    steps = Steps(rounds, lambda done, total: told.append(done))
    scores = score_rounds(make_clip(tmp_path), fake_settings(), Tool.SCRIBBLE, rounds, steps)
    assert sorted(score.frame_index for score in scores[:FRAMES]) == list(range(FRAMES))
    assert len(scores) == rounds
    assert told == list(range(1, rounds + 1))
