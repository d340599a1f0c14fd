"""A session without networks: a stroke paints its disks, a propagation copies the draft. Quick and exact."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from fractions import Fraction
from time import perf_counter

import numpy as np

from inference_core.command import Changes
from inference_core.errors import InvalidInteractionError, NotReadyError
from inference_core.types import (
    Direction,
    FrameMask,
    HistoryEntry,
    Interaction,
    ObjectInfo,
    ObjectSettings,
    Progress,
    Tool,
    UInt8Array,
)

SIZE = (48, 80)
FRAME_COUNT = 12


class FakeClip:
    """Grey frames, each a little brighter than the one before."""

    damaged: tuple[int, ...] = ()

    def __init__(self, frame_count: int = FRAME_COUNT, size: tuple[int, int] = SIZE) -> None:
        self.frame_count = frame_count
        self.size = size
        self.frame_rate = Fraction(25)

    def __len__(self) -> int:
        return self.frame_count

    def __getitem__(self, frame_index: int) -> UInt8Array:
        return np.full((*self.size, 3), 20 + 5 * frame_index % 200, np.uint8)


@dataclass(frozen=True)
class FakeRound:
    anchor: int
    changed_frames: tuple[int, ...]


@dataclass(frozen=True)
class FakeState:
    """All that a step changes; undo puts an earlier one back.

    known: the objects that a frame says anything of.
    """

    masks: dict[int, UInt8Array] = field(default_factory=dict)
    known: dict[int, tuple[int, ...]] = field(default_factory=dict)
    objects: tuple[ObjectInfo, ...] = (ObjectInfo(1, "Object 1"),)
    drafts: tuple[int, ...] = ()
    anchors: tuple[int, ...] = ()
    unfinished: tuple[int, ...] = ()
    rounds: tuple[FakeRound, ...] = ()


class FakeSession:
    """Answers what the window asks of a session. A `gate` is acquired before every propagated frame."""

    def __init__(self, clip: FakeClip | None = None, gate: threading.Semaphore | None = None) -> None:
        self.clip = clip or FakeClip()
        self.gate = gate
        self.threads: set[int] = set()
        self.calls: list[str] = []
        self.confidence_calls: list[int] = []
        self.confidences_calls = 0
        self.device, self.dtype = "cpu", "float32"
        self.notify: Callable[[str], None] = lambda sentence: None
        self.version = 0
        self._now = FakeState()
        self._labels: list[str] = []
        """Of the steps that were done, then of those that were undone."""
        self._done: list[FakeState] = []
        self._undone: list[FakeState] = []
        self._running: Generator[FrameMask, None, None] | None = None
        self._place: int | None = None
        """Where the step of the propagation that is running lies in `_done`."""

    def on_notice(self, listener: Callable[[str], None]) -> None:
        self.notify = listener

    # Reading.

    @property
    def objects(self) -> tuple[ObjectInfo, ...]:
        return self._now.objects

    @property
    def drafts(self) -> tuple[int, ...]:
        return self._now.drafts

    @property
    def anchors(self) -> tuple[int, ...]:
        return self._now.anchors

    @property
    def unfinished(self) -> tuple[int, ...]:
        return self._now.unfinished

    @property
    def rounds(self) -> tuple[FakeRound, ...]:
        return self._now.rounds

    @property
    def undo_count(self) -> int:
        return len(self._done)

    @property
    def can_redo(self) -> bool:
        return bool(self._undone)

    @property
    def history(self) -> tuple[HistoryEntry, ...]:
        done = len(self._done)
        return tuple(HistoryEntry(label, 0.0, (), place >= done) for place, label in enumerate(self._labels))

    def ids(self, frame_index: int) -> UInt8Array:
        empty = np.zeros(self.clip.size, np.uint8)
        return self._now.masks.get(frame_index, empty).copy()

    def present(self, frame_index: int) -> tuple[int, ...]:
        return tuple(int(i) for i in np.unique(self.ids(frame_index)) if i)

    def confidence(self, frame_index: int) -> dict[int, float]:
        """1 where the editor has been; elsewhere the less the farther that is, the more the higher the id."""
        self.confidence_calls.append(frame_index)
        given = (*self.anchors, *self.drafts)
        known = [
            i for i in self._now.known.get(frame_index, ()) if i in {each.object_id for each in self.objects}
        ]
        if frame_index in given:
            return dict.fromkeys(known, 1.0)
        distance = min((abs(frame_index - i) for i in given), default=len(self.clip))
        return {i: 1 - 0.9 * distance / (len(self.clip) + i) for i in known}

    def confidences(self) -> list[dict[int, float]]:
        self.confidences_calls += 1
        return [self.confidence(frame_index) for frame_index in range(len(self.clip))]

    def next_to_correct(self) -> int | None:
        free = [i for i in range(len(self.clip)) if i not in (*self.anchors, *self.drafts)]
        return min(free, key=lambda i: sum(self.confidence(i).values()), default=None)

    # Changing.

    def interact(self, interaction: Interaction) -> Generator[FrameMask, None, None]:
        self._record_call(f"interact {interaction.frame_index}")
        known = {each.object_id: each for each in self.objects}
        if interaction.object_id not in known:
            raise InvalidInteractionError(f"There is no object {interaction.object_id}: add it first.")
        if known[interaction.object_id].is_locked:
            raise InvalidInteractionError("Object 1 is locked: unlock it to change it.")
        return self._interact(interaction)

    def _interact(self, interaction: Interaction) -> Generator[FrameMask, None, None]:
        frame_index = interaction.frame_index
        ids = self.ids(frame_index)
        covered = _covered(interaction, ids.shape)
        adds = interaction.stroke.is_positive and interaction.tool != Tool.ERASER
        ids[covered] = interaction.object_id if adds else 0
        drafts = (*(i for i in self.drafts if i != frame_index), frame_index)
        known = {*self._now.known.get(frame_index, ()), interaction.object_id}
        self._commit(
            replace(
                self._now,
                masks={**self._now.masks, frame_index: ids},
                known={**self._now.known, frame_index: tuple(sorted(known))},
                drafts=drafts,
            ),
            f"{interaction.tool} on {self._name(interaction.object_id)}",
        )
        yield FrameMask(frame_index, ids)

    def propagate(
        self,
        frame_index: int | None = None,
        direction: Direction = Direction.BOTH,
        frame_range: tuple[int, int] | None = None,
    ) -> Generator[FrameMask, None, None]:
        self._record_call(f"propagate {frame_index} {direction}")
        waiting = tuple(dict.fromkeys((*self.drafts, *self.unfinished)))
        starts = waiting if frame_index is None else (frame_index,)
        if not starts:
            raise NotReadyError("Draw on a frame before propagating.")
        self._running = self._propagate(starts, direction)
        return self._running

    def _propagate(self, starts: Sequence[int], direction: Direction) -> Generator[FrameMask, None, None]:
        """Propagate from one after the other, all of it one step of undo; other steps may come behind it."""
        began_s, done = perf_counter(), 0
        anchors = [{*self.anchors, *starts[: place + 1]} for place in range(len(starts))]
        frames_by_anchor = {
            i: self._frames_from(i, direction, known) for i, known in zip(starts, anchors, strict=True)
        }
        total = sum(map(len, frames_by_anchor.values()))
        self._commit(self._now, "propagate")
        self._place = len(self._done)
        try:
            for anchor, frames in frames_by_anchor.items():
                with closing(self._propagate_from(anchor, frames)) as propagated:
                    for frame_index in propagated:
                        done += 1
                        progress = Progress(done, total, perf_counter() - began_s)
                        yield FrameMask(frame_index, self.ids(frame_index), progress)
        finally:
            self._place = self._running = None

    def _propagate_from(self, anchor: int, frames: Sequence[int]) -> Generator[int, None, None]:
        changed: list[int] = []
        ids, known = self.ids(anchor), self._now.known[anchor]
        self._write(lambda now: replace(now, drafts=tuple(i for i in now.drafts if i != anchor)))
        self._write(lambda now: replace(now, anchors=tuple(sorted({*now.anchors, anchor}))))
        try:
            for frame_index in frames:
                if self.gate is not None:
                    assert self.gate.acquire(timeout=20)

                def arrive(now: FakeState, frame_index: int = frame_index) -> FakeState:
                    if frame_index in now.drafts:
                        return now
                    masks, all_known = {**now.masks, frame_index: ids}, {**now.known, frame_index: known}
                    return replace(now, masks=masks, known=all_known)

                self._write(arrive)
                changed.append(frame_index)
                yield frame_index
        finally:
            left = (anchor,) if len(changed) < len(frames) else ()
            done = FakeRound(anchor, tuple(changed))
            self._write(
                lambda now: replace(
                    now,
                    unfinished=tuple(i for i in now.unfinished if i != anchor) + left,
                    rounds=(*now.rounds, done),
                )
            )

    def _write(self, change: Callable[[FakeState], FakeState]) -> None:
        """Change the state, and those between steps that came behind the propagation."""
        assert self._place is not None
        self.version += 1
        self._now = change(self._now)
        self._done[self._place :] = map(change, self._done[self._place :])
        self._undone = list(map(change, self._undone))

    def _frames_from(self, anchor: int, direction: Direction, anchors: set[int]) -> list[int]:
        after = [i for i in anchors if i > anchor]
        before = [i for i in anchors if i < anchor]
        forward = range(anchor + 1, min(after, default=len(self.clip)))
        backward = range(anchor - 1, max(before, default=-1), -1)
        already = {
            i
            for r in self.rounds
            if r.anchor == anchor and anchor in self.unfinished
            for i in r.changed_frames
        }
        wanted = [
            *(forward if direction != Direction.BACKWARD else ()),
            *(backward if direction != Direction.FORWARD else ()),
        ]
        return [i for i in wanted if i not in already]

    def undo(self) -> Changes:
        self._record_call("undo")
        if not self._done:
            return Changes((), self._frame_mask)
        if self._running is not None and self._place == len(self._done):
            self._running.close()
        self._undone.append(self._now)
        return self._go_to(self._done.pop())

    def redo(self) -> Changes:
        self._record_call("redo")
        if not self._undone:
            return Changes((), self._frame_mask)
        self._done.append(self._now)
        return self._go_to(self._undone.pop())

    def reset(self, frame_index: int) -> Sequence[FrameMask]:
        self._record_call(f"reset {frame_index}")
        masks = {i: ids for i, ids in self._now.masks.items() if i != frame_index}
        self._commit(
            replace(
                self._now,
                masks=masks,
                known={i: known for i, known in self._now.known.items() if i != frame_index},
                drafts=tuple(i for i in self.drafts if i != frame_index),
                anchors=tuple(i for i in self.anchors if i != frame_index),
            ),
            f"reset frame {frame_index}",
        )
        return (FrameMask(frame_index, self.ids(frame_index)),)

    def add_object(self, name: str = "", object_id: int | None = None) -> int:
        object_id = object_id or max((each.object_id for each in self.objects), default=0) + 1
        added = ObjectInfo(object_id, name or f"Object {object_id}")
        self._commit(replace(self._now, objects=(*self.objects, added)), f"add object {added.name}")
        return object_id

    def remove_object(self, object_id: int) -> Sequence[FrameMask]:
        masks = {i: np.where(ids == object_id, np.uint8(0), ids) for i, ids in self._now.masks.items()}
        kept = tuple(each for each in self.objects if each.object_id != object_id)
        self._commit(replace(self._now, objects=kept, masks=masks), f"remove {self._name(object_id)}")
        return tuple(FrameMask(i, ids) for i, ids in masks.items())

    def rename_object(self, object_id: int, name: str) -> None:
        self._record_call(f"rename_object {object_id} {name}")
        self._change_object(object_id, f"rename {self._name(object_id)} to {name}", name=name)

    def configure_object(self, object_id: int, settings: ObjectSettings) -> None:
        self._change_object(object_id, f"colour of {self._name(object_id)}", settings=settings)

    def lock(self, object_id: int, is_locked: bool = True) -> None:
        label = f"{'lock' if is_locked else 'unlock'} {self._name(object_id)}"
        self._change_object(object_id, label, is_locked=is_locked)

    def _name(self, object_id: int) -> str:
        return next(each.name for each in self.objects if each.object_id == object_id)

    def _change_object(self, object_id: int, label: str, **changes: object) -> None:
        objects = tuple(
            replace(each, **changes) if each.object_id == object_id else each for each in self.objects
        )
        self._commit(replace(self._now, objects=objects), label)

    def _commit(self, after: FakeState, label: str) -> None:
        self._labels[len(self._done) :] = [label]
        self._done.append(self._now)
        self._undone.clear()
        self._now = after
        self.version += 1

    def _frame_mask(self, frame_index: int) -> FrameMask:
        return FrameMask(frame_index, self.ids(frame_index))

    def _go_to(self, state: FakeState) -> Changes:
        before, self._now = self._now, state
        self.version += 1
        return Changes(sorted({*before.masks, *state.masks}), self._frame_mask)

    def _record_call(self, call: str) -> None:
        self.calls.append(call)
        self.threads.add(threading.get_ident())


def _covered(interaction: Interaction, shape: tuple[int, ...]) -> np.ndarray:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    points, radius = interaction.stroke.points, interaction.stroke.radius_px
    if interaction.tool in (Tool.LASSO, Tool.BOX):
        (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
        covered = (columns >= x0) & (columns <= x1) & (rows >= y0) & (rows <= y1)
    else:
        covered = np.zeros(shape, np.bool_)
        for x, y in points:
            covered |= (columns - x) ** 2 + (rows - y) ** 2 <= radius**2
    region = interaction.region
    if region is not None:
        covered &= (columns >= region.x0) & (columns < region.x1) & (rows >= region.y0) & (rows < region.y1)
    return covered
