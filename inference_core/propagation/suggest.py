"""Which frame to correct next: the one whose correction is likely to help most."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from itertools import accumulate, pairwise

from inference_core.propagation.confidence import confidences_of, corrected_frames
from inference_core.state.frame_record import FrameRecord
from inference_core.state.session_state import SessionState
from model.family import Calibration

REACH = 0.25
"""How far a correction is expected to help, as a share of the frames between its neighbouring anchors.

Of 0.1, 0.25, 0.5 and 1 it gives the highest J after corrections (docs/research/constants.md).
"""


def frame_to_correct(
    state: SessionState, records: Mapping[int, FrameRecord], frame_count: int, calibration: Calibration
) -> int | None:
    """Return the frame to correct next; see `Session.next_to_correct`."""
    confidences = confidences_of(state, records, range(frame_count), calibration)
    return next_frame(confidences, len(state.active), corrected_frames(state))


def next_frame(
    confidences: Sequence[Mapping[int, float]], objects: int, corrected: Collection[int]
) -> int | None:
    """Return the frame whose correction is likely to help most; None where every frame has been corrected.

    confidences  for each frame, confidence by object; an object that is not named has never been there.
    objects      how many there are; without any there is nothing to correct.
    corrected    frames of anchors and drafts, which are not suggested again.

    A correction helps the frames around it, the less the farther they are, and none beyond the next corrected
    frame. So the frame is suggested whose neighbourhood has the least confidence. The least certain frame
    alone would often be the clip's last, or one that is bad all by itself.
    """
    if objects == 0:
        return None
    doubts = [objects - sum(by_object.values()) for by_object in confidences]
    best: tuple[float, int] | None = None
    for first, last in _gaps(len(doubts), corrected):
        decay = math.exp(-1 / max(1.0, REACH * (last - first + 1)))
        gap = doubts[first : last + 1]
        gains = list(map(_gain, _fading_sums(gap, decay), reversed(_fading_sums(gap[::-1], decay)), gap))
        gain = max(gains)
        if best is None or gain > best[0]:  # of equals the first
            best = gain, first + gains.index(gain)
    return None if best is None else best[1]


def _gain(left: float, right: float, doubt: float) -> float:
    """Add what lies on both sides; the frame's own doubt is in both."""
    return left + right - doubt


def _fading_sums(values: Sequence[float], decay: float) -> list[float]:
    """Sum each value and all before it, those farther away the less."""
    return list(accumulate(values, lambda so_far, value: so_far * decay + value))


def _gaps(frames: int, corrected: Collection[int]) -> list[tuple[int, int]]:
    """First and last frame of each stretch without a corrected frame."""
    borders = [-1, *sorted(corrected), frames]
    return [(before + 1, after - 1) for before, after in pairwise(borders) if after - before > 1]
