"""Which frames a propagation reaches: a segment for each direction; objects stop before their next anchor."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from inference_core.state.frame_record import ObjectKey, PackedProb
from inference_core.types import Direction

Anchored = tuple[int, Collection[ObjectKey]]
"""An anchor's frame_index and the objects that were committed there."""


@dataclass(frozen=True)
class MemorizedFrame:
    """One propagated frame as memory holds it: its probabilities before any fusion."""

    frame_index: int
    prob: PackedProb


@dataclass(frozen=True)
class Segment:
    """The frames of a propagation in one direction from an anchor, or what is left of them.

    start, end       first frame to do and the last one that may change, in order of propagation, inclusive.
    objects          those that are propagated, each as far as `limits` says.
    memorized, last  what a propagation that was stopped had memorized; empty at the anchor.
    """

    anchor: int
    start: int
    end: int
    objects: frozenset[ObjectKey]
    memorized: tuple[MemorizedFrame, ...] = ()
    last: MemorizedFrame | None = None

    @property
    def step(self) -> int:
        return 1 if self.start > self.anchor else -1

    def limits(self, anchors: Iterable[Anchored]) -> dict[ObjectKey, int | None]:
        """Return for every object the frame of its next anchor; None where there is none."""
        limits: dict[ObjectKey, int | None] = dict.fromkeys(self.objects)
        ahead = [(frame, keys) for frame, keys in anchors if (frame - self.anchor) * self.step > 0]
        for frame, keys in sorted(ahead, key=lambda anchored: -anchored[0] * self.step):
            limits.update((key, frame) for key in keys if key in self.objects)
        return limits

    def frames(self, limits: Mapping[ObjectKey, int | None]) -> range:
        """Return the frames to do, in order of propagation: as far as the object that goes farthest."""
        stops = (self.end if limit is None else limit - self.step for limit in limits.values())
        farthest = max(stops, key=lambda stop: stop * self.step, default=self.start - self.step)
        stop = min(farthest, self.end, key=lambda stop: stop * self.step)
        return range(self.start, stop + self.step, self.step)

    def objects_at(self, frame_index: int, limits: Mapping[ObjectKey, int | None]) -> frozenset[ObjectKey]:
        """Return the objects that are still propagated at a frame."""
        return frozenset(key for key, limit in limits.items() if is_before(frame_index, limit, self.step))

    def rest(
        self,
        limits: Mapping[ObjectKey, int | None],
        memorized: tuple[MemorizedFrame, ...],
        last: MemorizedFrame,
    ) -> Segment:
        """Return what remains after the frame `last`, with what has been memorized until then."""
        start = last.frame_index + self.step
        objects = self.objects_at(start, limits)
        return replace(self, start=start, objects=objects, memorized=memorized, last=last)


def is_before(frame_index: int, limit: int | None, step: int) -> bool:
    """Return whether a frame comes before the limit in the direction of `step` (1 or -1)."""
    return limit is None or (limit - frame_index) * step > 0


def plan_segments(
    anchor: int,
    objects: frozenset[ObjectKey],
    anchors: Collection[Anchored],
    direction: Direction,
    frame_range: tuple[int, int],
) -> tuple[Segment, ...]:
    """Plan the segments of objects from an anchor, forward before backward.

    anchors      those of the session; this one may be among them.
    frame_range  (first, last) frame that may change, both included.
    """
    first, last = frame_range
    ends = []
    if direction != Direction.BACKWARD:
        ends.append((1, last))
    if direction != Direction.FORWARD:
        ends.append((-1, first))
    segments = []
    for step, end in ends:
        segment = Segment(anchor, anchor + step, end, objects)
        limits = segment.limits(anchors)
        if segment.frames(limits):
            segments.append(replace(segment, objects=segment.objects_at(segment.start, limits)))
    return tuple(segments)


def trim_segment(segment: Segment, anchor: int, objects: Collection[ObjectKey]) -> Segment | None:
    """Return what is left of an unfinished segment once `anchor` has been committed; None where nothing is.

    objects  those that the new anchor commits. Where it lies ahead, it is a limit for them like any other.
    """
    if anchor == segment.anchor:
        return None
    if not is_before(segment.start, anchor, segment.step) and (anchor - segment.anchor) * segment.step > 0:
        # The new anchor lies in what was propagated already: its own segment covers the rest.
        left = segment.objects.difference(objects)
        return replace(segment, objects=left) if left else None
    return segment
