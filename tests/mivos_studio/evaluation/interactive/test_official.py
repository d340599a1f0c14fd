"""Running our sessions with a session object like the official package's."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest

from mivos_studio.evaluation.errors import EvaluationError
from mivos_studio.evaluation.interactive.official import run_official
from mivos_studio.evaluation.interactive.protocol import Protocol, Schedule, next_frame
from mivos_studio.evaluation.metrics import jaccard, score_table
from mivos_studio.evaluation.robots.scribble import draw_scribbles
from tests.mivos_studio.evaluation.example_folders import FRAMES, fake_settings, make_clip
from tests.mivos_studio.evaluation.interactive.scribble_files import content


class FakeOfficial:
    """Runs the protocol as the official package does, with our robot."""

    def __init__(self, clips, interactions):
        self.clips, self.interactions = clips, interactions
        self.samples = [(clip, number) for clip in clips for number in (1, 2)]
        self.scores, self.candidates, self.corrected = [], [], []
        self.number = 0

    def next(self):
        if self.number == self.interactions:
            self.samples.pop(0)
            self.number = 0
        return bool(self.samples)

    def get_scribbles(self, only_last=False):
        assert only_last
        clip = self.samples[0][0]
        is_new = self.number == 0
        if is_new:
            self.scribbles = self._draw(clip, 0, np.zeros((FRAMES, *clip.frames.size), np.uint8))
        return clip.name, self.scribbles, is_new

    def submit_masks(self, pred_masks, next_scribble_frame_candidates=None):
        clip = self.samples[0][0]
        assert pred_masks.shape == (FRAMES, *clip.frames.size)
        predicted = [[ids == 1, ids == 2] for ids in pred_masks]
        scores = score_table(jaccard, [clip.masks(index) for index in range(FRAMES)], predicted)
        self.number += 1
        self.scores.append(scores.mean())
        self.candidates.append(next_scribble_frame_candidates)
        frame_index = next_frame(scores, [], next_scribble_frame_candidates)
        self.scribbles = self._draw(clip, frame_index, pred_masks)

    def _draw(self, clip, frame_index, masks):
        self.corrected.append(frame_index)
        drawn = draw_scribbles(clip.ids(frame_index), masks[frame_index], clip.object_ids)
        return content(frame_index, *((scribble.object_id, scribble.path.tolist()) for scribble in drawn))


@pytest.fixture
def clip(tmp_path):
    return make_clip(tmp_path)


def test_masks_are_submitted_for_every_interaction_of_every_sample(clip):
    with nullcontext(FakeOfficial([clip], 3)) as official:
        assert run_official(official, {"squares": clip}, fake_settings(), Protocol(interactions=3)) == 6
    assert official.candidates == [None] * 6
    assert official.scores[0] == official.scores[3] > 0.85  # each sample begins without masks
    assert min(official.scores[2], official.scores[5]) > 0.8


def test_the_published_schedule_stays_on_a_frame_until_it_is_propagated(clip):
    official = FakeOfficial([clip], 4)
    run_official(
        official, {"squares": clip}, fake_settings(), Protocol(interactions=4, schedule=Schedule.PUBLISHED)
    )
    assert official.candidates[:4] == [[0], [0], None, None]
    assert official.scores[0] < 0.4 < 0.85 < official.scores[2]


def test_a_missing_clip_is_named(clip):
    with pytest.raises(EvaluationError, match="plays the clip squares, which is not in the folder"):
        run_official(FakeOfficial([clip], 1), {}, fake_settings(), Protocol())
