"""Opens the SQLite database of a project, safe against its content, also on disks where WAL does not work."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

_LARGEST_VALUE = 512 * 2**20
_LONGEST_SQL = 20_000
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: _LARGEST_VALUE,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: _LONGEST_SQL,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 0,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 50,
}
_SETTINGS = ("trusted_schema = OFF", "cell_size_check = ON", "mmap_size = 0", "synchronous = FULL")
_WITHOUT_LOCKS = "win32-none" if sys.platform == "win32" else "unix-none"
_WAIT_S = 5.0
_LOG_PAGES = 4000
"""Of the log, before it is written into the database: about 4 MB."""
_LEAST_UNUSED_PAGES, _LEAST_UNUSED_SHARE, _PAGES_AT_ONCE = 1000, 0.05, 2000
_NETWORK_DRIVES = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "gpfs", "davfs"}
    | {"fuse.sshfs", "fuse.rclone", "fuse.glusterfs"}
)


def connect(
    path: Path, mode: str, *, immutable: bool = False, alone: bool = False, vfs: str | None = None
) -> sqlite3.Connection:
    """Open a database.

    mode       "ro", "rw" or "rwc", which makes one that is not there.
    immutable  nobody else writes it, and no log lies beside it: nothing is locked, and no file is made there.
    alone      the same with a log, whose index is then in memory instead of in a file.
    vfs        SQLite's way to reach files, instead of the system's usual one.
    Raises sqlite3.Error.
    """
    vfs = _WITHOUT_LOCKS if alone else vfs
    options = [f"mode={mode}", *(["immutable=1"] if immutable else []), *([f"vfs={vfs}"] if vfs else [])]
    database = sqlite3.connect(
        f"file:{quote(os.fsencode(_uri_path(path)))}?{'&'.join(options)}",
        uri=True,
        timeout=_WAIT_S,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        for limit, value in _LIMITS.items():
            database.setlimit(limit, value)
        # First: what is executed before would open the log with a file.
        for setting in (*(["locking_mode = EXCLUSIVE"] if alone else []), *_SETTINGS):
            database.execute(f"PRAGMA {setting}").close()
    except BaseException:
        database.close()
        raise
    return database


def start_journal(database: sqlite3.Connection, path: Path) -> str:
    """Choose the journal for writing and return its name: WAL, or a rollback journal where that fails.

    WAL needs memory that all processes share, which drives on the network have not.
    """
    if not is_on_network(path):
        try:
            name = journal_mode(database, "WAL")
            if name == "wal":
                database.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}").close()
                database.execute("SELECT 1 FROM sqlite_schema").fetchall()  # makes the shared memory
                return name
        except sqlite3.OperationalError:
            pass
    return journal_mode(database, "DELETE")


def give_back_space(database: sqlite3.Connection, within_s: float) -> None:
    """Shrink a database that has much unused space, as far as that goes within a time. Raises sqlite3.Error.

    Space is left by discarded undo steps, and used again by the next ones; a little of it stays.
    """
    until_s = time.monotonic() + within_s
    while time.monotonic() < until_s:
        (free,) = database.execute("PRAGMA freelist_count").fetchone()
        (pages,) = database.execute("PRAGMA page_count").fetchone()
        if free <= max(_LEAST_UNUSED_PAGES, _LEAST_UNUSED_SHARE * pages):
            return
        # As a script: `execute` would stop after the first page.
        database.executescript(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})").close()
        (left,) = database.execute("PRAGMA freelist_count").fetchone()
        if left >= free:
            return  # made without this ability


def unused_bytes(database: sqlite3.Connection) -> int:
    """Return how much of a database is unused: free pages and, where that can be counted, space in others."""
    (free,) = database.execute("PRAGMA freelist_count").fetchone()
    (page_bytes,) = database.execute("PRAGMA page_size").fetchone()
    space = 0
    with suppress(sqlite3.OperationalError):  # not every build has the table
        (space,) = database.execute("SELECT coalesce(sum(unused), 0) FROM dbstat").fetchone()
    return int(free) * int(page_bytes) + int(space)


def journal_mode(database: sqlite3.Connection, wanted: str) -> str:
    """Change the journal where that is possible; return the one there is."""
    (name,) = database.execute(f"PRAGMA journal_mode = {wanted}").fetchone()
    return str(name)


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """Write all that the body writes, or nothing where it raises. Raises sqlite3.Error."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:  # some errors, as that of a full disk, have ended it already
            database.execute("ROLLBACK")
        raise


def is_on_network(path: Path) -> bool:
    """Whether a path is known to be on a drive of another machine."""
    if sys.platform == "win32":
        return str(path.resolve()).startswith("\\\\")
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    place = str(path.resolve())
    found = [line.split(" ")[1:3] for line in mounts]
    holding = [
        (len(folder), kind)
        for folder, kind in ((_unescaped(folder), kind) for folder, kind in found)
        if place == folder or place.startswith(folder.rstrip("/") + "/")
    ]
    return bool(holding) and max(holding)[1] in _NETWORK_DRIVES


def _unescaped(folder: str) -> str:
    """Undo what /proc/mounts does to spaces and backslashes in names."""
    return folder.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")


def _uri_path(path: Path) -> str:
    absolute = path.absolute().as_posix()
    return absolute if absolute.startswith("/") else f"/{absolute}"
