"""Projects moved, deleted or replaced while they are open, and journals apart from their projects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mivos_studio.project.file.errors import ProjectError
from mivos_studio.project.file.lock import lock_path
from mivos_studio.project.file.project_file import ProjectFile
from tests.inference_core.fakes import square_clip, square_ids
from tests.inference_core.snapshot import snapshot
from tests.mivos_studio.project.file.projects import crashed_copy, new_session, reopened_session, worked

CLIP = square_clip(14)


def content(path: Path) -> dict[str, object]:
    with ProjectFile.open(path, writes=False) as project:
        return snapshot(reopened_session(project, CLIP))


def rename(path: Path) -> Path:
    return path.rename(path.with_name("renamed.mivos"))


def rename_folder(path: Path) -> Path:
    return path.parent.rename(path.parent.with_name("moved")) / path.name


def replace_by_another(path: Path) -> Path:
    kept = path.rename(path.with_name("kept.mivos"))
    path.write_bytes(b"another one")
    return kept


@pytest.mark.parametrize("move", [rename, rename_folder, replace_by_another])
def test_a_project_that_is_moved_while_it_is_open_is_saved_once_it_is_back(
    move: Callable[[Path], Path], tmp_path: Path
) -> None:
    path = tmp_path / "folder" / "work.mivos"
    path.parent.mkdir()
    with ProjectFile.create(path) as project:
        session = worked(project)
        moved = move(path)
        session.set_ids(3, square_ids(3))
        with pytest.raises(ProjectError, match="was moved, renamed or deleted while it is open"):
            project.save(session)
        if moved.parent != path.parent:
            moved.parent.rename(path.parent)
        else:
            moved.replace(path)
        project.save(session)
        expected = snapshot(session)
    assert content(path) == expected


@pytest.mark.parametrize("is_on_network", [False, True])
def test_a_project_that_is_deleted_while_it_is_open_is_saved_under_another_name_with_all_work(
    is_on_network: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("database", "project_file"):
        monkeypatch.setattr(f"mivos_studio.project.file.{module}.is_on_network", lambda _: is_on_network)
    with ProjectFile.create(tmp_path / "work.mivos") as project:
        session = worked(project)
        (tmp_path / "work.mivos").unlink()
        session.set_ids(3, square_ids(3))
        with pytest.raises(ProjectError, match="save the work under another name"):
            project.save(session)
        project.save_as(tmp_path / "other.mivos")
        project.save(session)
        expected = snapshot(session)
    assert content(tmp_path / "other.mivos") == expected
    assert [path.name for path in tmp_path.iterdir()] == ["other.mivos"]


def test_a_project_copied_without_the_journal_of_its_last_changes_is_not_taken_for_whole(
    tmp_path: Path,
) -> None:
    with ProjectFile.create(tmp_path / "work.mivos") as project:
        session = worked(project)
        expected = snapshot(session)
        copy = crashed_copy(project.path, tmp_path / "copies")
    journal = copy.with_name("work.mivos-wal")
    journal.rename(tmp_path / "journal")
    before = copy.read_bytes()
    with ProjectFile.open(copy) as project:
        assert project.is_read_only
        assert f"without {journal}, which may hold its last changes" in project.notices[0]
        project.save_as(tmp_path / "without.mivos")
        assert not project.is_read_only
    assert copy.read_bytes() == before
    (tmp_path / "journal").rename(journal)
    with ProjectFile.open(copy) as project:
        assert not project.is_read_only
        assert snapshot(reopened_session(project, CLIP)) == expected


def test_a_process_that_died_after_its_last_change_was_in_the_project_left_all_of_it(tmp_path: Path) -> None:
    with ProjectFile.create(tmp_path / "work.mivos") as project:
        session = worked(project)
        project._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        copy = crashed_copy(project.path, tmp_path / "copies")
        lock_path(copy).write_text(lock_path(project.path).read_text())
        copy.with_name("work.mivos-wal").unlink()
        expected = snapshot(session)
    with ProjectFile.open(copy) as project:
        assert not project.is_read_only
        assert snapshot(reopened_session(project, CLIP)) == expected


@pytest.mark.parametrize("ending", ["-wal", "-journal"])
def test_no_project_is_written_where_another_one_has_left_its_journal(ending: str, tmp_path: Path) -> None:
    with ProjectFile.create(tmp_path / "work.mivos") as project:
        worked(project)
        copy = crashed_copy(project.path, tmp_path / "copies")
    copy.unlink()
    left = copy.with_name("work.mivos-wal").rename(copy.with_name(f"work.mivos{ending}"))
    before = left.read_bytes()
    with pytest.raises(ProjectError, match="belongs to a project that was at"):
        ProjectFile.create(copy)
    with ProjectFile.create(tmp_path / "other.mivos") as project:
        session = new_session(project, CLIP)
        session.set_ids(0, square_ids(0))
        project.save(session)
        with pytest.raises(ProjectError, match="choose another name"):
            project.save_as(copy)
        session.set_ids(1, square_ids(1))
        project.save(session)
        expected = snapshot(session)
    assert content(tmp_path / "other.mivos") == expected
    assert left.read_bytes() == before
    assert [path.name for path in copy.parent.iterdir()] == [left.name]


def test_a_project_that_a_window_still_reads_is_not_replaced(
    saved: tuple[Path, object], tmp_path: Path
) -> None:
    path, expected = saved
    with ProjectFile.open(path) as writer:
        writer.save(reopened_session(writer, CLIP), view={})
        reader = ProjectFile.open(path)
    with ProjectFile.create(tmp_path / "other.mivos") as project:
        session = worked(project)
        with pytest.raises(ProjectError, match="still open"):
            project.save_as(path, replaces=True)
        reader.close()
        assert content(path) == expected
        project.save_as(path, replaces=True)
        session.set_ids(3, square_ids(3))
        project.save(session)
        other = snapshot(session)
    assert content(path) == other


def test_a_name_that_was_taken_a_moment_ago_leaves_nothing_behind(
    saved: tuple[Path, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "other.mivos"
    with ProjectFile.open(saved[0]) as project:
        monkeypatch.setattr(Path, "exists", lambda path: False)
        target.write_bytes(b"of another program")
        with pytest.raises(ProjectError, match="is there already"):
            project.save_as(target)
        monkeypatch.undo()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "other.mivos"]


def test_a_project_that_can_only_be_read_is_not_saved_as_itself(saved: tuple[Path, object]) -> None:
    with (
        ProjectFile.open(saved[0]),
        ProjectFile.open(saved[0]) as reader,
        pytest.raises(ProjectError, match="save it under another name"),
    ):
        reader.save_as(saved[0], replaces=True)
