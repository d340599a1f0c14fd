"""From a folder to figures: whole measurements with quick networks, and what cannot be measured."""

from __future__ import annotations

import json

import pytest

from evaluation.errors import EvaluationError
from evaluation.report import clip_report, round_report, still_report
from evaluation.run import (
    ClipOptions,
    RoundOptions,
    StillOptions,
    evaluate_clips,
    evaluate_rounds,
    evaluate_stills,
)
from inference_core.values import Tool
from tests.evaluation.made import fake_settings, make_clip, make_still


@pytest.fixture
def clips(tmp_path):
    make_clip(tmp_path, "alone", both=False)
    make_clip(tmp_path, "together")
    return tmp_path


def test_clips_are_measured_with_their_baselines_and_ablations(clips):
    told = []
    options = ClipOptions(clips, max_frames=4, with_ablations=True)
    figures = evaluate_clips(fake_settings(), options, lambda done, total: told.append((done, total)))
    assert list(figures["clips"]) == ["alone", "together"]
    assert figures["mean"]["J"] > 0.9
    assert figures["baselines"]["still"]["J"] < figures["mean"]["J"]
    assert figures["ablations"]["memory"]["J"] < 0.1
    assert figures["ablations"]["previous"] == pytest.approx(
        figures["mean"]
    )  # the fake looks at memory alone
    assert set(figures["fps_by_objects"]) == {"1", "2"}
    assert told == [(done, 18) for done in range(1, 19)]
    assert json.loads(json.dumps(figures)) == figures
    report = clip_report(figures)
    assert len(report.split("\n\n")[0].splitlines()) == 2 + 2 + 1 + 2
    assert "memory switched off" in report


def test_the_options_are_told_as_they_were_chosen(clips):
    figures = evaluate_clips(fake_settings(), ClipOptions(clips, max_frames=2))
    assert figures["options"] == {
        "data": str(clips),
        "frames": 2,
        "ablations": [],
        "family": "fake",
        "device": "cpu",
        "dtype": "float32",
        "working_size": 480,
    }
    assert figures["ablations"] == {}


def test_rounds_are_measured(clips):
    told = []
    options = RoundOptions(clips, Tool.SCRIBBLE, rounds=2, max_frames=3)
    figures = evaluate_rounds(fake_settings(), options, lambda done, total: told.append((done, total)))
    assert [len(clip["rounds"]) for clip in figures["clips"].values()] == [2, 2]
    assert figures["mean"]["J"] == pytest.approx(figures["rounds"][-1]["J"])
    assert (figures["options"]["interactive"], figures["options"]["rounds"]) == ("scribble", 2)
    assert told[-1] == (4, 4)
    assert json.loads(json.dumps(figures)) == figures
    assert "J after 2" in round_report(figures)


def test_stills_are_measured(tmp_path):
    make_still(tmp_path)
    told = []
    figures = evaluate_stills(
        fake_settings(), StillOptions(tmp_path, clicks=6), lambda done, total: told.append((done, total))
    )
    assert set(figures["iou_after"]) == {"1", "3", "5"}
    assert figures["iou_after"]["5"] > 0.9
    assert figures["scribble"]["grabcut"]["iou_after"]["1"] > 0.8
    assert told == [(1, 2), (2, 2)]
    assert json.loads(json.dumps(figures)) == figures
    assert "round of scribbles 3" in still_report(figures)


def test_a_tool_without_a_robot_is_refused(clips):
    with pytest.raises(EvaluationError, match="scribble or click"):
        evaluate_rounds(fake_settings(), RoundOptions(clips, Tool.LASSO))


def test_nothing_is_measured_without_rounds_or_clicks(clips):
    with pytest.raises(EvaluationError, match="one round"):
        evaluate_rounds(fake_settings(), RoundOptions(clips, Tool.CLICK, rounds=0))
    with pytest.raises(EvaluationError, match="one click"):
        evaluate_stills(fake_settings(), StillOptions(clips, clicks=0))
