"""The tables of a project, see docs/project-file.md, and how older versions become the present one."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable

from mivos_studio.project.file.database import transaction

APPLICATION_ID = 0x4D69566F
"""'MiVo' in ASCII, which `file` and SQLite's tools show."""

OLDEST, VERSION = 1, 1
"""The formats that there are."""

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE clip (
    id INTEGER PRIMARY KEY CHECK (id = 1), relative TEXT, absolute TEXT NOT NULL, bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL, frames INTEGER NOT NULL, height INTEGER NOT NULL, width INTEGER NOT NULL,
    frame_rate TEXT NOT NULL
);
CREATE TABLE blob (id INTEGER PRIMARY KEY, size INTEGER NOT NULL, content BLOB NOT NULL);
CREATE INDEX blob_size ON blob (id, size);
CREATE TABLE record (id INTEGER PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE frame (frame_index INTEGER PRIMARY KEY, record INTEGER NOT NULL);
CREATE TABLE item (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, value TEXT NOT NULL);
CREATE TABLE round (id INTEGER PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE round_frame (
    round INTEGER NOT NULL, frame_index INTEGER NOT NULL, before INTEGER, after INTEGER,
    PRIMARY KEY (round, frame_index)
) WITHOUT ROWID;
CREATE TABLE state (id INTEGER PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE step (
    id INTEGER PRIMARY KEY, position INTEGER NOT NULL, label TEXT NOT NULL, time REAL NOT NULL,
    before INTEGER NOT NULL, after INTEGER NOT NULL
);
CREATE TABLE step_frame (
    step INTEGER NOT NULL, frame_index INTEGER NOT NULL, before INTEGER, after INTEGER,
    PRIMARY KEY (step, frame_index)
) WITHOUT ROWID;
CREATE TABLE interaction (id INTEGER PRIMARY KEY, time REAL NOT NULL, step TEXT NOT NULL);
CREATE TABLE view (id INTEGER PRIMARY KEY CHECK (id = 1), value TEXT NOT NULL);
"""

Migration = Callable[[sqlite3.Connection], None]

MIGRATIONS: dict[int, Migration] = {}
"""By version: what makes of it the next one, inside of a transaction."""


PAGE_BYTES = 1024
"""Small, since a mask of some kilobytes leaves part of a page unused: 0.2 kB here, 0.7 to 2 kB with 4096."""


def create_tables(database: sqlite3.Connection) -> None:
    """Make an empty project of an empty database, in one transaction."""
    database.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    database.execute("PRAGMA auto_vacuum = INCREMENTAL")
    with transaction(database):
        for statement in _statements():
            database.execute(statement)
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        database.execute(f"PRAGMA user_version = {VERSION}")


def version_of(database: sqlite3.Connection) -> int | None:
    """Return the schema's version; None where the database is no project."""
    (application_id,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    return int(version) if application_id == APPLICATION_ID else None


def migrate(database: sqlite3.Connection, version: int) -> None:
    """Bring an older project to the present version, in one transaction: it is old or new, never between."""
    with transaction(database):
        for older in range(version, VERSION):
            MIGRATIONS[older](database)
        database.execute(f"PRAGMA user_version = {VERSION}")


def has_our_tables(database: sqlite3.Connection) -> bool:
    """Whether a database has the tables of this version and nothing else: no view, no trigger."""
    found = database.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    return {_normal(sql) for (sql,) in found} == {_normal(sql) for sql in _statements()}


def _statements() -> list[str]:
    return [statement.strip() for statement in TABLES.split(";") if statement.strip()]


def _normal(sql: str) -> str:
    return re.sub(r"\s+", " ", sql).strip()
