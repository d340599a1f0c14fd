"""Interactive evaluation: a robot corrects the worst frame, the correction is propagated, and so on."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import fmean

from evaluation.clips import Pace
from evaluation.folders import TrueClip, object_masks
from evaluation.metrics import Measure, f_measure, jaccard
from evaluation.robots.strokes import apply, clicked_strokes, scribbled_strokes
from evaluation.settings import Settings, Steps
from inference_core.session import Session
from inference_core.values import Tool

ROBOTS = {Tool.SCRIBBLE: scribbled_strokes, Tool.CLICK: clicked_strokes}


@dataclass(frozen=True)
class RoundScore:
    """Where the robot drew, and J and F over all frames of the clip afterwards.

    seconds  that the program took for the strokes and for the propagation, the robot's own time left out.
    """

    frame_index: int
    jaccard: float
    f_measure: float
    seconds: float
    pace: Pace


def score_rounds(
    clip: TrueClip, settings: Settings, tool: Tool, rounds: int, steps: Steps
) -> list[RoundScore]:
    """Play corrections of a clip with one tool, from an empty start; one step for each round.

    The robot goes to the frame of the lowest J that it has not been to; when it has been everywhere, to any.
    """
    session = settings.open(clip.frames)
    for object_id in clip.object_ids:
        session.add_object(object_id=object_id)
    scores: list[RoundScore] = []
    by_frame = _measure(jaccard, session, clip)
    for _ in range(rounds):
        been = {score.frame_index for score in scores}
        candidates = [frame for frame in range(len(clip.frames)) if frame not in been]
        worst = min(candidates or range(len(clip.frames)), key=by_frame.__getitem__)
        seconds, pace = _correct(session, clip, tool, worst)
        by_frame = _measure(jaccard, session, clip)
        contour = fmean(_measure(f_measure, session, clip))
        scores.append(RoundScore(worst, fmean(by_frame), contour, seconds, pace))
        steps.advance()
    return scores


def _correct(session: Session, clip: TrueClip, tool: Tool, frame_index: int) -> tuple[float, Pace]:
    """Draw on a frame and propagate; a frame without faults is left alone."""
    strokes = ROBOTS[tool](clip.ids(frame_index), session.ids(frame_index), clip.object_ids, frame_index)
    started_s = time.perf_counter()
    for stroke in strokes:
        apply(session, tool, stroke)
    drawn_s = time.perf_counter()
    frames = sum(1 for _ in session.propagate(frame_index)) if strokes else 0
    ended_s = time.perf_counter()
    return ended_s - started_s, Pace(len(clip.object_ids), frames, ended_s - drawn_s)


def _measure(measure: Measure, session: Session, clip: TrueClip) -> list[float]:
    """Mean over the objects, for each frame."""
    return [
        fmean(map(measure, clip.masks(frame_index), object_masks(session.ids(frame_index), clip.object_ids)))
        for frame_index in range(len(clip.frames))
    ]
