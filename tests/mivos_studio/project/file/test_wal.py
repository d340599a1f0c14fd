"""A log holds a whole transaction where SQLite finds one; reading a project leaves its log as it is."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from mivos_studio.project.file.check import check_project
from mivos_studio.project.file.project_file import ProjectFile
from mivos_studio.project.file.wal import holds_transaction
from tests.inference_core.fakes import square_clip
from tests.inference_core.snapshot import snapshot
from tests.mivos_studio.project.file.projects import crashed_copy, reopened_session

HEADER, FRAME, PAGE = 32, 24, 4096


def left_database(folder: Path) -> Path:
    """Leave a database of one row with a log of two transactions, as a killed process does."""
    path = folder / "open.db"
    database = sqlite3.connect(path, isolation_level=None)
    database.execute(f"PRAGMA page_size = {PAGE}")
    database.execute("CREATE TABLE t (x)")
    database.execute("INSERT INTO t VALUES (0)")
    database.execute("PRAGMA journal_mode = WAL")
    for number in (1, 2):
        database.execute("INSERT INTO t VALUES (?)", (bytes([number]) * 3000,))
    copy = crashed_copy(path, folder / "left")
    database.close()
    return copy


def cut(path: Path, size: int) -> None:
    with path.open("r+b") as file:
        file.truncate(size)


def spoil(path: Path, place: int) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        (byte,) = file.read(1)
        file.seek(place)
        file.write(bytes([byte ^ 1]))


CASES: dict[str, Callable[[Path], object]] = {
    "whole": lambda _: None,
    "empty": lambda path: cut(path, 0),
    "without a frame": lambda path: cut(path, HEADER),
    "with a torn header": lambda path: cut(path, HEADER - 1),
    "with half a frame": lambda path: cut(path, HEADER + FRAME + PAGE // 2),
    "with the first transaction alone": lambda path: cut(path, path.stat().st_size - 1),
    "with another page in its first frame": lambda path: spoil(path, HEADER + FRAME + 100),
    "of an older log": lambda path: spoil(path, HEADER + 9),
    "with another header": lambda path: spoil(path, 17),
    "of another kind": lambda path: spoil(path, 1),
}


@pytest.mark.parametrize("case", CASES)
def test_a_log_holds_something_where_sqlite_reads_more_than_the_database(case: str, tmp_path: Path) -> None:
    path = left_database(tmp_path)
    wal = path.with_name(f"{path.name}-wal")
    CASES[case](wal)
    found = holds_transaction(wal)
    with sqlite3.connect(path) as database:
        (rows,) = database.execute("SELECT count(*) FROM t").fetchone()
    database.close()
    assert found == (rows > 1)


def test_most_cases_hold_nothing_and_some_do(tmp_path: Path) -> None:
    found = []
    for number, spoil_it in enumerate(CASES.values()):
        (tmp_path / str(number)).mkdir()
        path = left_database(tmp_path / str(number))
        wal = path.with_name(f"{path.name}-wal")
        spoil_it(wal)
        found.append(holds_transaction(wal))
    assert found == [True, False, False, False, False, True, False, False, False, False]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("has_index", [True, False])
def test_reading_a_project_that_was_not_closed_writes_nothing(
    case: str, has_index: bool, saved: tuple[Path, dict[str, object]], tmp_path: Path
) -> None:
    folder = tmp_path / "left"
    with ProjectFile.open(saved[0]) as project:
        session = reopened_session(project, square_clip(14))
        session.undo()
        project.save(session)
        path = crashed_copy(saved[0], folder)
        if has_index:
            shutil.copyfile(f"{saved[0]}-shm", f"{path}-shm")
        expected = snapshot(session)
    CASES[case](path.with_name(f"{path.name}-wal"))
    before = {each.name: (each.read_bytes(), each.stat().st_mtime_ns) for each in folder.iterdir()}
    with ProjectFile.open(path, writes=False) as project:
        found = snapshot(reopened_session(project, square_clip(14)))
    assert check_project(path).is_ok
    assert {each.name: (each.read_bytes(), each.stat().st_mtime_ns) for each in folder.iterdir()} == before
    if case == "whole":
        assert found == expected
    elif case == "empty":
        assert found == saved[1]
