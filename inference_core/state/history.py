"""Steps of undo and redo, and the one way in which a session's state changes: a transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

from inference_core.state.mask_store import Record, Tracks
from inference_core.state.session_state import Ledger
from inference_core.types import FrameMask


@dataclass(frozen=True, eq=False)
class Step:
    """One undo step: the ledger and the changed frames' records, before and after."""

    label: str
    before: Ledger
    after: Ledger
    records_before: Mapping[int, Record | None]
    records_after: Mapping[int, Record | None]


class Changes(Sequence[FrameMask]):
    """The frames that a command changed, in order of frame. Masks are read when asked for, not held."""

    def __init__(self, frames: Sequence[int], read: Callable[[int], FrameMask]) -> None:
        self.frames = tuple(frames)
        self._read = read

    def __len__(self) -> int:
        return len(self.frames)

    @overload
    def __getitem__(self, place: int) -> FrameMask: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[FrameMask]: ...

    def __getitem__(self, place: int | slice) -> FrameMask | Sequence[FrameMask]:
        if isinstance(place, slice):
            return Changes(self.frames[place], self._read)
        return self._read(self.frames[place])


class State:
    """Ledger, records and history of one session. Any thread may read; one thread at a time may change."""

    def __init__(self, tracks: Tracks) -> None:
        self.tracks = tracks
        self._ledger = Ledger()
        self._records: dict[int, Record] = {}
        self._done: list[Step] = []
        self._undone: list[Step] = []
        self._version = 0
        self._lock = threading.Lock()

    @property
    def ledger(self) -> Ledger:
        with self._lock:
            return self._ledger

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

    def ledgers(self) -> list[Ledger]:
        """Return the current ledger and all that undo and redo remember."""
        steps = (*self._done, *self._undone)
        return [self._ledger, *(ledger for step in steps for ledger in (step.before, step.after))]

    def look(self, frame_index: int) -> tuple[Ledger, Record | None]:
        """Return the ledger and a frame's record as they stand together."""
        with self._lock:
            return self._ledger, self._records.get(frame_index)

    def look_at_all(self) -> tuple[Ledger, dict[int, Record]]:
        """Return the ledger and the records of all frames that have one, as they stand together."""
        with self._lock:
            return self._ledger, dict(self._records)

    def touched(self) -> list[tuple[int, Record]]:
        """Return every frame that has a record, in order of frame."""
        with self._lock:
            return sorted(self._records.items())

    def show(self, ledger: Ledger | None = None, records: Mapping[int, Record | None] | None = None) -> None:
        """Make a new ledger and new records visible, together."""
        with self._lock:
            if ledger is not None:
                self._ledger = ledger
            for frame_index, record in (records or {}).items():
                if record is None:
                    self._records.pop(frame_index, None)
                else:
                    self._records[frame_index] = record
            self._version += 1

    def push(self, step: Step) -> None:
        """Add a step that has happened; what had been undone is forgotten."""
        self._done.append(step)
        self._undone.clear()

    def undo(self) -> Step | None:
        """Take the newest step back; return it."""
        if not self._done:
            return None
        step = self._done.pop()
        self._undone.append(step)
        self.show(step.before, step.records_before)
        return step

    def redo(self) -> Step | None:
        """Do again what was undone last; return it."""
        if not self._undone:
            return None
        step = self._undone.pop()
        self._done.append(step)
        self.show(step.after, step.records_after)
        return step


@dataclass
class Transaction:
    """Changes that become one step. What is written is visible at once; `close` makes it undoable."""

    state: State
    label: str
    before: Ledger = field(init=False)
    _records_before: dict[int, Record | None] = field(default_factory=dict)
    _records_after: dict[int, Record | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.before = self.state.ledger

    def write(self, records: Mapping[int, Record | None], ledger: Ledger | None = None) -> None:
        """Change frames' records, and the ledger with them."""
        for frame_index in records:
            self._records_before.setdefault(frame_index, self.state.look(frame_index)[1])
        self._records_after.update(records)
        self.state.show(ledger, records)

    def close(self) -> tuple[int, ...]:
        """Push the step if anything changed; return the frames whose records did."""
        after = self.state.ledger
        changed = [f for f, record in self._records_after.items() if record is not self._records_before[f]]
        if after is self.before and not changed:
            return ()
        records_before = {frame_index: self._records_before[frame_index] for frame_index in changed}
        records_after = {frame_index: self._records_after[frame_index] for frame_index in changed}
        self.state.push(Step(self.label, self.before, after, records_before, records_after))
        return tuple(sorted(changed))
