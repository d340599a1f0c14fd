"""Saves what can be read of a damaged project.

All rows that can be read become a session again, without the masks that cannot: a frame without its mask is
empty, an anchor or draft without one is gone. Undo steps stay as far as they lead back, or forward, without a
gap. The project is written anew from that.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from msgspec import MsgspecError, convert, json

from inference_core.state.frame_record import Blob, FrameRecord
from inference_core.state.round import RoundRecord
from inference_core.state.segments import Segment
from inference_core.state.session_state import SessionState
from inference_core.state.snapshot import SessionSnapshot, UndoStep
from mivos_studio.files import written_beside
from mivos_studio.media.output.places import cannot_write, real_path
from mivos_studio.project.file.check import MaskChecker
from mivos_studio.project.file.clip_reference import ClipReference, read_clip, write_clip
from mivos_studio.project.file.codec import Decoder, Item
from mivos_studio.project.file.collecting import without_collecting
from mivos_studio.project.file.database import connect
from mivos_studio.project.file.errors import SQLITE_ERRORS, UNREADABLE, ProjectError, in_sentences
from mivos_studio.project.file.forms import FramesForm, SessionForm, SettingsForm, StateForm
from mivos_studio.project.file.lock import ProjectLock
from mivos_studio.project.file.opening import check_is_file, check_version
from mivos_studio.project.file.saver import Saver
from mivos_studio.project.file.schema import create_tables
from mivos_studio.project.steps import step_from_json

_BESIDE = ("-wal", "-shm", "-journal")
_MOST_STEPS = 1_000_000
_ROWS: dict[str, tuple[str, Any]] = {
    "meta": ("key, value", tuple[str, str]),
    "record": ("id, value", tuple[int, str]),
    "frame": ("frame_index, record", tuple[int, int]),
    "item": ("id, kind, value", tuple[int, str, str]),
    "round": ("id, value", tuple[int, str]),
    "round_frame": ("round, frame_index, before, after", tuple[int, int, int | None, int | None]),
    "state": ("id, value", tuple[int, str]),
    "step": ("id, position, label, time, before, after", tuple[int, int, str, float, int, int]),
    "step_frame": ("step, frame_index, before, after", tuple[int, int, int | None, int | None]),
    "interaction": ("id, time, step", tuple[int, float, str]),
    "view": ("id, value", tuple[int, str]),
}
"""Of each table the columns that are read, and their types; its key comes first."""
_Value = TypeVar("_Value")


@dataclass
class Salvage:
    """What could be read of a project, and what could not: lost counts by what it was."""

    snapshot: SessionSnapshot | None = None
    interactions: list[tuple[float, str]] = field(default_factory=list)
    view: str | None = None
    clip: ClipReference | None = None
    lost: dict[str, int] = field(default_factory=dict)

    def count(self, what: str, number: int = 1) -> None:
        """Add to what is lost."""
        if number:
            self.lost[what] = self.lost.get(what, 0) + number


@dataclass(frozen=True)
class Repair:
    """A repaired project: where the damaged one is, and what was lost, as ("3 undo steps", …)."""

    copy: Path
    lost: tuple[str, ...]


def repair_project(path: Path) -> Repair:
    """Write a project anew from what can be read of it; a copy of the damaged one is left beside.

    Raises a ProjectError where it is open elsewhere, is no project, or its session cannot be read at all:
    then it stays as it is.
    """
    path = real_path(path)
    check_is_file(path)
    try:
        lock = ProjectLock.acquire(path)
    except OSError as error:
        raise ProjectError(cannot_write(path, error)) from error
    try:
        copy = _copied(path)
        with in_sentences(path):
            database = connect(path, "rw")
            try:
                check_version(database, path)
                salvage = salvaged(database, path)
                _replace(path, database, salvage)
            finally:
                database.close()
    except OSError as error:
        raise ProjectError(cannot_write(path, error)) from error
    finally:
        lock.release()
    return Repair(copy, tuple(f"{number} {what}" for what, number in salvage.lost.items()))


def salvaged(database: sqlite3.Connection, path: Path) -> Salvage:
    """Read what can be read. Raises a ProjectError where the session itself cannot be."""
    found = Salvage()
    for _, time, step in _rows(database, found, "interaction"):
        if _is_step(step):
            found.interactions.append((time, step))
        else:
            found.count("steps of the script")
    found.view = next((value for _, value in _rows(database, found, "view")), None)
    try:
        found.clip = read_clip(database)
    except (*SQLITE_ERRORS, *UNREADABLE):
        found.count("reference to the clip")
    texts = dict(_rows(database, found, "meta"))
    if "session" in texts or _rows(database, found, "state"):
        with without_collecting():
            _Reader(database, path, found, texts).read()
    return found


class _Reader:
    """Reads a session as the loader does, and leaves out what cannot be read."""

    def __init__(
        self, database: sqlite3.Connection, path: Path, found: Salvage, texts: Mapping[str, str]
    ) -> None:
        self._database = database
        self._found = found
        self._decoder = Decoder()
        try:
            self._settings = json.decode(texts["settings"], type=SettingsForm).value()
            self._size = json.decode(texts["size"], type=tuple[int, int])
            self._frames = json.decode(texts["frames"], type=FramesForm).value()
        except UNREADABLE as error:
            raise ProjectError(
                f"{path} cannot be repaired, since what it says of its clip cannot be read:"
                " go back to an older copy."
            ) from error
        self._session = self._read("sessions", lambda: json.decode(texts["session"], type=SessionForm))
        self._masks = MaskChecker(self._size, self._settings.prob_dtype, self._blob)

    def read(self) -> None:
        """Read the session into what is found."""
        records = self._records()
        rounds = self._rounds(records)
        items = self._items(records)
        states = {
            row: state
            for row, text in self._rows("state")
            if (state := self._state(text, items, rounds)) is not None
        }
        if not states:
            return
        session = self._session
        steps, done = self._steps(records, states)
        if session is None or session.state not in states:
            self._found.count("current state, which is that of the last step now")
            last = steps[done - 1] if done else None
            current = last.after if last else states[max(states)]
        else:
            current = states[session.state]
        frames = self._rows("frame")
        now = {
            frame_index: records[row]
            for frame_index, row in frames
            if row in records and 0 <= frame_index < len(self._frames)
        }
        self._found.count("masks of frames", len(frames) - len(now))
        kept, undone = self._without_gaps(steps, done, current)
        serials = [each for state in states.values() for each in state.objects]
        self._found.snapshot = SessionSnapshot(
            self._settings,
            self._size,
            self._frames,
            current,
            now,
            kept,
            undone,
            max([session.object if session else 0, *(each.object_id for each in serials)]),
            max([session.serial if session else 0, *(each.serial for each in serials)]),
            max(
                [
                    session.blob if session else 0,
                    *(blob + 1 for each in records.values() for blob in each.blobs),
                ]
            ),
        )

    def _records(self) -> dict[int, FrameRecord]:
        found = {}
        for row, text in self._rows("record"):
            record = self._read("masks", partial(self._decoder.record, text))
            if record is None:
                continue
            if self._masks.is_readable(record):
                found[row] = record
            else:
                self._found.count("masks")
        return found

    def _rounds(self, records: Mapping[int, FrameRecord]) -> dict[int, RoundRecord]:
        before, after, broken = self._changed("round", records)
        found = {}
        for row, text in self._rows("round"):
            frames = before.get(row, {}), after.get(row, {})
            done = self._read("rounds", partial(self._decoder.round, text, *frames))
            if done is not None and row not in broken:
                found[row] = done
        return found

    def _items(self, records: Mapping[int, FrameRecord]) -> dict[int, Item]:
        found: dict[int, Item] = {}
        for row, kind, text in self._rows("item"):
            item = self._read(f"{kind}s", partial(self._decoder.item, kind, text, records))
            if item is None or (isinstance(item, Segment) and not self._masks.is_whole(item)):
                continue
            found[row] = item
        return found

    def _state(
        self, text: str, items: Mapping[int, Item], rounds: Mapping[int, RoundRecord]
    ) -> SessionState | None:
        """Read a state, without what could not be read of it."""
        form = self._read("states", lambda: json.decode(text, type=StateForm))
        if form is None:
            return None

        def left_of(rows: tuple[int, ...], among: Mapping[int, Any]) -> tuple[int, ...]:
            return tuple(row for row in rows if row in among)

        left = StateForm(
            left_of(form.objects, items),
            left_of(form.anchors, items),
            left_of(form.drafts, items),
            left_of(form.unfinished, items),
            left_of(form.rounds, rounds),
        )
        return self._decoder.state(json.encode(left).decode(), items, rounds)

    def _steps(
        self, records: Mapping[int, FrameRecord], states: Mapping[int, SessionState]
    ) -> tuple[list[UndoStep | None], int]:
        """Return the steps by position, None for each that cannot be read, and how many are done."""
        before, after, broken = self._changed("step", records)
        by_position: dict[int, UndoStep | None] = {}
        for row, position, label, done_at, first, last in self._rows("step"):
            step = None
            if row not in broken and first in states and last in states:
                changed = before.get(row, {}), after.get(row, {})
                step = UndoStep(label, states[first], states[last], *changed, done_at)
            by_position[position] = step
        positions = range(max(by_position, default=-1) + 1)[:_MOST_STEPS]
        done = min(self._session.done if self._session else len(positions), len(positions))
        return [by_position.get(position) for position in positions], done

    def _without_gaps(
        self, steps: Sequence[UndoStep | None], done: int, current: SessionState
    ) -> tuple[tuple[UndoStep, ...], tuple[UndoStep, ...]]:
        """Return the done and undone steps that lead back and forward from the current state."""
        kept: list[UndoStep] = []
        below = current
        for step in reversed(steps[:done]):
            if step is None or step.after is not below:
                break
            kept.append(step)
            below = step.before
        undone: list[UndoStep] = []
        below = current
        for step in steps[done:]:
            if step is None or step.before is not below:
                break
            undone.append(step)
            below = step.after
        self._found.count("undo steps", len(steps) - len(kept) - len(undone))
        return tuple(reversed(kept)), tuple(reversed(undone))

    def _changed(
        self, owner: str, records: Mapping[int, FrameRecord]
    ) -> tuple[dict[int, dict[int, Any]], dict[int, dict[int, Any]], set[int]]:
        """Return by row what each frame held before and after, and the rows of which something is missing."""
        before: dict[int, dict[int, Any]] = {}
        after: dict[int, dict[int, Any]] = {}
        broken: set[int] = set()
        for row, frame_index, first, last in self._rows(f"{owner}_frame"):
            named = {first, last} - {None}
            if not named <= records.keys() or not 0 <= frame_index < len(self._frames):
                broken.add(row)
                continue
            before.setdefault(row, {})[frame_index] = None if first is None else records[first]
            after.setdefault(row, {})[frame_index] = None if last is None else records[last]
        return before, after, broken

    def _blob(self, blob: Blob) -> bytes | None:
        try:
            return _content(self._database, int(blob))
        except (*SQLITE_ERRORS, TypeError):
            return None

    def _rows(self, table: str) -> list[tuple[Any, ...]]:
        return _rows(self._database, self._found, table)

    def _read(self, what: str, read: Callable[[], _Value]) -> _Value | None:
        try:
            return read()
        except UNREADABLE:
            self._found.count(what)
            return None


def _is_step(text: Any) -> bool:
    try:
        step_from_json(text, "A step")
    except UNREADABLE:
        return False
    return True


def _rows(database: sqlite3.Connection, found: Salvage, table: str) -> list[tuple[Any, ...]]:
    """Return the rows of a table: where reading fails in between, those before and those behind."""
    columns, kind = _ROWS[table]
    key = ", ".join(columns.split(", ")[: 2 if table.endswith("_frame") else 1])
    rows: list[tuple[Any, ...]] = []
    if not _read_until_error(database, f"SELECT {columns} FROM {table} ORDER BY {key}", rows):
        found.count(f"places of the table {table}")
        backwards: list[tuple[Any, ...]] = []
        descending = key.replace(",", " DESC,")
        _read_until_error(database, f"SELECT {columns} FROM {table} ORDER BY {descending} DESC", backwards)
        known = set(rows)
        rows += [row for row in reversed(backwards) if row not in known]
    whole = [row for row in rows if _is_of(row, kind)]
    found.count(f"rows of the table {table}", len(rows) - len(whole))
    return whole


def _is_of(row: tuple[Any, ...], kind: Any) -> bool:
    try:
        convert(row, kind)
    except MsgspecError:
        return False
    return True


def _read_until_error(database: sqlite3.Connection, query: str, rows: list[tuple[Any, ...]]) -> bool:
    try:
        rows.extend(_each(database, query))
    except SQLITE_ERRORS:
        return False
    return True


def _each(database: sqlite3.Connection, query: str) -> Iterator[tuple[Any, ...]]:
    yield from database.execute(query)


def _replace(path: Path, damaged: sqlite3.Connection, salvage: Salvage) -> None:
    """Put a project of what was found in the place of the damaged one, whose connection is closed."""

    def put(repaired: Path, target: Path) -> None:
        damaged.close()
        for ending in _BESIDE:  # they would be taken for the new one's
            target.with_name(f"{target.name}{ending}").unlink(missing_ok=True)
        repaired.replace(target)

    with written_beside(path, put) as beside:
        beside.unlink(missing_ok=True)
        database = connect(beside, "rwc")
        try:
            create_tables(database)
            database.execute("BEGIN IMMEDIATE")
            _write(database, damaged, salvage)
            database.execute("COMMIT")
        finally:
            database.close()


def _write(database: sqlite3.Connection, damaged: sqlite3.Connection, salvage: Salvage) -> None:
    if salvage.clip is not None:
        write_clip(database, salvage.clip)
    database.executemany("INSERT INTO interaction (time, step) VALUES (?, ?)", salvage.interactions).close()
    if salvage.view is not None:
        database.execute("INSERT INTO view VALUES (1, ?)", (salvage.view,)).close()
    if salvage.snapshot is None:
        return
    for blob in sorted(salvage.snapshot.blobs()):
        try:
            content = _content(damaged, int(blob))
        except (*SQLITE_ERRORS, TypeError):
            continue  # of no object: it is never read
        database.execute("INSERT INTO blob VALUES (?, ?, ?)", (int(blob), len(content), content)).close()
    Saver(database).write(salvage.snapshot)


def _content(database: sqlite3.Connection, blob: int) -> bytes:
    """Return the bytes of a number. Raises TypeError where there are none, and sqlite3.Error."""
    (content,) = database.execute("SELECT content FROM blob WHERE id = ?", (blob,)).fetchone()
    if not isinstance(content, bytes):
        raise TypeError(f"{blob} has no bytes")
    return content


def _copied(path: Path) -> Path:
    """Copy a project with what lies beside it to NAME.damaged.mivos, numbered where that is taken."""
    for number in range(1, 1000):
        ending = "damaged" if number == 1 else f"damaged-{number}"
        copy = path.with_name(f"{path.stem}.{ending}{path.suffix}")
        if not copy.exists():
            break
    for beside in ("", *_BESIDE):
        source = path.with_name(f"{path.name}{beside}")
        if source.exists():
            shutil.copyfile(source, copy.with_name(f"{copy.name}{beside}"))
    return copy
