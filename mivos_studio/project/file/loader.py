"""Reads a session from the tables of a project."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from pathlib import Path
from typing import Any

from msgspec import convert, json

from inference_core.state.frame_record import FrameRecord
from inference_core.state.snapshot import SessionSnapshot, UndoStep
from mivos_studio.project.file.codec import Decoder
from mivos_studio.project.file.collecting import without_collecting
from mivos_studio.project.file.errors import UNREADABLE, DamagedError
from mivos_studio.project.file.forms import FramesForm, SessionForm, SettingsForm
from mivos_studio.project.file.saver import Frames, Loaded, StepRow

_StepColumns = tuple[int, int, str, float, int, int]
_FrameColumns = tuple[int, int, int | None, int | None]


def load(database: sqlite3.Connection, path: Path) -> Loaded | None:
    """Read the session; None where none was saved yet.

    Raises a DamagedError where something is missing or is not what this program writes, and sqlite3.Error.
    """
    texts = dict(database.execute("SELECT key, value FROM meta").fetchall())
    if "session" not in texts:
        if database.execute("SELECT 1 FROM state LIMIT 1").fetchone():
            raise DamagedError(path, "it does not say which state is the current one")
        return None
    try:
        with without_collecting():
            return _load(database, texts)
    except KeyError as error:
        raise DamagedError(path, f"its entry {error} is missing") from error
    except UNREADABLE as error:
        raise DamagedError(path, str(error) or type(error).__name__) from error


def _load(database: sqlite3.Connection, texts: dict[str, str]) -> Loaded:
    decoder = Decoder()
    records = {row: decoder.record(text) for row, text in database.execute("SELECT id, value FROM record")}
    before, after = _frames(database, "round", records)
    rounds = {
        row: decoder.round(text, before.get(row, {}), after.get(row, {}))
        for row, text in database.execute("SELECT id, value FROM round")
    }
    items = {
        row: decoder.item(kind, text, records)
        for row, kind, text in database.execute("SELECT id, kind, value FROM item")
    }
    states = {
        row: decoder.state(text, items, rounds)
        for row, text in database.execute("SELECT id, value FROM state")
    }
    steps = _steps(database, records, states)
    session = json.decode(texts["session"], type=SessionForm)
    timeline = [step for _, step in steps]
    frames = json.decode(texts["frames"], type=FramesForm).value()
    _check_frames(database, len(frames))
    current = convert(
        database.execute("SELECT frame_index, record FROM frame").fetchall(), list[tuple[int, int]]
    )
    snapshot = SessionSnapshot(
        json.decode(texts["settings"], type=SettingsForm).value(),
        json.decode(texts["size"], type=tuple[int, int]),
        frames,
        states[session.state],
        {frame_index: records[row] for frame_index, row in current},
        tuple(timeline[: session.done]),
        tuple(reversed(timeline[session.done :])),
        session.object,
        session.serial,
        session.blob,
    )
    return Loaded(
        snapshot, {"record": records, "round": rounds, "item": items, "state": states}, tuple(steps)
    )


def _check_frames(database: sqlite3.Connection, count: int) -> None:
    """Raise a LookupError where a frame is named that the clip has not."""
    for table in ("frame", "round_frame", "step_frame"):
        first, last = database.execute(f"SELECT min(frame_index), max(frame_index) FROM {table}").fetchone()
        if first is not None and not 0 <= first <= last < count:
            raise LookupError(f"frames {first} to {last} of a clip of {count}")


def _steps(
    database: sqlite3.Connection, records: dict[int, FrameRecord], states: dict[int, Any]
) -> list[tuple[StepRow, UndoStep]]:
    before, after = _frames(database, "step", records)
    rows = database.execute("SELECT id, position, label, time, before, after FROM step ORDER BY position")
    return [
        (
            StepRow(row, position),
            UndoStep(label, states[first], states[last], before.get(row, {}), after.get(row, {}), done_at),
        )
        for row, position, label, done_at, first, last in convert(rows.fetchall(), list[_StepColumns])
    ]


def _frames(
    database: sqlite3.Connection, owner: str, records: dict[int, FrameRecord]
) -> tuple[dict[int, Frames], dict[int, Frames]]:
    """Return by row of its owner what each frame held before and after."""
    before: dict[int, dict[int, FrameRecord | None]] = defaultdict(dict)
    after: dict[int, dict[int, FrameRecord | None]] = defaultdict(dict)
    rows = database.execute(f"SELECT {owner}, frame_index, before, after FROM {owner}_frame")
    for row, frame_index, first, last in convert(rows.fetchall(), list[_FrameColumns]):
        before[row][frame_index] = None if first is None else records[first]
        after[row][frame_index] = None if last is None else records[last]
    return {**before}, {**after}
