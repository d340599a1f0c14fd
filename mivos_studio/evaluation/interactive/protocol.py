"""The rules of the interactive protocol, and what is written down while it is played."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from inference_core.types import Float64Array, Tool
from mivos_studio.evaluation.strips import Strip

INSTANT_INTERACTIONS = 3
"""So many times the method's authors correct a frame before they propagate."""


class Metric(StrEnum):
    """What the worst frame is found by and the curve tells; the values are the protocol's names."""

    J = "J"
    F = "F"
    J_AND_F = "J_AND_F"

    def of(self, jaccard: Float64Array, contour: Float64Array) -> Float64Array:
        """Take J, F or their mean, element by element."""
        return {Metric.J: jaccard, Metric.F: contour, Metric.J_AND_F: (jaccard + contour) / 2}[self]


class Schedule(StrEnum):
    """When a correction is propagated: at once, or as the method's authors did for their own figures."""

    EACH = "each"
    PUBLISHED = "published"


@dataclass(frozen=True)
class Protocol:
    """What is played.

    interactions  most corrections of a sample.
    seconds       time for each interaction and object; what comes later is not counted.
    """

    tool: Tool = Tool.SCRIBBLE
    interactions: int = 8
    seconds: float = 30.0
    metric: Metric = Metric.J_AND_F
    schedule: Schedule = Schedule.EACH

    def budget_s(self, objects: float) -> float:
        """Seconds for a sample with so many objects."""
        return self.seconds * self.interactions * objects

    def propagates_after(self, number: int) -> bool:
        """Is the correction of this number, counted from 1, followed by a propagation?"""
        is_third = number % INSTANT_INTERACTIONS == 0
        return self.schedule == Schedule.EACH or is_third or number == self.interactions


@dataclass(frozen=True, eq=False)
class Span:
    """The frames between a new anchor and the one beside it: J of each, mean over objects, (N,) float64.

    plain  the same by the name of what stood in for the fusion network.
    """

    clip: str
    frames: range
    plain: dict[str, Float64Array]
    learned: Float64Array


@dataclass(frozen=True, eq=False)
class Submission:
    """The state of a sample after one interaction.

    frame_index     where was drawn.
    jaccard         (T, K) float64, as is f_measure: every frame, every object.
    seconds         that the program took, from the strokes to the masks of all frames.
    editor_seconds  that the robot took to draw.
    propagated      frames that were propagated, in propagation_s seconds.
    spans           where fusion was compared with plainer blends.
    """

    frame_index: int
    jaccard: Float64Array
    f_measure: Float64Array
    seconds: float
    editor_seconds: float = 0.0
    propagated: int = 0
    propagation_s: float = 0.0
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, eq=False)
class SampleRecord:
    """All submissions of one sample that came in time.

    scribble  which human scribble began it, counted from 1 as in the protocol; 1 too where the robot began.
    name      the clip's, with the scribble's number where the clip is played several times.
    strip     the masks as they were in the end.
    """

    clip: str
    scribble: int
    name: str
    object_ids: tuple[int, ...]
    submissions: tuple[Submission, ...]
    strip: Strip | None = None


def next_frame(scores: Float64Array, been: Sequence[int], candidates: Sequence[int] | None = None) -> int:
    """Choose the frame of the lowest mean score (T, K) that has not been corrected; when all have, of all.

    candidates  frames to choose from, None for every frame.
    """
    wanted = range(len(scores)) if candidates is None else candidates
    fresh = [frame_index for frame_index in wanted if frame_index not in been]
    by_frame = scores.mean(axis=1)
    return min(fresh or wanted, key=lambda frame_index: (by_frame[frame_index], frame_index))
