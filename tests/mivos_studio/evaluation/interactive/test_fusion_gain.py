"""The gain of fusion between two anchors over plain blends, and its intervals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mivos_studio.evaluation.ablation import PlainFusion
from mivos_studio.evaluation.interactive.fusion_gain import (
    bootstrap_interval,
    fusion_gain_figures,
    spans_next_to,
)
from mivos_studio.evaluation.interactive.protocol import Span
from tests.inference_core.fakes import square_clip, square_ids
from tests.mivos_studio.evaluation.example_folders import fake_settings


def _session(networks=None):
    settings = fake_settings()
    return replace(settings, networks=networks or settings.networks, working_size=64).open(square_clip(8))


def _anchor(session, frame_index, ids):
    session.set_ids(frame_index, ids)
    for _ in session.propagate(frame_index):
        pass


def test_spans_lie_between_a_frame_and_the_anchors_on_both_its_sides():
    session = _session()
    assert spans_next_to(session, 4) == []
    for frame_index in (0, 5, 6):
        _anchor(session, frame_index, square_ids(frame_index))
    assert spans_next_to(session, 3) == [range(1, 3), range(4, 5)]
    assert spans_next_to(session, 7) == []  # its neighbour is an anchor


def test_with_the_newest_fusion_frames_hold_the_propagated_probabilities():
    propagated = []

    class Spy(PlainFusion):
        def __call__(self, image, old, new, attention, distance):
            propagated.append(new.numpy())
            return super().__call__(image, old, new, attention, distance)

    session = _session(replace(fake_settings().networks, fusion=Spy(is_linear=False)))
    _anchor(session, 0, square_ids(0, both=True))
    _anchor(session, 6, square_ids(6))
    assert len(propagated) == 5
    for frame_index, new in zip(range(5, 0, -1), propagated, strict=True):
        np.testing.assert_allclose(session.prob(frame_index)[1:], new, atol=1 / 255)


def test_gains_are_paired_and_have_intervals():
    spans = [
        Span("a", range(1, 5), {"newest": np.full(4, 0.5), "linear": np.full(4, 0.7)}, np.full(4, 0.6)),
        Span("a", range(6, 8), {"newest": np.full(2, 0.2), "linear": np.full(2, 0.8)}, np.full(2, 0.6)),
        Span("b", range(1, 3), {"newest": np.full(2, 0.6), "linear": np.full(2, 0.6)}, np.full(2, 0.8)),
    ]
    figures = fusion_gain_figures(spans)
    assert (figures["spans"], figures["frames"]) == (3, 8)
    assert figures["J"] == pytest.approx({"learned": 0.65, "newest": 0.45, "linear": 0.7})
    gain = figures["gain_over"]["newest"]
    assert gain["mean"] == pytest.approx(0.2)
    assert gain["interval"][0] == pytest.approx(0.1)
    assert 0.1 <= gain["interval_by_clip"][0] <= gain["mean"] <= gain["interval_by_clip"][1] <= 0.21
    assert figures["gain_over"]["linear"]["interval"][0] < 0 < figures["gain_over"]["linear"]["interval"][1]


def test_without_two_anchors_there_are_no_spans():
    assert fusion_gain_figures([]) == {"spans": 0, "frames": 0}


def test_the_interval_of_a_mean_is_that_of_statistics():
    values = np.random.default_rng(3).normal(0.3, 1.0, 400)
    low, high = bootstrap_interval([np.array([value]) for value in values])
    error = 1.96 * values.std() / np.sqrt(len(values))
    assert low == pytest.approx(values.mean() - error, abs=0.01)
    assert high == pytest.approx(values.mean() + error, abs=0.01)
