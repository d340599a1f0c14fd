"""The robot goes where J is lowest, draws there, and the correction spreads."""

from __future__ import annotations

import pytest

from evaluation.rounds import score_rounds
from evaluation.settings import Steps, keep_quiet
from inference_core.values import Tool
from tests.evaluation.made import FRAMES, fake_settings, make_clip


@pytest.mark.parametrize("tool", [Tool.SCRIBBLE, Tool.CLICK])
def test_a_correction_reaches_all_frames(tmp_path, tool):
    (score,) = score_rounds(make_clip(tmp_path), fake_settings(), tool, 1, Steps(1, keep_quiet))
    assert 0.9 < score.jaccard <= 1.0
    assert 0.8 < score.f_measure <= 1.0


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
