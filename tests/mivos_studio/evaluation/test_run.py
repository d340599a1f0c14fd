"""Whole measurements of folders with fast fake networks, and options that are refused."""

from __future__ import annotations

import json

import pytest

from mivos_studio.evaluation.errors import EvaluationError
from mivos_studio.evaluation.folders import Selection
from mivos_studio.evaluation.reports.tables import clip_report, still_report
from mivos_studio.evaluation.run import ClipOptions, StillOptions, evaluate_clips, evaluate_stills
from tests.mivos_studio.evaluation.example_folders import fake_settings, make_clip, make_still, write_list


@pytest.fixture
def clips(tmp_path):
    make_clip(tmp_path, "alone", both=False)
    make_clip(tmp_path, "together")
    return tmp_path


def test_clips_are_measured_with_their_baselines_and_ablations(clips):
    reported = []
    options = ClipOptions(clips, Selection(4), with_ablations=True)
    result = evaluate_clips(fake_settings(), options, lambda done, total: reported.append((done, total)))
    figures = result.figures
    assert set(result.strips) == {"alone", "together"}
    assert list(figures["clips"]) == ["alone", "together"]
    assert figures["mean"]["J"] > 0.9
    assert figures["baselines"]["still"]["J"] < figures["mean"]["J"]
    assert figures["ablations"]["memory"]["J"] < 0.1
    assert figures["ablations"]["previous"] == pytest.approx(figures["mean"])  # the fake uses memory alone
    assert set(figures["fps_by_objects"]) == {"1", "2"}
    assert reported == [(done, 24) for done in range(1, 25)]
    assert json.loads(json.dumps(figures)) == figures
    report = clip_report(figures)
    assert len(report.split("\n\n")[0].splitlines()) == 2 + 2 + 1 + 3
    assert "memory switched off" in report


def test_the_options_are_reported_as_resolved(clips):
    write_list(clips, "2017/val", "alone")
    figures = evaluate_clips(fake_settings(), ClipOptions(clips, Selection(2, "2017/val"))).figures
    assert figures["options"] == {
        "data": str(clips),
        "frames": 2,
        "set": "2017/val",
        "ablations": [],
        "family": "fake",
        "device": "cpu",
        "dtype": "float32",
        "working_size": 480,
    }
    assert figures["ablations"] == {}


def test_stills_are_measured(tmp_path):
    make_still(tmp_path)
    reported = []
    figures = evaluate_stills(
        fake_settings(), StillOptions(tmp_path, clicks=6), lambda done, total: reported.append((done, total))
    )
    assert set(figures["iou_after"]) == {"1", "3", "5"}
    assert figures["iou_after"]["5"] > 0.9
    assert figures["scribble"]["grabcut"]["iou_after"]["1"] > 0.8
    assert reported == [(1, 2), (2, 2)]
    assert json.loads(json.dumps(figures)) == figures
    assert "round of scribbles 3" in still_report(figures)


def test_nothing_is_measured_without_clicks(tmp_path):
    make_still(tmp_path)
    with pytest.raises(EvaluationError, match="one click"):
        evaluate_stills(fake_settings(), StillOptions(tmp_path, clicks=0))
