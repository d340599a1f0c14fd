"""Clicks and scribbles on one image: counts, scores, and GrabCut with the same strokes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mivos_studio.evaluation.stills import REPORTED_SCRIBBLES, StillScore, score_clicks, score_scribbles
from tests.mivos_studio.evaluation.example_folders import fake_settings, make_still

SCORE = StillScore((0.3, 0.8, 0.86, 0.84, 0.95), {}, (0.1,) * 5)


class ConstantInteraction:
    """Predicts the same logits for all strokes."""

    multiple = 16

    def __init__(self, logits: torch.Tensor) -> None:
        self.logits = logits

    def predictions(self, image, previous, positive, negative):
        yield self.logits


def _settings_that_predict(logits):
    settings = fake_settings()
    network = ConstantInteraction(logits)
    return replace(settings, networks=replace(settings.networks, interaction=network, clicks=network))


@pytest.mark.parametrize(("target", "needed"), [(0.2, 1), (0.85, 3), (0.90, 5), (0.99, 20)])
def test_clicks_are_counted_until_the_target_is_first_reached(target, needed):
    assert SCORE.needed(target, 20) == needed


@pytest.mark.parametrize(("count", "iou"), [(1, 0.3), (3, 0.86), (5, 0.95), (7, 0.95)])
def test_nothing_changes_after_the_last_stroke(count, iou):
    assert SCORE.after(count) == iou


def test_clicking_stops_at_the_maximum(tmp_path):
    nothing = _settings_that_predict(torch.full((1, 64, 96), -10.0))
    score = score_clicks(make_still(tmp_path), nothing, 7)
    assert len(score.ious) == len(score.seconds) == 7
    assert score.needed(0.85, 7) == 7
    assert sorted(score.grabcut) == [1, 3, 5]


def test_counts_beyond_the_end_are_not_reported(tmp_path):
    nothing = _settings_that_predict(torch.full((1, 64, 96), -10.0))
    assert list(score_clicks(make_still(tmp_path), nothing, 2).grabcut) == [1]


def test_clicking_stops_at_the_target_once_the_reported_counts_are_done(tmp_path):
    still = make_still(tmp_path)
    nearly = torch.from_numpy(still.truth).float()[None] * 20 - 10
    nearly[:, 10, 8:24] = -10.0  # one row of sixteen is missing, and a click corrects only a few pixels
    score = score_clicks(still, _settings_that_predict(nearly), 20)
    assert 0.90 <= score.ious[0] < 1.0
    assert len(score.ious) == 5


def test_a_perfect_mask_ends_the_clicking(tmp_path):
    still = make_still(tmp_path)
    perfect = torch.from_numpy(still.truth).float()[None] * 20 - 10
    score = score_clicks(still, _settings_that_predict(perfect), 20)
    assert score.ious == (1.0,)
    assert score.after(5) == 1.0
    assert sorted(score.grabcut) == [1, 3, 5]
    assert len(set(score.grabcut.values())) == 1


def test_scribbles_are_scored_after_each_round_and_given_to_grabcut(tmp_path):
    score = score_scribbles(make_still(tmp_path), fake_settings())
    assert len(score.ious) == len(REPORTED_SCRIBBLES)
    assert tuple(score.grabcut) == REPORTED_SCRIBBLES
    assert score.ious[0] > 0.9
    assert score.grabcut[1] > 0.8
