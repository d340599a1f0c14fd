"""Damage to a project: to its bytes, its rows, the values in them, and the files beside it."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.mivos_studio.cli.fuzz.mutation import (
    FAR_TOO_DEEP,
    Rng,
    damaged,
    damaged_value,
    interesting_integer,
    pick,
)

_PAGE_BYTES = 4096
_STATEMENTS = (
    "DROP TABLE blob",
    "CREATE VIEW strange AS SELECT * FROM meta",
    "CREATE TRIGGER strange AFTER INSERT ON interaction BEGIN DELETE FROM blob; END",
    "CREATE TABLE other (a)",
    "DELETE FROM state",
    "DELETE FROM record",
    "UPDATE blob SET content = zeroblob(1000000)",
    "UPDATE blob SET size = size + 1",
    "UPDATE frame SET frame_index = frame_index + 1000000",
    "UPDATE record SET id = id + 1",
    "UPDATE meta SET value = '[]'",
    "PRAGMA user_version = 2147483647",
    "PRAGMA user_version = -1",
    "PRAGMA user_version = 0",
    "PRAGMA application_id = 0",
    "PRAGMA journal_mode = WAL",
    "PRAGMA encoding = 'UTF-16'",
)


def _damage_bytes(path: Path, rng: Rng) -> None:
    path.write_bytes(damaged(path.read_bytes(), rng))


def _damage_page(path: Path, rng: Rng) -> None:
    """Overwrite, exchange or empty a page; or change a field of one's header, or of the database's."""
    content = bytearray(path.read_bytes())
    first = _PAGE_BYTES * int(rng.integers(len(content) // _PAGE_BYTES))
    second = _PAGE_BYTES * int(rng.integers(len(content) // _PAGE_BYTES))
    match int(rng.integers(4)):
        case 0:
            content[first : first + _PAGE_BYTES] = content[second : second + _PAGE_BYTES]
        case 1:
            content[first : first + _PAGE_BYTES] = bytes(_PAGE_BYTES)
        case 2:
            place = first + int(rng.integers(12))
            content[place : place + 2] = interesting_integer(rng, 2)
        case 3:
            place = int(rng.integers(16, 96))
            content[place : place + 4] = interesting_integer(rng, pick(rng, (1, 2, 4)))
    path.write_bytes(content)


def _damage_rows(path: Path, rng: Rng) -> None:
    """Change values of random rows, or the tables."""
    with sqlite3.connect(path, isolation_level=None) as database:
        for _ in range(int(rng.integers(1, 4))):
            with suppress(sqlite3.Error, OverflowError, UnicodeEncodeError):
                if rng.random() < 0.2:
                    database.execute(pick(rng, _STATEMENTS))
                else:
                    _damage_row(database, rng)
    database.close()


def _damage_row(database: sqlite3.Connection, rng: Rng) -> None:
    tables = [name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    table = pick(rng, [name for name in tables if not name.startswith("sqlite_")])
    columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
    rows = database.execute(f"SELECT * FROM {table}").fetchall()
    if not rows:
        return
    row, place = pick(rng, rows), int(rng.integers(len(columns)))
    match = " AND ".join(f"{column} IS ?" for column in columns)
    if rng.random() < 0.1:
        database.execute(f"DELETE FROM {table} WHERE {match}", row)
        return
    changed = _changed(row[place], rng)
    database.execute(f"UPDATE {table} SET {columns[place]} = ? WHERE {match}", (changed, *row))


def _changed(value: Any, rng: Rng) -> Any:
    """Return a value of a row with damage of its kind: to JSON, packed bytes, a number."""
    if rng.random() < 0.15:
        return pick(
            rng, (None, "", "x", b"\xff\xfe\0", -1, 0, 2**62, 1e308, float("inf"), "\ud83d\ude00" * 99)
        )
    if isinstance(value, bytes):
        with suppress(zlib.error):
            if rng.random() < 0.7:
                return zlib.compress(damaged(zlib.decompress(value), rng))
        return damaged(value, rng)
    if isinstance(value, str) and rng.random() < 0.05:
        return pick(rng, FAR_TOO_DEEP).decode()
    if isinstance(value, str):
        with suppress(ValueError):
            return json.dumps(damaged_value(json.loads(value), rng), ensure_ascii=False)
        return damaged(value.encode(), rng).decode(errors="replace")
    return int.from_bytes(interesting_integer(rng, 8), "little", signed=True)


def _damage_beside(path: Path, rng: Rng) -> None:
    """Put files of another kind where a journal or the lock of a project would be."""
    said = {"host": pick(rng, ("other", "", 5)), "pid": pick(rng, (1, -1, 2**70, "x")), "since": 0}
    contents = (
        b"",
        rng.bytes(200),
        json.dumps(said).encode(),
        json.dumps(damaged_value(said, rng)).encode(errors="surrogatepass"),
        path.read_bytes()[: 2 * _PAGE_BYTES],
        b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + rng.bytes(600),  # how a rollback journal begins
        b"\x37\x7f\x06\x82\0\x2d\xe2\x18" + rng.bytes(600),  # and a WAL
    )
    name = pick(rng, (f"{path.name}-wal", f"{path.name}-journal", f"{path.name}-shm", f".{path.name}.lock"))
    target = path.with_name(name)
    if rng.random() < 0.1:
        target.mkdir()
    else:
        target.write_bytes(pick(rng, contents))
    if rng.random() < 0.3:
        _damage_page(path, rng)


DAMAGES: tuple[Callable[[Path, Rng], None], ...] = (
    _damage_bytes,
    _damage_page,
    _damage_rows,
    _damage_rows,
    _damage_rows,
    _damage_beside,
)


def damage_project(path: Path, rng: Rng) -> None:
    """Damage a closed project where it is."""
    pick(rng, DAMAGES)(path, rng)
