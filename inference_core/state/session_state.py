"""The state of a session as one immutable tree of plain values, which name the masks by their records.

Undo and redo restore an earlier value, so they are exact.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TypeVar

from inference_core.errors import InvalidInteractionError
from inference_core.state.frame_record import FrameRecord, ObjectKey
from inference_core.state.round import RoundRecord
from inference_core.state.segments import Anchored, Segment, trim_segment
from inference_core.types import DEFAULT_SETTINGS, ObjectInfo, ObjectSettings, Stroke


@dataclass(frozen=True)
class TrackedObject:
    """One object.

    serial         tells it from an earlier object with the same id.
    is_introduced  it has been drawn somewhere. Before that it is unknown on every frame, not absent, and the
                   networks do not see it.
    """

    object_id: int
    serial: int
    name: str
    is_locked: bool = False
    is_introduced: bool = False
    settings: ObjectSettings = DEFAULT_SETTINGS

    @property
    def key(self) -> ObjectKey:
        return ObjectKey(self.object_id, self.serial)

    @property
    def info(self) -> ObjectInfo:
        return ObjectInfo(self.object_id, self.name, self.is_locked, self.settings)


@dataclass(frozen=True)
class StrokeGroup:
    """Strokes of one tool on one frame that a network sees together, oldest first.

    tool   the tool's name.
    start  what the frame held before the first of them, None for nothing.
    """

    tool: str
    strokes: tuple[Stroke, ...]
    start: FrameRecord | None


@dataclass(frozen=True)
class Draft:
    """A corrected frame, not yet propagated.

    base         what it held before the corrections, None for nothing.
    objects      those that were corrected: drawn, or changed by what was drawn.
    corrections  how many there were.
    """

    frame_index: int
    base: FrameRecord | None
    objects: frozenset[ObjectKey]
    strokes: StrokeGroup | None = None
    corrections: int = 0


@dataclass(frozen=True)
class Anchor:
    """An object that was committed on a frame: no propagation changes it there.

    record  what was committed of the whole frame; base what the frame held before, None for nothing. Anchors
            that were committed together share both.
    """

    frame_index: int
    key: ObjectKey
    record: FrameRecord
    base: FrameRecord | None


@dataclass(frozen=True)
class AnchorFrame:
    """The anchors that were committed together on a frame; other objects are propagated to it as to any."""

    frame_index: int
    record: FrameRecord
    base: FrameRecord | None
    objects: frozenset[ObjectKey]

    @property
    def anchors(self) -> tuple[Anchor, ...]:
        """One for each object, in the order of their keys."""
        return tuple(Anchor(self.frame_index, key, self.record, self.base) for key in sorted(self.objects))


_Framed = TypeVar("_Framed", Draft, Anchor)
_Kept = TypeVar("_Kept", Draft, Segment)


@dataclass(frozen=True)
class SessionState:
    """Objects in the order of their rows; anchors in the order of commitment; drafts in the order of drawing.

    unfinished  segments of cancelled propagations, to be resumed.
    rounds      the propagations so far, oldest first.
    """

    objects: tuple[TrackedObject, ...] = ()
    anchors: tuple[Anchor, ...] = ()
    drafts: tuple[Draft, ...] = ()
    unfinished: tuple[Segment, ...] = ()
    rounds: tuple[RoundRecord, ...] = ()

    @property
    def keys(self) -> tuple[ObjectKey, ...]:
        """Every object."""
        return tuple(tracked.key for tracked in self.objects)

    @property
    def active(self) -> tuple[TrackedObject, ...]:
        """The objects that have been introduced: the rows of every tensor."""
        return tuple(tracked for tracked in self.objects if tracked.is_introduced)

    @property
    def active_keys(self) -> tuple[ObjectKey, ...]:
        return tuple(tracked.key for tracked in self.active)

    @property
    def locked_keys(self) -> frozenset[ObjectKey]:
        """The objects that nothing may change."""
        return frozenset(tracked.key for tracked in self.objects if tracked.is_locked)

    @property
    def unlocked_keys(self) -> frozenset[ObjectKey]:
        """The introduced objects that a propagation may change."""
        return frozenset(tracked.key for tracked in self.active if not tracked.is_locked)

    @property
    def stacked_keys(self) -> tuple[ObjectKey, ...]:
        """Every object from the bottom to the top, as `ids` shows them: by `order`, of equals by row."""
        return tuple(tracked.key for tracked in sorted(self.objects, key=lambda each: each.settings.order))

    @property
    def anchor_frames(self) -> tuple[AnchorFrame, ...]:
        """The anchors, those that were committed together in one, in the order of commitment."""
        together = groupby(self.anchors, key=lambda anchor: (anchor.frame_index, anchor.record, anchor.base))
        return tuple(
            AnchorFrame(*common, frozenset(anchor.key for anchor in anchors)) for common, anchors in together
        )

    @property
    def anchored(self) -> tuple[Anchored, ...]:
        """Each anchor's frame with the objects that were committed there."""
        return tuple((anchor.frame_index, (anchor.key,)) for anchor in self.anchors)

    @property
    def resumable(self) -> tuple[Segment, ...]:
        """The unfinished segments of objects that are not locked."""
        unlocked = self.unlocked_keys
        segments = (replace(segment, objects=segment.objects & unlocked) for segment in self.unfinished)
        return tuple(segment for segment in segments if segment.objects)

    def without_resumable(self, frame_index: int) -> SessionState:
        """Remove what is resumable from a frame."""
        unlocked = self.unlocked_keys
        segments = (
            segment if segment.anchor != frame_index else replace(segment, objects=segment.objects - unlocked)
            for segment in self.unfinished
        )
        return replace(self, unfinished=tuple(segment for segment in segments if segment.objects))

    def given(self, frame_index: int) -> frozenset[ObjectKey]:
        """Return the objects whose masks on a frame come from the user: committed or drafted."""
        drafted = (draft.objects for draft in self.drafts if draft.frame_index == frame_index)
        anchored = (anchor.key for anchor in self.anchors if anchor.frame_index == frame_index)
        return frozenset(anchored).union(*drafted)

    def find(self, object_id: int) -> TrackedObject:
        """Return the object with an id; raise an InvalidInteractionError where there is none."""
        for tracked in self.objects:
            if tracked.object_id == object_id:
                return tracked
        raise InvalidInteractionError(f"There is no object {object_id}: add it first.")

    def with_object(self, tracked: TrackedObject) -> SessionState:
        """Add an object, or replace the one with its id."""
        if all(old.object_id != tracked.object_id for old in self.objects):
            return replace(self, objects=(*self.objects, tracked))
        same = tuple(tracked if old.object_id == tracked.object_id else old for old in self.objects)
        return replace(self, objects=same)

    def without_object(self, object_id: int) -> SessionState:
        """Remove an object, and drafts, anchors and unfinished segments of no other object."""
        removed = {self.find(object_id).key}

        def left(items: Iterable[_Kept]) -> tuple[_Kept, ...]:
            shorter = (
                replace(item, objects=item.objects - removed) for item in items if item.objects != removed
            )
            return tuple(shorter)

        return replace(
            self,
            objects=tuple(old for old in self.objects if old.object_id != object_id),
            anchors=tuple(anchor for anchor in self.anchors if anchor.key not in removed),
            drafts=tuple(_without_strokes(draft, object_id) for draft in left(self.drafts)),
            unfinished=left(self.unfinished),
        )

    def introduce(self, object_ids: Collection[int]) -> SessionState:
        """Mark objects as drawn."""
        objects = tuple(
            replace(tracked, is_introduced=True) if tracked.object_id in object_ids else tracked
            for tracked in self.objects
        )
        return self if objects == self.objects else replace(self, objects=objects)

    def draft(self, frame_index: int) -> Draft | None:
        return next((draft for draft in self.drafts if draft.frame_index == frame_index), None)

    def anchor_frame(self, frame_index: int) -> AnchorFrame | None:
        """Return the anchors of a frame that were committed last."""
        found = [anchors for anchors in self.anchor_frames if anchors.frame_index == frame_index]
        return found[-1] if found else None

    def corrected(
        self,
        frame_index: int,
        record: FrameRecord | None,
        objects: Iterable[ObjectKey],
        strokes: StrokeGroup | None = None,
    ) -> SessionState:
        """Draft a frame that held `record`, or add these objects to its draft."""
        draft = self.draft(frame_index) or Draft(frame_index, record, frozenset())
        objects, corrections = draft.objects.union(objects), draft.corrections + 1
        return self.with_draft(replace(draft, objects=objects, strokes=strokes, corrections=corrections))

    def with_draft(self, draft: Draft) -> SessionState:
        """Add a draft, or replace the one of its frame in its place of the order."""
        if self.draft(draft.frame_index) is None:
            return replace(self, drafts=(*self.drafts, draft))
        changed = tuple(draft if old.frame_index == draft.frame_index else old for old in self.drafts)
        return replace(self, drafts=changed)

    def without_frame(
        self, frame_index: int, kept: frozenset[ObjectKey], only: Callable[[FrameRecord], FrameRecord]
    ) -> SessionState:
        """Remove a frame's draft and anchor, and what was still to be propagated from there.

        kept  objects of which nothing is removed; `only` returns a record of them alone.
        """

        def left(item: _Kept) -> _Kept | None:
            frame = item.anchor if isinstance(item, Segment) else item.frame_index
            objects = item.objects & kept
            if frame != frame_index or (objects and objects == item.objects):
                return item
            return replace(item, objects=objects) if objects else None

        stays = all(anchor.key in kept for anchor in self.anchors if anchor.frame_index == frame_index)
        records: dict[FrameRecord, FrameRecord] = {}
        anchors = []
        for anchor in self.anchors:
            if stays or anchor.frame_index != frame_index:
                anchors.append(anchor)
            elif anchor.key in kept:
                if anchor.record not in records:
                    records[anchor.record] = only(anchor.record)
                anchors.append(replace(anchor, record=records[anchor.record]))
        drafts = (
            draft if draft in self.drafts else replace(draft, strokes=None)
            for draft in map(left, self.drafts)
            if draft is not None
        )
        segments = tuple(segment for segment in map(left, self.unfinished) if segment is not None)
        return replace(self, anchors=tuple(anchors), drafts=tuple(drafts), unfinished=segments)

    def commit(self, anchors: AnchorFrame, *, keep_older: bool = False) -> SessionState:
        """Turn a draft into anchors. keep_older keeps the frame's older entries, as published code does."""
        older = self.anchors if keep_older else _others(self.anchors, anchors.frame_index)
        segments = (trim_segment(each, anchors.frame_index, anchors.objects) for each in self.unfinished)
        return replace(
            self,
            anchors=(*older, *anchors.anchors),
            drafts=_others(self.drafts, anchors.frame_index),
            unfinished=tuple(segment for segment in segments if segment is not None),
        )


def _without_strokes(draft: Draft, object_id: int) -> Draft:
    if draft.strokes is None:
        return draft
    left = tuple(stroke for stroke in draft.strokes.strokes if stroke.object_id != object_id)
    return replace(draft, strokes=replace(draft.strokes, strokes=left) if left else None)


def _others(items: Iterable[_Framed], frame_index: int) -> tuple[_Framed, ...]:
    return tuple(item for item in items if item.frame_index != frame_index)
