"""Figures of the interactive protocol on a folder."""

from __future__ import annotations

import json

import pytest

from inference_core.types import Tool
from mivos_studio.evaluation.ablation import FUSIONS, TopK
from mivos_studio.evaluation.errors import EvaluationError
from mivos_studio.evaluation.folders import Selection
from mivos_studio.evaluation.interactive.protocol import Protocol
from mivos_studio.evaluation.interactive.run import (
    TOP_KS,
    InteractiveOptions,
    choose_networks,
    evaluate_interactive,
)
from mivos_studio.evaluation.reports.tables import interactive_report
from tests.mivos_studio.evaluation.example_folders import fake_settings, make_clip


@pytest.fixture
def clips(tmp_path):
    make_clip(tmp_path, "alone", both=False)
    make_clip(tmp_path, "together")
    return tmp_path


def test_rounds_are_measured_for_each_clip_and_in_the_mean(clips):
    reported = []
    options = InteractiveOptions(clips, Protocol(Tool.CLICK, 3), Selection(max_frames=5))
    result = evaluate_interactive(
        fake_settings(), options, lambda done, total: reported.append((done, total))
    )
    figures = result.figures
    assert list(figures["clips"]) == ["alone", "together"]
    assert [len(clip["rounds"]) for clip in figures["clips"].values()] == [3, 3]
    assert set(figures["clips"]["together"]["object_means"]) == {"1", "2"}
    assert figures["mean"]["J"] == pytest.approx(figures["rounds"][-1]["J"])
    assert 0.5 < figures["mean"]["J"] <= 1.0
    assert figures["between_anchors"]["frames"] > 0
    assert figures["ablations"] == {}
    assert figures["options"]["interactive"] == "click"
    assert reported == [(done, 6) for done in range(1, 7)]
    assert json.loads(json.dumps(figures)) == figures
    report = interactive_report(figures)
    assert "J after 3" in report
    assert "AUC of J&F" in report
    assert "learned fusion" in report


def test_ablations_have_a_row_for_each_replaced_part(clips):
    options = InteractiveOptions(clips, Protocol(Tool.CLICK, 2), Selection(max_frames=3), with_ablations=True)
    figures = evaluate_interactive(fake_settings(), options).figures
    names = [f"top-k: {k or 'all'}" for k in TOP_KS]
    assert list(figures["ablations"]) == ["as it is", "fusion: newest", "fusion: linear", *names]
    row = figures["ablations"]["as it is"]
    assert row["J"] == pytest.approx(figures["mean"]["J"])
    assert row["auc"] == pytest.approx(figures["summary"]["auc"])
    assert "top-k: all" in interactive_report(figures)


def test_options_replace_parts_of_the_networks():
    settings = fake_settings()
    chosen = choose_networks(settings, "newest", 20)
    assert chosen.networks.fusion is FUSIONS["newest"]
    assert isinstance(chosen.networks.propagation, TopK)
    assert choose_networks(settings, "learned", None).networks == settings.networks


@pytest.mark.parametrize(
    ("rules", "complaint"),
    [
        (Protocol(Tool.LASSO), "No robot corrects with the tool lasso"),
        (Protocol(interactions=0), "one round"),
    ],
)
def test_unsupported_rules_are_refused(clips, rules, complaint):
    with pytest.raises(EvaluationError, match=complaint):
        evaluate_interactive(fake_settings(), InteractiveOptions(clips, rules))
