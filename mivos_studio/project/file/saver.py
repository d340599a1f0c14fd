"""Writes what has changed in a session since the last save, found by identity: its values are immutable.

A value that several others name has one row, with a count of how many do. A changed step or round keeps its
row, in which only the frames that changed are written: a propagation under way is a new step and a new round
for every frame.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, NamedTuple, cast

from inference_core.state.frame_record import FrameRecord
from inference_core.state.round import RoundRecord
from inference_core.state.session_state import SessionState
from inference_core.state.snapshot import SessionSnapshot, UndoStep
from mivos_studio.project.file.codec import (
    Item,
    children,
    encode_item,
    encode_record,
    encode_round,
    encode_state,
    encoded,
)
from mivos_studio.project.file.collecting import without_collecting
from mivos_studio.project.file.forms import FramesForm, SessionForm, SettingsForm

Frames = Mapping[int, FrameRecord | None]


class StepRow(NamedTuple):
    """The row of an undo step, and its place among the steps."""

    row: int
    position: int


@dataclass(frozen=True)
class Loaded:
    """What a project holds: the session, and the rows of its values."""

    snapshot: SessionSnapshot
    rows: Mapping[str, Mapping[int, Any]]
    """By table: the value of each row."""
    steps: tuple[tuple[StepRow, UndoStep], ...]
    """Done, then undone with the last one that was done first: in order of position."""


class _Held(NamedTuple):
    """A value, the table and row that hold it, and how many others name it."""

    value: Any
    table: str
    row: int
    holders: int


class Saver:
    """Keeps the tables of one project as the session is. `keep` or `revert` has to follow every `write`."""

    def __init__(self, database: sqlite3.Connection, loaded: Loaded | None = None) -> None:
        self._database = database
        self._held: dict[int, _Held] = {}
        self._before: dict[int, _Held | None] = {}
        self._unnamed: list[Any] = []
        self._continued: list[RoundRecord] = []
        self._next = {
            table: self._highest(table) + 1 for table in ("record", "item", "round", "state", "step")
        }
        self._saved: SessionSnapshot | None = None
        self._steps: dict[int, tuple[StepRow, UndoStep]] = {}
        self._texts: dict[str, str] = {}
        self._written: tuple[Any, ...] = ()
        if loaded is not None:
            with without_collecting():
                self._adopt(loaded)

    def write(self, snapshot: SessionSnapshot) -> None:
        """Write what differs from what was saved last; inside of a transaction."""
        saved = self._saved
        self._continued = [] if saved is None else self._find_continued(saved, snapshot)
        self._write_current(_no_frames if saved is None else saved.records, snapshot.records)
        steps = self._write_steps((*snapshot.done, *reversed(snapshot.undone)))
        row = self._name(snapshot.state)
        if saved is not None:
            self._unname(saved.state)
        self._remove_unnamed()
        texts = self._write_texts(snapshot, row)
        self._written = (snapshot, steps, texts)

    def keep(self) -> None:
        """Take what was written for saved: the transaction is on the disk."""
        self._saved, self._steps, self._texts = self._written
        self._before.clear()

    def revert(self) -> None:
        """Forget what was written: the transaction was rolled back."""
        for key, held in self._before.items():
            if held is None:
                self._held.pop(key, None)
            else:
                self._held[key] = held
        self._before.clear()

    def move_to(self, database: sqlite3.Connection) -> None:
        """Go on in a copy of the project."""
        self._database = database

    # -- values that others name -----------------------------------------------------------------------------

    def _name(self, value: Any) -> int:
        """Return the row of a value for one more that names it; the value is written where it is new."""
        held = self._held.get(id(value))
        if held is None:
            held = self._add(value)
        self._set(id(value), held._replace(holders=held.holders + 1))
        return held.row

    def _name_record(self, record: FrameRecord | None) -> int | None:
        return None if record is None else self._name(record)

    def _unname(self, value: Any) -> None:
        """Count one less that names a value; what nothing names is removed by `_remove_unnamed`."""
        if value is None:
            return
        held = self._held[id(value)]
        self._set(id(value), held._replace(holders=held.holders - 1))
        if held.holders == 1:
            self._unnamed.append(value)

    def _add(self, value: Any) -> _Held:
        """Write a value that has no row yet, and what it names."""
        columns: tuple[str, ...]
        match value:
            case FrameRecord():
                table, columns = "record", (encode_record(value),)
            case RoundRecord():
                return self._add_round(value)
            case SessionState():
                rows = {id(part): self._name(part) for part in children(value)}
                table, columns = "state", (encode_state(value, lambda part: rows[id(part)]),)
            case _:
                rows = {id(part): self._name(part) for part in children(value) if part is not None}
                columns = encode_item(cast(Item, value), lambda part: rows[id(part)])
                table = "item"
        row = self._new_row(table)
        marks = ", ".join("?" * (1 + len(columns)))
        self._database.execute(f"INSERT INTO {table} VALUES ({marks})", (row, *columns)).close()
        return _Held(value, table, row, 0)

    def _add_round(self, new: RoundRecord) -> _Held:
        """Write a round; where it continues one that is there, in that one's row."""
        old = next((each for each in self._continued if _is_beginning(each, new)), None)
        if old is None:
            row = self._new_row("round")
            self._database.execute("INSERT INTO round VALUES (?, ?)", (row, encode_round(new))).close()
            self._write_frames("round", row, (_no_frames, _no_frames), _frames_of(new))
            return _Held(new, "round", row, 0)
        self._continued = [each for each in self._continued if each is not old]
        held = self._held[id(old)]
        self._database.execute(
            "UPDATE round SET value = ? WHERE id = ?", (encode_round(new), held.row)
        ).close()
        self._write_frames("round", held.row, _frames_of(old), _frames_of(new))
        self._set(id(old), held._replace(table=_MOVED))
        return _Held(new, "round", held.row, 0)

    def _find_continued(self, saved: SessionSnapshot, snapshot: SessionSnapshot) -> list[RoundRecord]:
        """Return the rounds that no state will name any more: new ones may continue them."""
        states = {id(state): state for state in _states_of(snapshot)}
        gone = {id(state): state for state in _states_of(saved) if id(state) not in states}
        still = {id(done) for key, state in states.items() if key not in self._held for done in state.rounds}
        named: dict[int, int] = {}
        rounds: dict[int, RoundRecord] = {}
        for state in gone.values():
            for done in state.rounds:
                rounds[id(done)] = done
                named[id(done)] = named.get(id(done), 0) + 1
        return [
            done for key, done in rounds.items() if key not in still and named[key] == self._held[key].holders
        ]

    def _remove_unnamed(self) -> None:
        """Remove the rows of what nothing names any more."""
        while self._unnamed:
            value = self._unnamed.pop()
            held = self._held.get(id(value))
            if held is None or held.holders > 0:
                continue
            self._drop(value)
            if held.table == _MOVED:
                continue
            self._database.execute(f"DELETE FROM {held.table} WHERE id = ?", (held.row,)).close()
            if isinstance(value, RoundRecord):
                self._write_frames("round", held.row, _frames_of(value), (_no_frames, _no_frames))
            for part in children(value):
                self._unname(part)

    def _set(self, key: int, held: _Held) -> None:
        self._before.setdefault(key, self._held.get(key))
        self._held[key] = held

    def _drop(self, value: Any) -> None:
        self._before.setdefault(id(value), self._held.get(id(value)))
        del self._held[id(value)]

    def _new_row(self, table: str) -> int:
        row = self._next[table]
        self._next[table] += 1
        return row

    # -- frames and steps ------------------------------------------------------------------------------------

    def _write_current(self, old: Frames, new: Frames) -> None:
        """Write the records that frames have now."""
        gone = [frame_index for frame_index in old if frame_index not in new]
        changed = [
            (frame_index, record) for frame_index, record in new.items() if old.get(frame_index) is not record
        ]
        rows = [(int(frame_index), self._name_record(record)) for frame_index, record in changed]
        self._database.executemany("INSERT OR REPLACE INTO frame VALUES (?, ?)", rows).close()
        self._database.executemany(
            "DELETE FROM frame WHERE frame_index = ?", [(int(frame_index),) for frame_index in gone]
        ).close()
        for frame_index in (*gone, *(frame_index for frame_index, _ in changed)):
            self._unname(old.get(frame_index))

    def _write_frames(
        self, owner: str, row: int, old: tuple[Frames, Frames], new: tuple[Frames, Frames]
    ) -> None:
        """Write the frames of a step or round that differ: (before, after) as saved and as they are."""
        differing = [
            frame_index
            for frame_index in new[0].keys() | old[0].keys()
            if frame_index not in new[0]
            or frame_index not in old[0]
            or new[0][frame_index] is not old[0][frame_index]
            or new[1][frame_index] is not old[1][frame_index]
        ]
        rows = [
            (row, int(frame_index), *(self._name_record(records[frame_index]) for records in new))
            for frame_index in differing
            if frame_index in new[0]
        ]
        self._database.executemany(f"INSERT OR REPLACE INTO {owner}_frame VALUES (?, ?, ?, ?)", rows).close()
        gone = [(row, int(frame_index)) for frame_index in differing if frame_index not in new[0]]
        self._database.executemany(
            f"DELETE FROM {owner}_frame WHERE {owner} = ? AND frame_index = ?", gone
        ).close()
        for records in old:
            for frame_index in differing:
                self._unname(records.get(frame_index))

    def _write_steps(self, timeline: Sequence[UndoStep]) -> dict[int, tuple[StepRow, UndoStep]]:
        """Write the undo steps that differ; return the rows of all."""
        kept = {id(step) for step in timeline}
        left = [held for key, held in self._steps.items() if key not in kept]
        added = [(position, step) for position, step in enumerate(timeline) if id(step) not in self._steps]
        steps: dict[int, tuple[StepRow, UndoStep]] = {}
        for position, step in enumerate(timeline):
            if id(step) in self._steps:
                place = self._steps[id(step)][0]
                if place.position != position:
                    self._database.execute(
                        "UPDATE step SET position = ? WHERE id = ?", (position, place.row)
                    ).close()
                    place = place._replace(position=position)
                steps[id(step)] = place, step
        for new, old in zip_longest(added, left):
            if new is None:
                self._remove_step(*old)
            else:
                position, step = new
                steps[id(step)] = self._write_step(position, step, old), step
        return steps

    def _write_step(self, position: int, step: UndoStep, old: tuple[StepRow, UndoStep] | None) -> StepRow:
        """Write a step, in the row of one that is there no more where there is such a one."""
        place = StepRow(old[0].row if old else self._new_row("step"), position)
        frames = (_no_frames, _no_frames)
        if old is not None:
            frames = _frames_of(old[1])
            self._unname(old[1].before)
            self._unname(old[1].after)
        before, after = self._name(step.before), self._name(step.after)
        self._database.execute(
            "INSERT OR REPLACE INTO step VALUES (?, ?, ?, ?, ?, ?)",
            (place.row, position, step.label, step.done_at, before, after),
        ).close()
        self._write_frames("step", place.row, frames, _frames_of(step))
        return place

    def _remove_step(self, place: StepRow, step: UndoStep) -> None:
        self._database.execute("DELETE FROM step WHERE id = ?", (place.row,)).close()
        self._write_frames("step", place.row, _frames_of(step), (_no_frames, _no_frames))
        self._unname(step.before)
        self._unname(step.after)

    # -- the rest --------------------------------------------------------------------------------------------

    def _write_texts(self, snapshot: SessionSnapshot, state: int) -> dict[str, str]:
        """Write what is not a row of its own, as far as it has changed; return all of it."""
        session = SessionForm(
            state,
            len(snapshot.done),
            int(snapshot.last_object_id),
            int(snapshot.last_serial),
            int(snapshot.next_blob),
        )
        texts = {**self._texts, "session": encoded(session)}
        if self._saved is None or snapshot.settings != self._saved.settings:
            texts["settings"] = encoded(SettingsForm.of(snapshot.settings))
        if self._saved is None or (snapshot.size, snapshot.frames) != (self._saved.size, self._saved.frames):
            texts["size"] = encoded(tuple(map(int, snapshot.size)))
            texts["frames"] = encoded(FramesForm.of(snapshot.frames))
        changed = [(key, text) for key, text in texts.items() if self._texts.get(key) != text]
        self._database.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", changed).close()
        return texts

    def _adopt(self, loaded: Loaded) -> None:
        """Take what a project holds for saved, and count what names what."""
        snapshot = loaded.snapshot
        holders: dict[int, int] = {}
        for value in self._all_named(loaded):
            if value is not None:
                holders[id(value)] = holders.get(id(value), 0) + 1
        for table, values in loaded.rows.items():
            for row, value in values.items():
                self._held[id(value)] = _Held(value, table, row, holders.get(id(value), 0))
                if id(value) not in holders:
                    self._unnamed.append(value)
        self._saved = snapshot
        self._steps = {id(step): (place, step) for place, step in loaded.steps}
        self._texts = dict(self._database.execute("SELECT key, value FROM meta").fetchall())

    def _all_named(self, loaded: Loaded) -> Iterator[Any]:
        yield from loaded.snapshot.records.values()
        yield loaded.snapshot.state
        for _, step in loaded.steps:
            yield from (step.before, step.after, *step.records_before.values(), *step.records_after.values())
        for table, values in loaded.rows.items():
            for value in values.values():
                if table == "round":
                    yield from (*value.records_before.values(), *value.records_after.values())
                elif table != "record":
                    yield from children(value)

    def _highest(self, table: str) -> int:
        (highest,) = self._database.execute(f"SELECT max(id) FROM {table}").fetchone()
        return int(highest or 0)


_no_frames: Frames = {}
_MOVED = ""
"""In place of its table: the row of a round that another continues is the other's."""


def _states_of(snapshot: SessionSnapshot) -> Iterator[SessionState]:
    yield snapshot.state
    for step in (*snapshot.done, *snapshot.undone):
        yield step.before
        yield step.after


def _is_beginning(old: RoundRecord, new: RoundRecord) -> bool:
    return old.anchor == new.anchor and old.records_before.keys() <= new.records_before.keys()


def _frames_of(changed: UndoStep | RoundRecord) -> tuple[Frames, Frames]:
    return changed.records_before, changed.records_after
