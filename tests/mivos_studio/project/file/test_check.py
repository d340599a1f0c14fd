"""A check finds whatever is damaged; a repair leaves a whole project with all that can still be read."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from inference_core.session import Session
from mivos_studio.project.file.check import check_project
from mivos_studio.project.file.errors import ProjectError
from mivos_studio.project.file.project_file import ProjectFile
from mivos_studio.project.file.repair import repair_project
from tests.inference_core.fakes import square_clip
from tests.inference_core.snapshot import snapshot
from tests.mivos_studio.project.file.projects import reopened_session

CLIP = square_clip(14)


def test_a_whole_project_is_ok_and_its_sizes_add_up(saved: tuple[Path, object]) -> None:
    path, _ = saved
    report = check_project(path)
    assert report.is_ok, report.problems
    assert (report.interactions, report.rounds, report.frames) == (1, 2, 14)
    parts = {name: count for name, count in report.sizes.items() if name != "file"}
    assert sum(parts.values()) == report.sizes["file"] == path.stat().st_size
    assert all(count > 0 for count in parts.values())
    assert [each.name for each in path.parent.iterdir()] == ["work.mivos"]


def test_a_new_project_is_ok(tmp_path: Path) -> None:
    with ProjectFile.create(tmp_path / "new.mivos"):
        pass
    assert check_project(tmp_path / "new.mivos").is_ok


def change(path: Path, *statements: str) -> None:
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def blob_of_frame(path: Path, frame_index: int) -> int:
    with ProjectFile.open(path, writes=False) as project:
        assert project.state is not None
        return int(project.state.records[frame_index].layers[0].blob)


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a mask cut short": (
        lambda path: change(
            path, f"UPDATE blob SET content = substr(content, 1, 20) WHERE id = {blob_of_frame(path, 5)}"
        ),
        "1 masks cannot be read",
    ),
    "a mask of another size": (
        lambda path: change(
            path,
            f"UPDATE blob SET content = x'789c63606060000000040001' WHERE id = {blob_of_frame(path, 5)}",
        ),
        "1 masks cannot be read",
    ),
    "a mask missing": (
        lambda path: change(path, f"DELETE FROM blob WHERE id = {blob_of_frame(path, 5)}"),
        "1 masks cannot be read",
    ),
    "a strange record": (
        lambda path: change(path, "UPDATE record SET value = 'x' WHERE id = 4"),
        "JSON is malformed",
    ),
    "no first state": (lambda path: change(path, "DELETE FROM state WHERE id = 1"), "1"),
    "a strange step of the script": (
        lambda path: change(path, """UPDATE interaction SET step = '{"do": "dance"}'"""),
        "must be one of",
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_found_and_repaired_and_a_copy_is_kept(name: str, saved: tuple[Path, object]) -> None:
    path, _ = saved
    spoil, found = DAMAGE[name]
    spoil(path)
    report = check_project(path)
    assert not report.is_ok
    assert found in "; ".join(report.problems)
    damaged = path.read_bytes()
    repair = repair_project(path)
    assert repair.copy.read_bytes() == damaged
    assert repair.lost
    assert check_project(path).is_ok
    with ProjectFile.open(path) as project:
        session = reopened_session(project, CLIP)
        session.propagate(0).run()
        project.save(session)
    assert check_project(path).is_ok


def restored(path: Path) -> Session:
    with ProjectFile.open(path) as project:
        session = reopened_session(project, CLIP)
        snapshot(session)
        return session


def test_without_one_mask_all_others_stay_and_history_leads_back_to_it(
    saved: tuple[Path, dict[str, object]],
) -> None:
    path, before = saved
    DAMAGE["a mask cut short"][0](path)
    repair_project(path)
    with ProjectFile.open(path) as project:
        session = reopened_session(project, CLIP)
        after = snapshot(session)
        assert isinstance(before["ids"], list)
        assert isinstance(after["ids"], list)
        differing = [index for index in range(14) if before["ids"][index] != after["ids"][index]]
        assert differing == [5]
        assert not session.ids(5).any()
        assert after["anchors"] == before["anchors"]
        assert after["objects"] == before["objects"]
        # Frame 5 was propagated by the first round; the steps after it are kept.
        assert 0 < session.undo_count < 5
        while session.can_undo:
            session.undo()
            snapshot(session)
        while session.can_redo:
            session.redo()
        assert snapshot(session)["ids"][5] == after["ids"][5]  # type: ignore[index]


def test_a_whole_project_comes_through_a_repair_unchanged(saved: tuple[Path, dict[str, object]]) -> None:
    path, before = saved
    repair = repair_project(path)
    assert repair.lost == ()
    with ProjectFile.open(path) as project:
        session = reopened_session(project, CLIP)
        assert snapshot(session) == before
        assert (session.undo_count, session.can_redo) == (5, True)
        assert project.interaction_count == 1


def test_a_project_that_is_open_is_not_repaired(saved: tuple[Path, object]) -> None:
    with ProjectFile.open(saved[0]), pytest.raises(ProjectError, match="open for writing"):
        repair_project(saved[0])


@pytest.mark.parametrize("count", [40, pytest.param(2000, marks=pytest.mark.long("fuzz"))])
def test_random_damage_ends_in_a_report_and_never_in_a_fault(
    count: int, saved: tuple[Path, object], tmp_path: Path
) -> None:
    rng, whole = np.random.default_rng(0), saved[0].read_bytes()
    repaired = 0
    for number in range(count):
        path = tmp_path / str(number) / "work.mivos"
        path.parent.mkdir()
        content = bytearray(whole)
        match rng.integers(3):
            case 0:
                for _ in range(int(rng.integers(1, 30))):
                    content[int(rng.integers(100, len(content)))] = int(rng.integers(256))
            case 1:
                page = 4096 * int(rng.integers(1, len(content) // 4096))
                content[page : page + 4096] = rng.bytes(4096)
            case 2:
                del content[int(rng.integers(4096, len(content))) :]
        path.write_bytes(content)
        try:
            report = check_project(path)
            if report.is_ok:
                restored(path)
                continue
            repair_project(path)
        except ProjectError:
            continue
        repaired += 1
        assert check_project(path).is_ok
        with ProjectFile.open(path) as project:
            if project.state is not None:
                snapshot(reopened_session(project, CLIP))
        shutil.rmtree(path.parent)
    assert repaired > count // 4
