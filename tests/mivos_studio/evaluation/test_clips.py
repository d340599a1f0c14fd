"""First-mask evaluation: all frames but the first are scored, the last one included."""

from __future__ import annotations

from statistics import fmean

import numpy as np
import pytest

from mivos_studio.evaluation.clips import score_baselines, score_clip
from mivos_studio.evaluation.metrics import jaccard
from mivos_studio.evaluation.settings import Steps
from tests.inference_core.fakes import square_ids
from tests.mivos_studio.evaluation.example_folders import FRAMES, fake_settings, make_clip


@pytest.fixture
def reported():
    return []


@pytest.fixture
def steps(reported):
    return Steps(FRAMES - 1, lambda done, total: reported.append((done, total)))


def test_a_good_network_scores_near_one(tmp_path, steps):
    score = score_clip(make_clip(tmp_path), fake_settings(), steps)
    assert 0.9 < score.jaccard.mean <= 1.0
    assert 0.9 < score.f_measure.mean <= 1.0


def test_every_frame_but_the_first_is_propagated_and_reported(tmp_path, steps, reported):
    score = score_clip(make_clip(tmp_path), fake_settings(), steps)
    assert (score.throughput.objects, score.throughput.frames) == (2, FRAMES - 1)
    assert score.throughput.fps == pytest.approx((FRAMES - 1) / score.throughput.seconds)
    assert reported == [(done, FRAMES - 1) for done in range(1, FRAMES)]


def test_the_first_frame_is_left_out_and_the_last_one_is_in(tmp_path):
    clip = make_clip(tmp_path, both=False)
    truth = [square_ids(frame_index) == 1 for frame_index in range(FRAMES)]
    later = [jaccard(mask, truth[0]) for mask in truth[1:]]
    assert score_baselines(clip)["still"] == pytest.approx(fmean(later))


def test_objects_count_alike(tmp_path):
    wandering, both = make_clip(tmp_path, "one", both=False), make_clip(tmp_path, "both")
    standing = 1.0
    expected = (score_baselines(wandering)["still"] + standing) / 2
    assert score_baselines(both)["still"] == pytest.approx(expected)


def test_a_network_without_memory_scores_worse(tmp_path, steps):
    settings = fake_settings()
    clip = make_clip(tmp_path)
    whole = score_clip(clip, settings, steps)
    read = settings.networks.propagation.read
    settings.networks.propagation.read = lambda *given, **options: read(*given, **options) * 0
    forgetful = score_clip(clip, settings, Steps(FRAMES - 1, lambda done, total: None))
    assert forgetful.jaccard.mean == 0.0 < whole.jaccard.mean
    assert np.isclose(forgetful.f_measure.mean, 0.0)
