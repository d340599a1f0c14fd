"""Baselines on simple images, and their known figures on real clips."""

from __future__ import annotations

from statistics import fmean

import cv2
import numpy as np
import pytest

from mivos_studio.evaluation.baselines import GrabCutPrior, grabcut, repeat_masks, warp_by_flow
from mivos_studio.evaluation.clips import score_baselines
from mivos_studio.evaluation.folders import Selection, read_clips
from mivos_studio.evaluation.metrics import jaccard
from tests.inference_core.fakes import square_clip, square_ids
from tests.project import SHARED

DEV = SHARED / "data" / "dev"


def _sliding_texture(frames):
    """Return frames of a texture that moves right by 3 pixels a frame, and the mask of a part of it."""
    noise = np.random.default_rng(5).integers(0, 256, (120, 220, 3), dtype=np.uint8)
    wall = cv2.GaussianBlur(noise, (0, 0), 2)
    images = [np.ascontiguousarray(wall[:, 40 - 3 * step : 200 - 3 * step]) for step in range(frames)]
    masks = np.zeros((frames, 120, 160), dtype=bool)
    for step in range(frames):
        masks[step, 40:90, 30 + 3 * step : 80 + 3 * step] = True
    return images, masks


def test_a_static_mask_repeats_the_first_mask_for_every_later_frame():
    images, masks = _sliding_texture(4)
    followed = list(repeat_masks(images, masks[:1]))
    assert len(followed) == 3
    assert all((each == masks[:1]).all() for each in followed)


def test_flow_follows_a_moving_object():
    images, masks = _sliding_texture(6)
    followed = list(warp_by_flow(images, masks[:1]))
    assert len(followed) == 5
    assert jaccard(masks[5], followed[-1][0]) > 0.9
    assert jaccard(masks[5], masks[0]) < 0.6


def test_flow_warps_each_object_by_itself():
    images, masks = _sliding_texture(3)
    pair = np.stack([masks[0], np.roll(masks[0], 40, axis=1)])
    together, alone = list(warp_by_flow(images, pair)), list(warp_by_flow(images, pair[1:]))
    np.testing.assert_array_equal(together[-1][1], alone[-1][0])


@pytest.mark.parametrize("prior", GrabCutPrior)
def test_grabcut_finds_a_square_by_its_colour(prior):
    image, truth = square_clip(1)[0], square_ids() == 1
    positive, negative = np.zeros_like(truth), np.zeros_like(truth)
    positive[12:20, 12:20] = True
    negative[44:52, 10:80] = True
    assert jaccard(truth, grabcut(image, positive, negative, prior)) > 0.9


def test_grabcut_is_deterministic():
    image, positive = square_clip(1)[0], np.zeros((64, 96), dtype=bool)
    positive[12:14, 12:14] = True
    first, second = (grabcut(image, positive, ~positive & False, GrabCutPrior.OBJECT) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_grabcut_without_a_stroke_on_the_object_finds_nothing():
    nothing = np.zeros((64, 96), dtype=bool)
    assert not grabcut(square_clip(1)[0], nothing, nothing, GrabCutPrior.OBJECT).any()


@pytest.mark.long("results")
@pytest.mark.skipif(not DEV.is_dir(), reason="needs the development clips (folder of MIVOS_SHARED)")
@pytest.mark.parametrize(("frames", "still", "flow"), [(20, 0.475, 0.692), (40, 0.363, 0.508)])
def test_baselines_on_the_development_clips_are_the_known_ones(frames, still, flow):
    scores = [score_baselines(clip) for clip in read_clips(DEV, Selection(max_frames=frames))]
    assert fmean(score["still"] for score in scores) == pytest.approx(still, abs=0.001)
    assert fmean(score["flow"] for score in scores) == pytest.approx(flow, abs=0.001)
