"""The rules of the interactive protocol, and the records of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from inference_core.types import Float64Array, Tool
from mivos_studio.evaluation.strips import Strip

INSTANT_INTERACTIONS = 3
"""Number of corrections of a frame before a propagation, in the schedule of the method's authors."""


class Metric(StrEnum):
    """The metric of the worst frame and of the curve; the values are the protocol's names."""

    J = "J"
    F = "F"
    J_AND_F = "J_AND_F"

    def of(self, jaccard: Float64Array, contour: Float64Array) -> Float64Array:
        """Return J, F or their mean, element by element."""
        return {Metric.J: jaccard, Metric.F: contour, Metric.J_AND_F: (jaccard + contour) / 2}[self]


class Schedule(StrEnum):
    """When a correction is propagated: at once, or as the method's authors did for their own figures."""

    EACH = "each"
    PUBLISHED = "published"


@dataclass(frozen=True)
class Protocol:
    """The rules of a run.

    interactions  maximum number of corrections of a sample.
    seconds       time for each interaction and object; later submissions are not counted.
    The defaults are those of the DAVIS challenge.
    """

    tool: Tool = Tool.SCRIBBLE
    interactions: int = 8
    seconds: float = 30.0
    metric: Metric = Metric.J_AND_F
    schedule: Schedule = Schedule.EACH

    def budget_s(self, objects: float) -> float:
        """Return the seconds for a sample with so many objects."""
        return self.seconds * self.interactions * objects

    def propagates_after(self, number: int) -> bool:
        """Return whether the correction of this number, counted from 1, is followed by a propagation."""
        is_third = number % INSTANT_INTERACTIONS == 0
        return self.schedule == Schedule.EACH or is_third or number == self.interactions


@dataclass(frozen=True, eq=False)
class Span:
    """The frames between a new anchor and the one beside it: J of each, mean over objects, (N,) float64.

    plain  the same with each plain fusion, by its name.
    """

    clip: str
    frames: range
    plain: dict[str, Float64Array]
    learned: Float64Array


@dataclass(frozen=True, eq=False)
class Submission:
    """The state of a sample after one interaction.

    frame_index     the corrected frame.
    jaccard         (T, K) float64, as is f_measure: every frame, every object.
    seconds         time of the program, from the strokes to the masks of all frames.
    robot_seconds   time of the robot to draw.
    propagated      frames that were propagated, in propagation_s seconds.
    spans           frames on which fusion was compared with plain ones.
    """

    frame_index: int
    jaccard: Float64Array
    f_measure: Float64Array
    seconds: float
    robot_seconds: float = 0.0
    propagated: int = 0
    propagation_s: float = 0.0
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, eq=False)
class SampleRecord:
    """All submissions of one sample that were in time.

    scribble  number of the human scribble that began it, from 1 as in the protocol; 1 also for the robot.
    name      the clip's, with the scribble's number where the clip has several samples.
    strip     the final masks.
    """

    clip: str
    scribble: int
    name: str
    object_ids: tuple[int, ...]
    submissions: tuple[Submission, ...]
    strip: Strip | None = None


def next_frame(
    scores: Float64Array, corrected: Sequence[int], candidates: Sequence[int] | None = None
) -> int:
    """Return the frame of the lowest mean score (T, K) that has not been corrected; once all have, of all.

    candidates  frames to choose from, None for every frame.
    """
    wanted = range(len(scores)) if candidates is None else candidates
    uncorrected = [frame_index for frame_index in wanted if frame_index not in corrected]
    by_frame = scores.mean(axis=1)
    return min(uncorrected or wanted, key=lambda frame_index: (by_frame[frame_index], frame_index))
