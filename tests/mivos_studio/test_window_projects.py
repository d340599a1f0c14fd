"""The window's project files: where those of new work lie, and which were used last."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from mivos_studio.media.clip import open_clip
from mivos_studio.project.file.lock import OwnedError, Owner, ProjectLock
from mivos_studio.project.file.project_file import ProjectFile
from mivos_studio.project.file.recovery import RecoveryFolder
from mivos_studio.window_projects import WindowProjects
from tests.conftest import ClipOnDisk


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
    small_clip: ClipOnDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    projects = WindowProjects(RecoveryFolder(tmp_path / "file" / "recovery"), tmp_path / "recent.json")
    project = projects.create(small_clip.images, open_clip(small_clip.images))
    assert project.path.is_relative_to(tmp_path / "temporary")
    assert not project.has_name
    project.close()


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
