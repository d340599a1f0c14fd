"""All of a session as one tree of plain values: what a project file keeps, besides the bytes of the masks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from inference_core.state.frame_record import Blob, FrameRecord
from inference_core.state.session_state import SessionState
from inference_core.types import FrameInfo, HistoryEntry, SessionSettings


@dataclass(frozen=True)
class UndoStep:
    """One undo step: the state and the changed frames' records, before and after.

    label    what was done, as after "Undo ": "scribble on Dog".
    done_at  when it began, seconds since 1970.
    """

    label: str
    before: SessionState
    after: SessionState
    records_before: Mapping[int, FrameRecord | None]
    records_after: Mapping[int, FrameRecord | None]
    done_at: float = 0.0

    # Made once, since all of them are listed after every command.

    @cached_property
    def done_entry(self) -> HistoryEntry:
        """Its entry in the history while it is done."""
        return HistoryEntry(self.label, self.done_at, tuple(sorted(self.records_after)), is_undone=False)

    @cached_property
    def undone_entry(self) -> HistoryEntry:
        """Its entry in the history while it is undone."""
        return self.done_entry._replace(is_undone=True)


@dataclass(frozen=True)
class SessionSnapshot:
    """A session at one moment; `Session.restore` opens it again.

    size, frames    of the clip: (height, width), and what it states about each frame.
    records         the masks of every frame that has any.
    done, undone    undo and redo steps, in the order in which they were done and undone.
    last_object_id, last_serial, next_blob  the highest that were ever given: none is given twice.
    """

    settings: SessionSettings
    size: tuple[int, int]
    frames: tuple[FrameInfo, ...]
    state: SessionState
    records: Mapping[int, FrameRecord]
    done: tuple[UndoStep, ...]
    undone: tuple[UndoStep, ...]
    last_object_id: int
    last_serial: int
    next_blob: int

    def blobs(self) -> set[Blob]:
        """Return the bytes that the session names: all that a file of it must hold."""
        return blobs_named(self.state, self.records.values(), (*self.done, *self.undone))


def blobs_named(state: SessionState, records: Iterable[FrameRecord], steps: Iterable[UndoStep]) -> set[Blob]:
    """Return the bytes that a state, the frames' records and the undo steps name."""
    found: set[Blob] = set()
    # States share most of their values: each is looked at once. All of them live as long as this call.
    seen: set[int] = set()

    def add(named: Iterable[FrameRecord | None]) -> None:
        for record in named:
            if record is not None and id(record) not in seen:
                seen.add(id(record))
                found.update(record.blobs)

    def add_state(state: SessionState) -> None:
        if id(state) in seen:
            return
        seen.add(id(state))
        add(_records_of(state))
        for segment in state.unfinished:
            frames = (*segment.memorized, *((segment.last,) if segment.last else ()))
            found.update(frame.prob.blob for frame in frames)
        for done in state.rounds:
            if id(done) not in seen:
                seen.add(id(done))
                add(done.records_before.values())
                add(done.records_after.values())

    add(records)
    add_state(state)
    for step in steps:
        add(step.records_before.values())
        add(step.records_after.values())
        add_state(step.before)
        add_state(step.after)
    return found


def _records_of(state: SessionState) -> Iterator[FrameRecord | None]:
    for anchor in state.anchors:
        yield anchor.record
        yield anchor.base
    for draft in state.drafts:
        yield draft.base
        if draft.strokes is not None:
            yield draft.strokes.start
