"""The window's project files: where those of new work lie, and which were used last."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from pathlib import Path

import numpy as np
import pytest

from inference_core.types import Interaction, Stroke, Tool
from mivos_studio.media.clip import open_clip
from mivos_studio.project.file.clip_reference import ClipReference
from mivos_studio.project.file.errors import DamagedError, FullDiskError
from mivos_studio.project.file.lock import OwnedError, Owner, ProjectLock
from mivos_studio.project.file.project_file import ProjectFile
from mivos_studio.project.file.recovery import RecoveryFolder
from mivos_studio.project.steps import AddObject, Draw
from mivos_studio.window_projects import WindowProject, WindowProjects
from tests.conftest import ClipOnDisk
from tests.inference_core.fakes import fake_session


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A temporary folder of the test's own: work without a name is looked for there, too."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))


@pytest.fixture
def projects(tmp_path: Path) -> WindowProjects:
    return WindowProjects(RecoveryFolder(tmp_path / "recovery"), tmp_path / "settings" / "recent.json")


def make(path: Path) -> Path:
    ProjectFile.create(path).close()
    return path


def test_new_work_has_a_recovery_project_that_names_its_clip(
    projects: WindowProjects, small_clip: ClipOnDisk, tmp_path: Path
) -> None:
    project = projects.create(small_clip.images, open_clip(small_clip.images))
    assert project.path.parent == tmp_path / "recovery"
    assert not project.has_name
    assert project.file.clip is not None
    assert project.file.clip.absolute == str(small_clip.images)
    project.discard()
    assert list((tmp_path / "recovery").iterdir()) == []


def test_saving_under_a_name_removes_the_recovery_project(
    projects: WindowProjects, small_clip: ClipOnDisk, tmp_path: Path
) -> None:
    project = projects.create(small_clip.images, open_clip(small_clip.images))
    project.save_as(tmp_path / "koi.mivos", replaces=False)
    assert project.has_name
    assert list((tmp_path / "recovery").iterdir()) == []
    project.discard()
    assert (tmp_path / "koi.mivos").exists(), "what has a name is never removed"


def test_work_without_a_name_is_discarded_unless_it_is_open(
    projects: WindowProjects, small_clip: ClipOnDisk
) -> None:
    project = projects.create(small_clip.images, open_clip(small_clip.images))
    assert not projects.discard(project.path)
    assert project.path.exists()
    project.close()
    assert projects.discard(project.path)
    assert not project.path.exists()


def test_where_the_cache_folder_cannot_be_written_the_temporary_folder_is_used(
    small_clip: ClipOnDisk, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    projects = WindowProjects(RecoveryFolder(tmp_path / "file" / "recovery"), tmp_path / "recent.json")
    project = projects.create(small_clip.images, open_clip(small_clip.images))
    assert project.path.is_relative_to(tmp_path / "temporary")
    assert not project.has_name
    assert "may be emptied when the computer starts again" in project.notices[0]
    draw_in(project)
    project.close()
    later = WindowProjects(RecoveryFolder(tmp_path / "elsewhere"), tmp_path / "recent.json")
    assert [each.path for each in later.unnamed()] == [project.path], "it is offered again"
    opened = later.open(project.path, None, lambda _: None).project
    assert opened is not None
    assert not opened.has_name
    opened.close()
    assert later.discard(project.path)
    assert later.unnamed() == ()


def draw_in(project: WindowProject, strokes: int = 1) -> None:
    """Save strokes in a project."""
    clip = open_clip(Path(project.file.clip.absolute))  # type: ignore[union-attr]
    session = fake_session(clip, scratch=project.file.storage)  # type: ignore[arg-type]
    session.add_object("Object 1", 1)
    stroke = Draw(Interaction(Tool.CLICK, Stroke(0, 1, np.zeros((1, 2), np.float32))))
    project.save(session, (AddObject(1, "Object 1"), *[stroke] * strokes), None, None)


def test_work_beyond_the_budget_is_named_with_its_sizes_and_stays(
    small_clip: ClipOnDisk, tmp_path: Path
) -> None:
    clip = open_clip(small_clip.images)
    projects = WindowProjects(RecoveryFolder(tmp_path / "recovery"), tmp_path / "recent.json", budget_bytes=1)
    for _ in range(5):
        project = projects.create(small_clip.images, clip)
        draw_in(project)
        project.close()
    left = projects.unnamed()
    assert len(left) == 5
    project = projects.create(small_clip.images, clip)
    one = "images (less than 1 MB)"
    assert project.notices == (
        f"Work without a name takes less than 1 MB: {one}, {one}, {one} and 2 more. It stays until you delete"
        " it (File, Work without a name).",
    )
    assert projects.unnamed() == left
    project.discard()


def test_work_within_the_budget_is_not_mentioned(projects: WindowProjects, small_clip: ClipOnDisk) -> None:
    clip = open_clip(small_clip.images)
    project = projects.create(small_clip.images, clip)
    draw_in(project)
    project.close()
    assert projects.create(small_clip.images, clip).notices == ()


def test_the_clip_of_a_project_is_remembered_where_it_is_now(
    projects: WindowProjects, small_clip: ClipOnDisk, tmp_path: Path
) -> None:
    clip = open_clip(small_clip.images)
    project = projects.create(small_clip.images, clip)
    moved = tmp_path / "moved"
    moved.symlink_to(small_clip.images)
    project.file.update_clip(moved, clip)
    assert project.file.clip is not None
    assert project.file.clip.absolute == str(moved)
    project.close()
    with ProjectFile.open(project.path, writes=False) as read:
        read.update_clip(small_clip.images, clip)
        assert read.clip is not None
        assert read.clip.absolute == str(moved)


def test_work_without_a_name_is_known_in_a_folder_that_a_link_leads_to(
    small_clip: ClipOnDisk, tmp_path: Path
) -> None:
    (tmp_path / "other disk").mkdir()
    (tmp_path / "cache").symlink_to(tmp_path / "other disk")
    projects = WindowProjects(RecoveryFolder(tmp_path / "cache" / "recovery"), tmp_path / "recent.json")
    project = projects.create(small_clip.images, open_clip(small_clip.images))
    assert not project.has_name
    draw_in(project)
    assert projects.unnamed() == (), "it is open"
    project.close()
    assert [each.path for each in projects.unnamed()] == [project.path]


@pytest.mark.parametrize("owner", [Owner.here(), None], ids=["owner known", "lock being removed"])
def test_a_project_that_this_program_closes_while_it_is_opened_again_can_be_changed(
    projects: WindowProjects,
    small_clip: ClipOnDisk,
    monkeypatch: pytest.MonkeyPatch,
    owner: Owner | None,
) -> None:
    before = projects.create(small_clip.images, open_clip(small_clip.images))

    def acquire(path: Path) -> ProjectLock:
        monkeypatch.undo()
        before.close()  # just after it was found to be open, and before anything else is looked at
        raise OwnedError(path, owner)

    monkeypatch.setattr(ProjectLock, "acquire", acquire)
    again = projects.open(before.path, None, lambda text: None)
    assert again.project is not None
    assert not again.project.is_read_only
    again.close()


def test_recent_projects_are_listed_once_newest_first_and_only_while_they_are_there(
    projects: WindowProjects, tmp_path: Path
) -> None:
    one, two, gone = (make(tmp_path / f"{name}.mivos") for name in ("one", "two", "gone"))
    for path in (one, gone, two, one):
        projects.add_recent(path)
    gone.unlink()
    assert projects.recent() == (one, two)


def test_a_file_that_is_no_list_of_recent_projects_is_left_alone(
    projects: WindowProjects, tmp_path: Path
) -> None:
    (tmp_path / "settings").mkdir()
    foreign = tmp_path / "settings" / "recent.json"
    foreign.write_text('{"mine": 1}', encoding="utf-8")
    projects.add_recent(make(tmp_path / "one.mivos"))
    assert projects.recent() == ()
    assert foreign.read_text(encoding="utf-8") == '{"mine": 1}'


def test_a_project_on_a_full_disk_opens_with_a_clip_that_was_moved(
    small_clip: ClipOnDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(project: ProjectFile, clip: ClipReference) -> None:
        raise FullDiskError(f"{project.path} cannot be saved.")

    with open_clip(small_clip.images) as clip, ProjectFile.create(tmp_path / "koi.mivos") as project:
        monkeypatch.setattr(ProjectFile, "set_clip", refuse)
        project.update_clip(small_clip.images, clip)
        assert project.clip is None
        monkeypatch.undo()
        project.update_clip(small_clip.images, clip)
        assert project.clip is not None


@pytest.mark.parametrize(
    "content",
    ["[" * 100_000, "[", "5", "[5]", json.dumps(["x" * 5000]), json.dumps(["a\0b", "\ud800"])],
    ids=["deep", "cut", "a number", "numbers", "a long path", "no paths"],
)
def test_a_damaged_list_of_recent_projects_names_none(
    content: str, projects: WindowProjects, tmp_path: Path
) -> None:
    (tmp_path / "settings").mkdir()
    (tmp_path / "settings" / "recent.json").write_text(content, encoding="utf-8")
    assert projects.recent() == ()


def test_a_view_that_is_far_too_deep_is_none(projects: WindowProjects, tmp_path: Path) -> None:
    path = make(tmp_path / "one.mivos")
    with sqlite3.connect(path) as database:
        database.execute("INSERT INTO view VALUES (1, ?)", ("[" * 100_000,))
        database.execute("INSERT INTO interaction VALUES (1, 0, ?)", ("[" * 100_000,))
    database.close()
    with ProjectFile.open(path, writes=False) as project:
        assert project.view is None
        with pytest.raises(DamagedError, match="a step of its script"):
            project.steps()
