"""Where the next correction goes: where the core advises, where it is truly worst, anywhere, or evenly."""

from __future__ import annotations

import numpy as np

from mivos_studio.evaluation.interactive.simulate import Chooser, RobotView, worst


def advised(situation: RobotView) -> int:
    """Go where the core advises; when every frame has been corrected, where it is worst."""
    frame_index = situation.session.next_to_correct()
    return worst(situation) if frame_index is None else frame_index


def least_confident(situation: RobotView) -> int:
    """Go to the least trusted frame that has not been corrected, whatever lies around it."""
    session = situation.session
    fresh = _fresh(situation) or list(range(session.frame_count))
    return min(fresh, key=lambda frame_index: sum(session.confidence(frame_index).values()))


def evenly(situation: RobotView) -> int:
    """Go as far as possible from every corrected frame: the other end, then the middle, then the quarters."""
    frames = _fresh(situation) or list(range(situation.session.frame_count))
    return max(frames, key=lambda frame_index: min(abs(frame_index - been) for been in situation.been))


def at_random(seed: int) -> Chooser:
    """Make a chooser that goes to any frame that has not been corrected."""
    rng = np.random.default_rng(seed)

    def choose(situation: RobotView) -> int:
        fresh = _fresh(situation) or list(range(situation.session.frame_count))
        return int(rng.choice(fresh))

    return choose


def _fresh(situation: RobotView) -> list[int]:
    return [frame for frame in range(situation.session.frame_count) if frame not in situation.been]
