"""On a full disk saving is a sentence, the file stays what it was, and the next save has all of it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from inference_core.types import UInt8Array
from mivos_studio.project.file.errors import FullDiskError, ProjectError
from mivos_studio.project.file.project_file import ProjectFile
from mivos_studio.project.steps import AddObject
from tests.inference_core.fakes import square_clip
from tests.inference_core.snapshot import snapshot
from tests.mivos_studio.project.file.projects import crashed_copy, new_session, reopened_session

CLIP = square_clip(4)


def noise(seed: int) -> UInt8Array:
    """Ids that take much space."""
    return np.random.default_rng(seed).integers(0, 3, CLIP.size, dtype=np.uint8)


def assert_holds(path: Path, folder: Path, expected: dict[str, object], steps: int) -> None:
    with ProjectFile.open(crashed_copy(path, folder)) as copy:
        assert snapshot(reopened_session(copy, CLIP)) == expected
        assert copy.interaction_count == steps
        assert copy._database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def set_room(database: sqlite3.Connection, pages: int) -> None:
    (used,) = database.execute("PRAGMA page_count").fetchone()
    database.execute(f"PRAGMA max_page_count = {used + pages}").fetchone()


def test_a_save_without_room_changes_nothing_and_the_next_one_saves_all(tmp_path: Path) -> None:
    with ProjectFile.create(tmp_path / "work.mivos") as project:
        session = new_session(project, CLIP)
        session.set_ids(0, noise(0))
        project.save(session, steps=[AddObject(1)])
        saved = snapshot(session)
        set_room(project._database, 0)
        for seed in range(1, 6):
            session.set_ids(seed % 4, noise(seed))
            with pytest.raises(FullDiskError, match="free some space"):
                project.save(session, steps=[AddObject(seed + 1)])
            assert_holds(project.path, tmp_path / str(seed), saved, 1)
        session.undo()
        set_room(project._database, 100_000)
        project.save(session)
        assert_holds(project.path, tmp_path / "all", snapshot(session), 6)
        session.redo()
        project.save(session)
        assert_holds(project.path, tmp_path / "redone", snapshot(session), 6)


def test_the_same_on_a_disk_that_is_full_indeed(small_disk: Path, tmp_path: Path) -> None:
    stone = small_disk / "stone"
    with ProjectFile.create(small_disk / "work.mivos") as project:
        session = new_session(project, CLIP)
        session.set_ids(0, noise(0))
        project.save(session, steps=[AddObject(1)])
        saved = snapshot(session)
        with stone.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))
        for seed in range(1, 6):
            session.set_ids(seed % 4, noise(seed))
            with pytest.raises(FullDiskError, match="free some space"):
                project.save(session)
            assert_holds(project.path, tmp_path / str(seed), saved, 1)
        stone.unlink()
        project.save(session)
        assert_holds(project.path, tmp_path / "all", snapshot(session), 1)


def test_on_a_full_disk_a_project_is_not_made_and_one_that_is_there_can_be_read(
    small_disk: Path, made: tuple[Path, dict[str, object]]
) -> None:
    there = Path(shutil.copy(made[0], small_disk))
    with (small_disk / "stone").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    with pytest.raises(ProjectError, match="full"):
        ProjectFile.create(small_disk / "new.mivos")
    with ProjectFile.open(there) as project:
        assert project.is_read_only
        assert "the disk is full" in project.notices[0]
        assert snapshot(reopened_session(project, square_clip(14))) == made[1]
    assert sorted(path.name for path in small_disk.iterdir()) == ["stone", "work.mivos"]


def test_masks_put_on_a_full_disk_stay_readable(tmp_path: Path) -> None:
    with ProjectFile.create(tmp_path / "work.mivos") as project:
        set_room(project._database, 3)
        contents = {key: bytes([key]) * 3_000_000 for key in range(30)}
        kept = {}
        with suppress(FullDiskError):
            for key, content in contents.items():
                project.storage.put(key, content)
                kept[key] = content
        assert 10 <= len(kept) < len(contents)
        assert {key: project.storage.get(key) for key in kept} == kept
        set_room(project._database, 100_000)
        for key, content in contents.items():
            project.storage.put(key, content)
        assert {key: project.storage.get(key) for key in contents} == contents


class FailingDatabase:
    """A connection that raises at one of its statements."""

    def __init__(self, database: sqlite3.Connection, fails_at: int) -> None:
        self._database = database
        self._left = fails_at

    def __getattr__(self, name: str) -> object:
        return getattr(self._database, name)

    def _count(self) -> None:
        self._left -= 1
        if self._left == 0:
            raise KeyboardInterrupt

    def execute(self, *words: object) -> sqlite3.Cursor:
        if words[0] != "ROLLBACK":
            self._count()
        return self._database.execute(*words)  # type: ignore[arg-type]

    def executemany(self, *words: object) -> sqlite3.Cursor:
        self._count()
        return self._database.executemany(*words)  # type: ignore[arg-type]


def test_a_save_that_is_interrupted_anywhere_leaves_the_last_one(tmp_path: Path) -> None:
    with ProjectFile.create(tmp_path / "work.mivos") as project:
        session = new_session(project, CLIP)
        session.set_ids(0, noise(0))
        session.propagate().run()
        project.save(session)
        saved = snapshot(session)
        session.undo()
        session.set_ids(2, noise(2))
        running = session.propagate()
        next(running)
        database = project._database
        project.storage._discarded.clear()
        fails_at = 0
        while True:
            fails_at += 1
            failing = FailingDatabase(database, fails_at)
            for part in (project, project._saver, project._blobs):
                part._database = failing  # type: ignore[union-attr, assignment]
            try:
                project.save(session)
                break
            except KeyboardInterrupt:
                assert_holds(project.path, tmp_path / str(fails_at), saved, 0)
        assert fails_at > 15
        assert_holds(project.path, tmp_path / "saved", snapshot(session), 0)
        for part in (project, project._saver, project._blobs):
            part._database = database  # type: ignore[union-attr]
