"""Figures of suggested corrections, and the fitted calibration."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from inference_core.types import Tool
from mivos_studio.evaluation.advice.run import AdviceOptions, evaluate_advice, fit_confidence
from mivos_studio.evaluation.folders import Selection
from mivos_studio.evaluation.reports.page import advice_page, calibration_page
from tests.mivos_studio.evaluation.example_folders import fake_settings, make_clip


@pytest.fixture
def clips(tmp_path):
    make_clip(tmp_path, "alone", both=False)
    make_clip(tmp_path, "together")
    return tmp_path


def test_advised_corrections_are_measured_beside_others(clips):
    reported = []
    options = AdviceOptions(clips, Selection(max_frames=4), Tool.CLICK, draws=2, rounds=3)
    figures = evaluate_advice(fake_settings(), options, lambda done, total: reported.append((done, total)))
    assert figures["confidence"]["masks"] == 3 + 2 * 3
    assert set(figures["confidence"]["rank_correlation_by_clip"]) == {"alone", "together"}
    assert set(figures["corrections"]) == {"advised", "truly worst", "least confident", "even", "random"}
    for row in figures["corrections"].values():
        assert len(row["J"]) == 3
        assert row["after"] == {"3": row["J"][2]}
        assert set(row["by_clip"]) == {"alone", "together"}
    # All begin on the same frame with the same clicks.
    assert len({row["J"][0] for row in figures["corrections"].values()}) == 1
    assert reported[-1] == (2 * 3 + 2 * 6 * 3, 2 * 3 + 2 * 6 * 3)
    assert json.loads(json.dumps(figures)) == figures
    text = advice_page(figures).text
    assert "rank correlation" in text
    assert "| truly worst" in text


def test_confidence_can_be_measured_alone(clips):
    figures = evaluate_advice(fake_settings(), AdviceOptions(clips, Selection(3), rounds=0))
    assert figures["corrections"] == {}
    assert "robot" not in advice_page(figures).text


def test_a_calibration_is_fitted_and_printed_as_code(clips, tmp_path):
    calibration, figures = fit_confidence(fake_settings(), [clips, clips], Selection(max_frames=4))
    assert figures["calibration"] == asdict(calibration)
    assert figures["confidence"]["masks"] == 2 * (3 + 2 * 3)
    values = f"bias={calibration.bias}, precision={calibration.precision}, recall={calibration.recall}"
    assert f"CALIBRATION = Calibration({values})" in calibration_page(figures).text
