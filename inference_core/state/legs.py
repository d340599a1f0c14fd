"""Which frames a propagation walks: legs from an anchor, each stopping before the next one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from inference_core.tracks import PackedProb
from inference_core.values import Direction


@dataclass(frozen=True, eq=False)
class Carried:
    """One walked frame as the walk remembers it: its probabilities before any fusion."""

    frame_index: int
    prob: PackedProb


@dataclass(frozen=True, eq=False)
class Leg:
    """One walk from an anchor, or what is left of it.

    start, stop     first and last frame to do, in walking order, both included.
    limit           the anchor that the walk runs towards, None where it runs to an end.
    promoted, last  what a walk that was stopped had memorised; empty at the anchor.
    """

    anchor: int
    start: int
    stop: int
    limit: int | None
    promoted: tuple[Carried, ...] = ()
    last: Carried | None = None

    @property
    def step(self) -> int:
        return 1 if self.start > self.anchor else -1

    @property
    def frames(self) -> range:
        return range(self.start, self.stop + self.step, self.step)


def plan_legs(
    anchor: int, anchors: Collection[int], direction: Direction, frame_range: tuple[int, int]
) -> tuple[Leg, ...]:
    """Lay out the walks from an anchor, forward before backward; frame_range (first, last) is included."""
    first, last = frame_range
    legs = []
    if direction != Direction.BACKWARD:
        limit = min((other for other in anchors if other > anchor), default=None)
        legs.append(_leg(anchor, 1, limit, last))
    if direction != Direction.FORWARD:
        limit = max((other for other in anchors if other < anchor), default=None)
        legs.append(_leg(anchor, -1, limit, first))
    return tuple(leg for leg in legs if leg is not None)


def trim_leg(leg: Leg, anchor: int) -> Leg | None:
    """Return what is left of an unfinished leg once `anchor` has been committed; None where nothing is."""
    step = leg.step
    if anchor == leg.anchor or (anchor - leg.anchor) * step < 0:
        return None if anchor == leg.anchor else leg
    if (leg.start - anchor) * step >= 0:
        return None  # the new anchor lies in what was walked already: its own walk covers the rest
    if (anchor - leg.stop) * step > 0:
        return leg
    return replace(leg, stop=anchor - step, limit=anchor)


def _leg(anchor: int, step: int, limit: int | None, end: int) -> Leg | None:
    reaches_limit = limit is not None and (limit - end) * step <= 0
    stop = limit - step if limit is not None and reaches_limit else end
    start = anchor + step
    if (stop - start) * step < 0:
        return None
    return Leg(anchor, start, stop, limit)
