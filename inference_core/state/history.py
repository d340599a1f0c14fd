"""Undo and redo, and transactions: the only way in which a session's state changes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from inference_core.state.blob_store import BlobDiscardedError
from inference_core.state.frame_record import FrameRecord
from inference_core.state.mask_store import MaskStore
from inference_core.state.session_state import SessionState
from inference_core.state.snapshot import UndoStep, blobs_named

_Read = TypeVar("_Read")

# Undo steps that were discarded leave contents behind. They are looked for once as many have been added as
# the last search left, and at least so many: a search took 1.4 ms for a thousand records (EPYC).
_LEAST_ADDED = 2000


class StateStore:
    """State, records and history of one session. Any thread may read; one thread at a time may change."""

    def __init__(self, mask_store: MaskStore) -> None:
        self.mask_store = mask_store
        self._state = SessionState()
        self._records: dict[int, FrameRecord] = {}
        self._done: list[UndoStep] = []
        self._undone: list[UndoStep] = []
        self._version = 0
        self._named_count = 0
        self._lock = threading.Lock()

    @property
    def state(self) -> SessionState:
        with self._lock:
            return self._state

    @property
    def version(self) -> int:
        """Grows whenever anything changes."""
        return self._version

    @property
    def can_undo(self) -> bool:
        return bool(self._done)

    @property
    def undo_count(self) -> int:
        return len(self._done)

    @property
    def can_redo(self) -> bool:
        return bool(self._undone)

    def states(self) -> list[SessionState]:
        """Return the current state and those of all undo and redo steps."""
        steps = (*self._done, *self._undone)
        return [self._state, *(state for step in steps for state in (step.before, step.after))]

    def snapshot(self, frame_index: int) -> tuple[SessionState, FrameRecord | None]:
        """Return the state and a frame's record of the same moment."""
        with self._lock:
            return self._state, self._records.get(frame_index)

    def snapshot_all(self) -> tuple[SessionState, dict[int, FrameRecord]]:
        """Return the state and the records of all frames that have one, of the same moment."""
        with self._lock:
            return self._state, dict(self._records)

    def read(self, frame_index: int, read: Callable[[SessionState, FrameRecord | None], _Read]) -> _Read:
        """Read a frame's masks by its state and record; from any thread."""
        while True:
            state, record = self.snapshot(frame_index)
            try:
                return read(state, record)
            except BlobDiscardedError:
                # Undone and discarded by the other thread since: what the frame holds now is read instead.
                if self.snapshot(frame_index)[1] is record:
                    raise

    def steps(self) -> tuple[tuple[UndoStep, ...], tuple[UndoStep, ...]]:
        """Return the undo and the redo steps, oldest first."""
        return tuple(self._done), tuple(self._undone)

    def load(
        self,
        state: SessionState,
        records: Mapping[int, FrameRecord],
        done: Iterable[UndoStep],
        undone: Iterable[UndoStep],
    ) -> None:
        """Replace everything with what was kept of another session."""
        self._done, self._undone = list(done), list(undone)
        with self._lock:
            self._records = dict(records)
        self.update(state)

    def touched(self) -> list[tuple[int, FrameRecord]]:
        """Return every frame that has a record, in order of frame."""
        with self._lock:
            return sorted(self._records.items())

    def update(
        self, state: SessionState | None = None, records: Mapping[int, FrameRecord | None] | None = None
    ) -> None:
        """Replace the state and records together, so that readers see both or neither."""
        with self._lock:
            if state is not None:
                self._state = state
            for frame_index, record in (records or {}).items():
                if record is None:
                    self._records.pop(frame_index, None)
                else:
                    self._records[frame_index] = record
            self._version += 1

    def is_newest(self, step: UndoStep | None) -> bool:
        """Return whether no step was done after this one."""
        return step is not None and bool(self._done) and self._done[-1] is step

    def push(self, step: UndoStep) -> None:
        """Add a step that is being done; steps that had been undone are discarded."""
        self._done.append(step)
        self._undone.clear()

    def discard_unnamed(self) -> None:
        """Discard, now and then, the bytes of steps that were discarded; what is needed must be written."""
        if self.mask_store.blobs.added > max(_LEAST_ADDED, self._named_count):
            named = blobs_named(self._state, self._records.values(), (*self._done, *self._undone))
            self.mask_store.blobs.discard_others(named)
            self._named_count = len(named)

    def replace(self, step: UndoStep, other: UndoStep | None) -> None:
        """Replace a step by one that does the same; None removes one that does nothing."""
        place = self._place(step)
        self._done[place : place + 1] = [other] if other else []

    def record_after(self, step: UndoStep, frame_index: int) -> FrameRecord | None:
        """Return what a frame held after a step, before the later ones."""
        for later in self._done[self._place(step) + 1 :]:
            if frame_index in later.records_before:
                return later.records_before[frame_index]
        return self.snapshot(frame_index)[1]

    def rewrite(self, step: UndoStep, rewritten: UndoStep, written: Written) -> None:
        """Replace a step by one that does more; later steps, undone ones too, come behind all of that."""
        place = self._place(step)
        self._done[place] = rewritten
        below, records = rewritten.after, dict(written.records)
        for later in range(place + 1, len(self._done)):
            self._done[later] = _rebased(self._done[later], below, records, written)
            below = self._done[later].after
        self.update(below, records)
        for later in reversed(range(len(self._undone))):
            self._undone[later] = _rebased(self._undone[later], below, records, written)
            below = self._undone[later].after

    def _place(self, step: UndoStep) -> int:
        return next(place for place in reversed(range(len(self._done))) if self._done[place] is step)

    def undo(self) -> UndoStep | None:
        """Undo the newest step and return it; None where there is none."""
        if not self._done:
            return None
        step = self._done.pop()
        self._undone.append(step)
        self.update(step.before, step.records_before)
        return step

    def drop_newest(self, step: UndoStep) -> None:
        """Undo a step, the newest, that cannot be redone then."""
        assert self.is_newest(step), "other steps are behind it"
        self._done.pop()
        self.update(step.before, step.records_before)

    def redo(self) -> UndoStep | None:
        """Redo the step that was undone last and return it; None where there is none."""
        if not self._undone:
            return None
        step = self._undone.pop()
        self._done.append(step)
        self.update(step.after, step.records_after)
        return step


