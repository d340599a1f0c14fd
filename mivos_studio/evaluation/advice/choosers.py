"""Choice of the next frame to correct: the core's suggestion, the lowest confidence, even, or random."""

from __future__ import annotations

import numpy as np

from mivos_studio.evaluation.interactive.simulate import Chooser, RobotView, worst


def advised(view: RobotView) -> int:
    """Return the frame that the core suggests; once every frame has been corrected, the worst one."""
    frame_index = view.session.next_to_correct()
    return worst(view) if frame_index is None else frame_index


def least_confident(view: RobotView) -> int:
    """Return the frame of lowest confidence that has not been corrected."""
    session = view.session
    uncorrected = _uncorrected(view) or list(range(session.frame_count))
    return min(uncorrected, key=lambda frame_index: sum(session.confidence(frame_index).values()))


def evenly(view: RobotView) -> int:
    """Return the frame farthest from all corrected ones: the other end, then the middle, the quarters."""
    frames = _uncorrected(view) or list(range(view.session.frame_count))
    return max(frames, key=lambda frame_index: min(abs(frame_index - other) for other in view.corrected))


def at_random(seed: int) -> Chooser:
    """Return a chooser of random frames that have not been corrected."""
    rng = np.random.default_rng(seed)

    def choose(view: RobotView) -> int:
        uncorrected = _uncorrected(view) or list(range(view.session.frame_count))
        return int(rng.choice(uncorrected))

    return choose


def _uncorrected(view: RobotView) -> list[int]:
    return [frame for frame in range(view.session.frame_count) if frame not in view.corrected]
