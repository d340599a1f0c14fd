"""What takes how much of a project's file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from inference_core.state.snapshot import SessionSnapshot
from mivos_studio.project.file.database import unused_bytes
from mivos_studio.project.file.saver import Loaded

_ROW_BYTES = 12
"""Of a row besides its texts: its numbers, what is before each, and its place in the page."""
_POINTER_BYTES = 4
"""Of each page that a long content fills: where the next one is."""
_HISTORY = {"step": "label", "step_frame": "''", "round": "value", "round_frame": "''"}
"""The tables that undo needs alone, and the text of each row."""


def sizes_of(database: sqlite3.Connection, path: Path, loaded: Loaded | None) -> dict[str, int]:
    """Return bytes: "file", and of it "history", "masks", "prob", "unused" and "rest", which add up to it.

    loaded  what the project holds; None where no session was saved in it.
    Raises sqlite3.Error, and OSError.
    """
    sizes: dict[int, int] = dict(
        database.execute("SELECT id, size FROM blob INDEXED BY blob_size").fetchall()
    )
    state = None if loaded is None else loaded.snapshot
    now = () if state is None else tuple(state.records.values())
    named = set() if state is None else {int(blob) for blob in state.blobs()}
    masks = {int(layer.blob) for record in now for layer in record.layers}
    prob = {int(record.prob.blob) for record in now} - masks
    (page_bytes,) = database.execute("PRAGMA page_size").fetchone()

    def total(blobs: Iterable[int]) -> int:
        found = [sizes.get(blob, 0) for blob in blobs]
        return sum(size + size // (page_bytes - _POINTER_BYTES) * _POINTER_BYTES for size in found)

    parts = {
        "history": total(named - masks - prob) + _history_rows(database, loaded),
        "masks": total(masks),
        "prob": total(prob),
        "unused": unused_bytes(database) + total(sizes.keys() - named),
    }
    file_bytes = path.stat().st_size
    return {"file": file_bytes, **parts, "rest": max(file_bytes - sum(parts.values()), 0)}


def _history_rows(database: sqlite3.Connection, loaded: Loaded | None) -> int:
    """Return the bytes of rows that the session as it is does not need."""
    if loaded is None:
        return 0
    needed = _needed_now(loaded.snapshot)
    count = 0
    for table in ("record", "item", "state"):
        lengths = dict(database.execute(f"SELECT id, length(value) FROM {table}").fetchall())
        older = (row for row, value in loaded.rows[table].items() if id(value) not in needed)
        count += sum(lengths.get(row, 0) + _ROW_BYTES for row in older)
    for table, text in _HISTORY.items():
        query = f"SELECT coalesce(sum(length({text}) + {_ROW_BYTES}), 0) FROM {table}"
        count += sum(found for (found,) in database.execute(query).fetchall())
    return count


def _needed_now(snapshot: SessionSnapshot) -> set[int]:
    state = snapshot.state
    items = (*state.objects, *state.anchors, *state.drafts, *state.unfinished)
    return {id(value) for value in (state, *items, *snapshot.records.values())}