StateChange = Callable[[SessionState], SessionState]
"""Changes a state; it is applied to the states of later steps too, whose drafts and objects may be others."""


def _unchanged(state: SessionState) -> SessionState:
    return state


@dataclass(frozen=True)
class Written:
    """What one write of a transaction changes.

    records  of frames; change, of the state.
    later    returns what a later step left on a written frame from what it had left, given its state; None: a
             later step's result stays as it was.
    """

    records: Mapping[int, FrameRecord | None]
    change: StateChange
    later: Callable[[int, SessionState, FrameRecord], FrameRecord] | None = None


def _rebased(
    step: UndoStep, below: SessionState, records: dict[int, FrameRecord | None], written: Written
) -> UndoStep:
    """Return a step as it is behind what was written before it.

    below    the state before it. records  what the written frames hold before it; changed to what they hold
             after it.
    """
    before, after, state = dict(step.records_before), dict(step.records_after), written.change(step.after)
    for frame_index in records.keys() & before.keys():
        before[frame_index] = records[frame_index]
        left = after[frame_index]
        if left is not None and written.later is not None:
            after[frame_index] = written.later(frame_index, state, left)
        records[frame_index] = after[frame_index]
    return replace(step, before=below, after=state, records_before=before, records_after=after)


@dataclass(eq=False)
class Transaction:
    """Changes that become one undo step. What is written is visible, and can be undone, at once.

    Other steps may be done while it is open, between two frames of a propagation: they come behind it.
    """

    store: StateStore
    label: str
    step: UndoStep | None = None

    @property
    def state(self) -> SessionState:
        """The state after what was written, before later steps."""
        return self.step.after if self.step else self.store.state

    def record(self, frame_index: int) -> FrameRecord | None:
        """Return what a frame holds after what was written, before later steps."""
        if self.step is None:
            return self.store.snapshot(frame_index)[1]
        return self.store.record_after(self.step, frame_index)

    def write(
        self,
        records: Mapping[int, FrameRecord | None],
        change: StateChange = _unchanged,
        later: Callable[[int, SessionState, FrameRecord], FrameRecord] | None = None,
    ) -> None:
        """Change frames' records, and the state with them; see `Written`."""
        if self.step is None:
            state = self.store.state
            self.step = UndoStep(self.label, state, state, {}, {}, time.time())
            self.store.push(self.step)
        rewritten = replace(self.step, after=change(self.step.after))
        if records:  # copying is what takes time in a long clip
            before = {index: self.record(index) for index in records} | dict(rewritten.records_before)
            after = {**rewritten.records_after, **records}
            rewritten = replace(rewritten, records_before=before, records_after=after)
        self.store.rewrite(self.step, rewritten, Written(records, change, later))
        self.step = rewritten

    def revert(self) -> None:
        """Take back what was written, without a redo step; nothing may have been done since."""
        if self.step is not None:
            self.store.drop_newest(self.step)
            self.step = None

    def close(self) -> tuple[int, ...]:
        """Return the frames whose records changed; a step that changed nothing is removed."""
        step = self.step
        if step is None:
            return ()
        before, after = step.records_before, step.records_after
        changed = tuple(sorted(index for index in after if after[index] is not before[index]))
        if step.after is step.before and not changed:
            self.store.replace(step, None)
        elif len(changed) < len(after):
            kept = [{index: records[index] for index in changed} for records in (before, after)]
            self.store.replace(step, replace(step, records_before=kept[0], records_after=kept[1]))
        self.store.discard_unnamed()
        return changed
