"""Simulate a user on one sample: a robot corrects masks; times and the masks of every frame are measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from inference_core.session import Session
from inference_core.types import Float64Array, Stroke, Tool, UInt8Array
from mivos_studio.evaluation.folders import TrueClip, object_masks
from mivos_studio.evaluation.interactive.fusion_gain import CompareFusion
from mivos_studio.evaluation.interactive.protocol import Protocol, SampleRecord, Span, Submission, next_frame
from mivos_studio.evaluation.interactive.samples import InitialScribbles, Sample
from mivos_studio.evaluation.metrics import f_measure, jaccard, score_table
from mivos_studio.evaluation.robots.strokes import apply, clicked_strokes, scribble_stroke, scribbled_strokes
from mivos_studio.evaluation.settings import Settings, Steps
from mivos_studio.evaluation.strips import make_strip

ROBOTS = {Tool.SCRIBBLE: scribbled_strokes, Tool.CLICK: clicked_strokes}


@dataclass(frozen=True, eq=False)
class RobotView:
    """Input of the choice of the next frame to correct.

    scores     (T, K) float64, the protocol's metric of the present masks; unknown to a human user.
    corrected  frames corrected so far, in order.
    """

    session: Session
    scores: Float64Array
    corrected: Sequence[int]


Chooser = Callable[[RobotView], int]
"""Return the next frame to correct."""


def worst(view: RobotView) -> int:
    """Return the frame of the lowest true score, as the protocol does."""
    return next_frame(view.scores, view.corrected)


def propagate(session: Session, frame_index: int) -> int:
    """Propagate a correction through the clip, in both directions; return the number of frames done."""
    return sum(1 for _ in session.propagate(frame_index))


@dataclass(frozen=True)
class SimulatedUser:
    """Corrects samples by the rules of a protocol.

    choose   returns the next frame to correct.
    compare  tries other fusions before a propagation; None for no comparison.
    """

    settings: Settings
    protocol: Protocol
    choose: Chooser = worst
    compare: CompareFusion | None = None

    def run(self, sample: Sample, steps: Steps) -> SampleRecord:
        """Correct a sample until its interactions or its time are used up; one step for each interaction."""
        sample_session = _SampleSession(self, sample)
        submissions: list[Submission] = []
        left_s = self.protocol.budget_s(len(sample.clip.object_ids))
        for number in range(1, self.protocol.interactions + 1):
            if left_s >= 0:
                submission = sample_session.interact(number)
                left_s -= submission.seconds
                if left_s >= 0:
                    submissions.append(submission)
            steps.advance()
        return SampleRecord(
            sample.clip.name,
            sample.number,
            sample.name,
            sample.clip.object_ids,
            tuple(submissions),
            make_strip(sample.clip.frames, sample_session.session.ids),
        )


@dataclass
class _SampleSession:
    """One sample in a session of its own."""

    user: SimulatedUser
    sample: Sample
    session: Session = field(init=False)
    corrected: list[int] = field(default_factory=list)
    scores: Float64Array = field(init=False)

    def __post_init__(self) -> None:
        clip = self.sample.clip
        self.session = self.user.settings.open(clip.frames)
        for object_id in clip.object_ids:
            self.session.add_object(object_id=object_id)
        empty = np.zeros((len(clip.frames), *clip.frames.size), dtype=np.uint8)
        self.scores = self.user.protocol.metric.of(*_tables(clip, empty))

    def interact(self, number: int) -> Submission:
        frame_index = self._frame(number)
        started_s = time.perf_counter()
        strokes = self._strokes(number, frame_index)
        drawn_s = time.perf_counter()
        for stroke in strokes:
            apply(self.session, self.user.protocol.tool, stroke)
        drafted_s = time.perf_counter()
        propagates = self.user.protocol.propagates_after(number) and frame_index in self.session.drafts
        compare = self.user.compare if propagates else None
        spans = compare(self.session, self.sample.clip, frame_index) if compare else []
        resumed_s = time.perf_counter()
        propagated = propagate(self.session, frame_index) if propagates else 0
        propagated_s = time.perf_counter()
        masks = np.stack([self.session.ids(index) for index in range(self.session.frame_count)])
        ended_s = time.perf_counter()
        jaccards, contours = _tables(self.sample.clip, masks)
        self.scores = self.user.protocol.metric.of(jaccards, contours)
        return Submission(
            frame_index,
            jaccards,
            contours,
            seconds=drafted_s - drawn_s + ended_s - resumed_s,
            robot_seconds=drawn_s - started_s,
            propagated=propagated,
            propagation_s=propagated_s - resumed_s,
            spans=tuple(_measured(span, jaccards) for span in spans),
        )

    def _frame(self, number: int) -> int:
        """Return the frame to correct; one whose correction is not propagated yet is corrected further."""
        if self.corrected and not self.user.protocol.propagates_after(number - 1):
            return self.corrected[-1]
        initial = self.sample.initial
        if initial is not None and not self.corrected:
            frame_index = initial.frame_index
        elif not self.corrected:
            frame_index = worst(RobotView(self.session, self.scores, ()))
        else:
            frame_index = self.user.choose(RobotView(self.session, self.scores, self.corrected))
        self.corrected.append(frame_index)
        return frame_index

    def _strokes(self, number: int, frame_index: int) -> list[Stroke]:
        clip, ids = self.sample.clip, self.session.ids(frame_index)
        if number == 1 and self.sample.initial is not None:
            return initial_strokes(self.sample.initial, ids, clip.object_ids)
        return ROBOTS[self.user.protocol.tool](clip.ids(frame_index), ids, clip.object_ids, frame_index)


def initial_strokes(initial: InitialScribbles, ids: UInt8Array, object_ids: Sequence[int]) -> list[Stroke]:
    """Turn scribbles into strokes on a frame whose ids (H, W) are given; other objects' are dropped."""
    wanted = {0, *object_ids}
    scribbles = [scribble for scribble in initial.scribbles if scribble.object_id in wanted]
    strokes = [scribble_stroke(scribble, initial.frame_index, ids) for scribble in scribbles]
    return [stroke for stroke in strokes if stroke is not None]


def _tables(clip: TrueClip, masks: UInt8Array) -> tuple[Float64Array, Float64Array]:
    """Compute J and F of masks (T, H, W) against the truth, each (T, K)."""
    truth = [clip.masks(frame_index) for frame_index in range(len(masks))]
    prediction = [object_masks(ids, clip.object_ids) for ids in masks]
    return score_table(jaccard, truth, prediction), score_table(f_measure, truth, prediction)


def _measured(span: Span, jaccards: Float64Array) -> Span:
    """Complete a span with the J (T, K) of the final masks."""
    return replace(span, learned=jaccards[span.frames.start : span.frames.stop].mean(axis=1))
