"""Undo and redo, and transactions: the only way in which a session's state changes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
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

    def push(self, step: UndoStep) -> None:
        """Add a step that was done; steps that had been undone are discarded."""
        self._done.append(step)
        self._undone.clear()
        if self.mask_store.blobs.added > max(_LEAST_ADDED, self._named_count):
            named = blobs_named(self._state, self._records.values(), self._done)
            self.mask_store.blobs.discard_others(named)
            self._named_count = len(named)

    def undo(self) -> UndoStep | None:
        """Undo the newest step and return it; None where there is none."""
        if not self._done:
            return None
        step = self._done.pop()
        self._undone.append(step)
        self.update(step.before, step.records_before)
        return step

    def redo(self) -> UndoStep | None:
        """Redo the step that was undone last and return it; None where there is none."""
        if not self._undone:
            return None
        step = self._undone.pop()
        self._done.append(step)
        self.update(step.after, step.records_after)
        return step


@dataclass
class Transaction:
    """Changes that become one step. What is written is visible at once; `close` makes it undoable."""

    store: StateStore
    label: str
    before: SessionState = field(init=False)
    _records_before: dict[int, FrameRecord | None] = field(default_factory=dict)
    _records_after: dict[int, FrameRecord | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.before = self.store.state

    def write(self, records: Mapping[int, FrameRecord | None], state: SessionState | None = None) -> None:
        """Change frames' records, and the state with them."""
        for frame_index in records:
            self._records_before.setdefault(frame_index, self.store.snapshot(frame_index)[1])
        self._records_after.update(records)
        self.store.update(state, records)

    def close(self) -> tuple[int, ...]:
        """Push the step if anything changed; return the frames whose records did."""
        after = self.store.state
        changed = [f for f, record in self._records_after.items() if record is not self._records_before[f]]
        if after is self.before and not changed:
            return ()
        records_before = {frame_index: self._records_before[frame_index] for frame_index in changed}
        records_after = {frame_index: self._records_after[frame_index] for frame_index in changed}
        self.store.push(UndoStep(self.label, self.before, after, records_before, records_after))
        return tuple(sorted(changed))
