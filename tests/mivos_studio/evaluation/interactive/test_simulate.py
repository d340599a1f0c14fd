"""The simulated user corrects the worst frame; the correction is propagated, and its time is measured."""

from __future__ import annotations

import numpy as np
import pytest

from inference_core.types import Tool
from mivos_studio.evaluation.interactive.fusion_gain import fusion_comparison
from mivos_studio.evaluation.interactive.protocol import Protocol, Schedule
from mivos_studio.evaluation.interactive.samples import Sample, read_samples
from mivos_studio.evaluation.interactive.simulate import SimulatedUser
from mivos_studio.evaluation.settings import Steps, ignore_progress
from tests.mivos_studio.evaluation.example_folders import FRAMES, fake_settings, make_clip
from tests.mivos_studio.evaluation.interactive.scribble_files import SQUARE_LINE, content, write_scribbles

QUIET = Steps(1, ignore_progress)


@pytest.fixture
def sample(tmp_path):
    clip = make_clip(tmp_path)
    return Sample(clip, clip.name)


def submissions_of(sample, **rules):
    return SimulatedUser(fake_settings(), Protocol(**rules)).run(sample, QUIET).submissions


@pytest.mark.parametrize("tool", [Tool.SCRIBBLE, Tool.CLICK])
def test_a_correction_reaches_all_frames(sample, tool):
    (submission,) = submissions_of(sample, tool=tool, interactions=1)
    assert submission.jaccard.shape == submission.f_measure.shape == (FRAMES, 2)
    assert submission.jaccard.mean() > 0.9
    assert submission.f_measure.mean() > 0.8


def test_the_first_correction_is_on_the_first_of_all_empty_frames(sample):
    (submission,) = submissions_of(sample, tool=Tool.CLICK, interactions=1)
    assert (submission.frame_index, submission.propagated) == (0, FRAMES - 1)
    assert submission.seconds >= submission.propagation_s > 0
    assert submission.robot_seconds > 0


def test_no_frame_is_corrected_twice_before_all_have_been(sample):
    reported = []
    steps = Steps(FRAMES + 1, lambda done, total: reported.append(done))
    record = SimulatedUser(fake_settings(), Protocol(interactions=FRAMES + 1)).run(sample, steps)
    frames = [submission.frame_index for submission in record.submissions]
    assert sorted(frames[:FRAMES]) == list(range(FRAMES))
    assert len(frames) == FRAMES + 1
    assert reported == list(range(1, FRAMES + 2))


def test_the_choice_of_the_frame_can_be_replaced(sample):
    seen = []

    def last_but(view):
        seen.append((tuple(view.corrected), view.scores.shape, view.session.anchors))
        return FRAMES - len(view.corrected)

    user = SimulatedUser(fake_settings(), Protocol(Tool.CLICK, 3), choose=last_but)
    frames = [submission.frame_index for submission in user.run(sample, QUIET).submissions]
    assert frames == [0, FRAMES - 1, FRAMES - 2]
    assert seen[1] == ((0, FRAMES - 1), (FRAMES, 2), (0, FRAMES - 1))


def test_people_s_scribbles_come_first(tmp_path):
    clip = make_clip(tmp_path, both=False)
    write_scribbles(tmp_path, "squares", 1, content(2, (1, [[0.22, 0.2], [0.3, 0.25]]), (7, SQUARE_LINE)))
    (sample,) = read_samples(tmp_path, [clip], Tool.SCRIBBLE)
    (submission,) = submissions_of(sample, interactions=1)
    assert submission.frame_index == 2
    assert submission.jaccard.mean() > 0.9


def test_the_published_schedule_stays_on_a_frame_until_it_is_propagated(sample):
    submissions = submissions_of(sample, tool=Tool.CLICK, interactions=5, schedule=Schedule.PUBLISHED)
    assert [submission.propagated > 0 for submission in submissions[:3]] == [False, False, True]
    frames = [submission.frame_index for submission in submissions]
    assert frames[:3] == [0, 0, 0]
    assert frames[3] == frames[4] != 0
    assert not submissions[0].jaccard[1:].any()


def test_submissions_after_the_time_are_not_counted(sample):
    assert submissions_of(sample, interactions=3, seconds=1e-9) == ()


def test_comparing_fusions_changes_no_submission(sample):
    rules = Protocol(Tool.CLICK, 4)
    plain = SimulatedUser(fake_settings(), rules).run(sample, QUIET)
    settings, compare = fusion_comparison(fake_settings())
    compared = SimulatedUser(settings, rules, compare=compare).run(sample, QUIET)
    for one, other in zip(plain.submissions, compared.submissions, strict=True):
        assert one.frame_index == other.frame_index
        np.testing.assert_array_equal(one.jaccard, other.jaccard)
    spans = [span for submission in compared.submissions for span in submission.spans]
    assert spans
    for span in spans:
        assert len(span.learned) == len(span.plain["newest"]) == len(span.plain["linear"]) == len(span.frames)
        np.testing.assert_allclose(span.learned, span.plain["linear"], atol=0.01)  # as the fake fusion blends
