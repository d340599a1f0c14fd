"""The window's project files: where those of new work lie, and which were used last."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from mivos_studio.media.clip import open_clip
from mivos_studio.project.file.clip_reference import ClipReference
from mivos_studio.project.file.errors import FullDiskError
from mivos_studio.project.file.project_file import ProjectFile
from mivos_studio.project.file.recovery import RecoveryFolder
from mivos_studio.project.steps import AddObject, Draw
from mivos_studio.window_projects import WindowProject, WindowProjects, update_clip
from tests.conftest import ClipOnDisk
from tests.inference_core.fakes import square_clip, stroke
from tests.mivos_studio.project.file.projects import new_session


@pytest.fixture
def projects(tmp_path: Path) -> WindowProjects:
    return WindowProjects(RecoveryFolder(tmp_path / "recovery"), tmp_path / "settings" / "recent.json")


def draw(project: WindowProject) -> None:
    """Save a stroke in a project."""
    session = new_session(project.file, square_clip(3))
    session.add_object()
    session.interact(stroke()).run()
    project.save(session, [AddObject(1), Draw(stroke())], {})


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


def test_where_the_cache_folder_cannot_be_written_the_temporary_folder_is_used(
    small_clip: ClipOnDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    projects = WindowProjects(RecoveryFolder(tmp_path / "file" / "recovery"), tmp_path / "recent.json")
    project = projects.create(small_clip.images, open_clip(small_clip.images))
    assert project.path.is_relative_to(tmp_path / "temporary")
    assert not project.has_name
    draw(project)
    project.close()
    assert [each.path for each in projects.unnamed()] == [project.path], "it is offered from there too"
    opened = projects.open(project.path, None, lambda _: None).project
    assert isinstance(opened, WindowProject)
    assert not opened.has_name
    opened.close()
    projects.discard(project.path)
    assert projects.unnamed() == ()


def test_work_without_a_name_is_known_in_a_folder_that_a_link_leads_to(
    small_clip: ClipOnDisk, tmp_path: Path
) -> None:
    (tmp_path / "other disk").mkdir()
    (tmp_path / "cache").symlink_to(tmp_path / "other disk")
    projects = WindowProjects(RecoveryFolder(tmp_path / "cache" / "recovery"), tmp_path / "recent.json")
    project = projects.create(small_clip.images, open_clip(small_clip.images))
    assert not project.has_name
    draw(project)
    assert projects.unnamed() == (), "it is open"
    project.close()
    assert [each.path for each in projects.unnamed()] == [project.path]


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
        update_clip(project, small_clip.images, clip)
        assert project.clip is None
        monkeypatch.undo()
        update_clip(project, small_clip.images, clip)
        assert project.clip is not None
