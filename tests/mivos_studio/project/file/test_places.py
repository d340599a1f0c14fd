"""Where a project and its clip lie: saved elsewhere, moved, collected, rescued."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from inference_core.errors import UserError
from inference_core.types import Interaction, Stroke, Tool
from mivos_studio.media.clip import open_clip
from mivos_studio.project.file.clip_reference import ClipReference, find_clip
from mivos_studio.project.file.collect import collect
from mivos_studio.project.file.errors import ProjectError
from mivos_studio.project.file.lock import lock_path
from mivos_studio.project.file.project_file import ProjectFile
from mivos_studio.project.file.recovery import RecoveryFolder, user_cache_folder
from mivos_studio.project.steps import AddObject, Draw
from tests.conftest import ClipOnDisk
from tests.inference_core.fakes import fake_session, square_clip, square_ids
from tests.inference_core.snapshot import snapshot
from tests.mivos_studio.project.file.projects import new_session, reopened_session

CLIP = square_clip(14)


def reference(clip: Path, project: Path) -> ClipReference:
    with open_clip(clip) as opened:
        return ClipReference.of(clip, opened, project)


@pytest.fixture
def images(small_clip: ClipOnDisk, tmp_path: Path) -> Path:
    folder = tmp_path / "shoot" / "images"
    shutil.copytree(small_clip.images, folder)
    return folder


def test_a_clip_is_found_where_it_was_beside_and_after_both_were_moved(images: Path, tmp_path: Path) -> None:
    project = tmp_path / "shoot" / "project" / "work.mivos"
    known = reference(images, project)
    assert known.relative == "../images"
    assert (known.frames, known.size) == (6, (64, 96))
    assert find_clip(known, project) == (find_clip(known, tmp_path / "elsewhere.mivos"))
    moved = tmp_path / "moved"
    (tmp_path / "shoot").rename(moved)
    assert find_clip(known, moved / "project" / "work.mivos").path == moved / "images"
    beside = tmp_path / "other" / "work.mivos"
    beside.parent.mkdir()
    shutil.copytree(moved / "images", beside.parent / "images")
    shutil.rmtree(moved)
    found = find_clip(known, beside)
    assert (found.path, found.is_same) == (beside.parent / "images", True)


def test_another_clip_is_reported_and_none_is_a_sentence(images: Path, tmp_path: Path) -> None:
    project = tmp_path / "work.mivos"
    known = reference(images, project)
    (images / "Thumbs.db").write_bytes(b"not an image")
    assert find_clip(known, project).is_same
    (images / "00003.png").write_bytes((images / "00003.png").read_bytes() + b"\n")
    found = find_clip(known, project)
    assert (found.path, found.is_same) == (images, False)
    shutil.rmtree(images)
    with pytest.raises(UserError, match="put it there, or beside the project"):
        find_clip(known, project)


def test_a_file_is_known_by_its_size_and_both_ends(tmp_path: Path) -> None:
    clip, project = tmp_path / "a.mp4", tmp_path / "work.mivos"
    content = bytes(range(256)) * 2000
    clip.write_bytes(content)

    class Opened:
        size, frame_rate = (4, 4), 25

        def __len__(self) -> int:
            return 1

    known = ClipReference.of(clip, Opened(), project)  # type: ignore[arg-type]
    assert known.is_at(clip)
    for changed in (content[:-1], content + b"x", b"x" + content[1:], content[:-1] + b"x"):
        clip.write_bytes(changed)
        assert not known.is_at(clip)


def test_a_clip_reference_comes_back(images: Path, tmp_path: Path) -> None:
    path = tmp_path / "work.mivos"
    with ProjectFile.create(path, reference(images, path)) as project:
        assert project.clip == reference(images, path)
    with ProjectFile.open(path, writes=False) as project:
        assert project.clip == reference(images, path)


def test_saved_as_another_name_it_goes_on_there(images: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.mivos", tmp_path / "sub" / "second.mivos"
    second.parent.mkdir()
    with ProjectFile.create(first, reference(images, first)) as project:
        session = new_session(project, CLIP)
        session.set_ids(0, square_ids(0))
        session.propagate().run()
        project.save(session)
        before = snapshot(session)
        project.save_as(second)
        assert not lock_path(first).exists()
        session.undo()
        session.set_ids(3, square_ids(3))
        project.save(session)
        assert project.clip is not None
        assert project.clip.relative == "../shoot/images"
        after = snapshot(session)
    for path, expected in ((first, before), (second, after)):
        with ProjectFile.open(path) as project:
            assert snapshot(reopened_session(project, CLIP)) == expected
    assert sorted(path.name for path in second.parent.iterdir()) == ["second.mivos"]


def test_saving_as_replaces_a_project_only_where_that_is_wanted_and_nothing_else(
    saved: tuple[Path, object], tmp_path: Path
) -> None:
    text, other = tmp_path / "text.mivos", tmp_path / "other.mivos"
    text.write_text("a text " * 100)
    with ProjectFile.create(other):
        pass
    before = other.read_bytes()
    with ProjectFile.open(saved[0]) as project:
        with pytest.raises(ProjectError, match="is there already"):
            project.save_as(other)
        assert other.read_bytes() == before
        for replaces in (False, True):
            with pytest.raises(ProjectError):
                project.save_as(text, replaces=replaces)
        assert text.read_text() == "a text " * 100
        with ProjectFile.open(other), pytest.raises(ProjectError, match="open for writing"):
            project.save_as(other, replaces=True)
        with pytest.raises(ProjectError, match="there is no folder"):
            project.save_as(tmp_path / "nowhere" / "a.mivos")
        assert project.path == saved[0]
        project.save_as(other, replaces=True)
        assert snapshot(reopened_session(project, CLIP)) == saved[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "other.mivos", "text.mivos"]


def test_a_project_that_can_only_be_read_can_be_saved_elsewhere(
    saved: tuple[Path, object], tmp_path: Path
) -> None:
    with ProjectFile.open(saved[0]), ProjectFile.open(saved[0]) as project:
        assert project.is_read_only
        session = reopened_session(project, CLIP)
        project.save_as(tmp_path / "mine.mivos")
        session.undo()
        project.save(session)
        expected = snapshot(session)
    with ProjectFile.open(tmp_path / "mine.mivos") as project:
        assert snapshot(reopened_session(project, CLIP)) == expected


def test_no_room_to_save_as_leaves_the_project_as_it_was(
    saved: tuple[Path, object], small_disk: Path
) -> None:
    with (small_disk / "stone").open("wb", buffering=0) as file:
        file.write(bytes(4 * 2**20 - 20_000))
    with ProjectFile.open(saved[0]) as project:
        session = reopened_session(project, CLIP)
        with pytest.raises(ProjectError, match="free some space"):
            project.save_as(small_disk / "a.mivos")
        session.undo()
        project.save(session)
        assert project.path == saved[0]
    assert [path.name for path in small_disk.iterdir()] == ["stone"]


def test_collected_with_its_clip_a_project_can_be_given_away(
    images: Path, saved: tuple[Path, object], tmp_path: Path
) -> None:
    with ProjectFile.open(saved[0]) as project:
        project.set_clip(reference(images, saved[0]))
        collected = collect(project, tmp_path / "to give")
        with pytest.raises(ProjectError, match="is not empty"):
            collect(project, tmp_path / "to give")
        assert project.path == saved[0]
    away = tmp_path / "away"
    collected.parent.rename(away)
    shutil.rmtree(images)
    assert sorted(path.name for path in away.iterdir()) == ["images", "work.mivos"]
    with ProjectFile.open(away / "work.mivos") as project:
        assert project.clip is not None
        assert project.clip.relative == "images"
        assert find_clip(project.clip, project.path).path == away / "images"
        assert snapshot(reopened_session(project, CLIP)) == saved[1]


def crashed_project(folder: RecoveryFolder) -> Path:
    """Leave a project in a recovery folder as a process does that is killed."""
    code = (
        "import os, sys; from pathlib import Path;"
        " from mivos_studio.project.file.recovery import RecoveryFolder;"
        " print(RecoveryFolder(Path(sys.argv[1])).create().path, flush=True); os._exit(9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder.folder)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[4],
    )
    return Path(done.stdout.strip())


STROKE = Draw(Interaction(Tool.CLICK, Stroke(0, 1, np.zeros((1, 2), np.float32))))


def worked_in(folder: RecoveryFolder, strokes: int = 2) -> Path:
    """Leave a project with work in a recovery folder, closed."""
    with folder.create(ClipReference(None, "/clips/koi.mp4", 0, "", 1, (64, 96), Fraction(25))) as project:
        session = fake_session(square_clip(2), scratch=project.storage)
        session.add_object("Object 1", 1)
        project.save(session, steps=(AddObject(1, "Object 1"), *[STROKE] * strokes))
        return project.path


def test_what_holds_work_and_is_not_open_has_no_name_yet(tmp_path: Path) -> None:
    folder = RecoveryFolder(tmp_path / "cache" / "recovery")
    assert folder.unnamed() == []
    left_lock = lock_path(crashed_project(folder)).read_text(encoding="utf-8")
    assert folder.unnamed() == [], "nothing was done in it"
    kept, crashed = worked_in(folder), worked_in(folder, 3)
    os.utime(kept, (1.6e9, 1.6e9))
    lock_path(crashed).write_text(left_lock, encoding="utf-8")
    found = folder.unnamed()
    assert [(each.path, each.strokes, each.clip_name) for each in found] == [
        (crashed, 3, "koi.mp4"),
        (kept, 2, "koi.mp4"),
    ]
    assert found[1].saved_at == 1.6e9
    assert found[1].bytes == kept.stat().st_size
    with ProjectFile.open(kept):
        assert [each.path for each in folder.unnamed()] == [crashed], "it is open"
        assert not folder.remove(kept)
    project = ProjectFile.open(kept)
    assert folder.holds(project.path)
    project.save_as(tmp_path / "named.mivos")
    assert not folder.holds(project.path)
    assert folder.remove(kept)
    project.close()


def test_new_work_removes_what_holds_none_and_nothing_else_however_much_there_is(tmp_path: Path) -> None:
    folder = RecoveryFolder(tmp_path / "recovery")
    kept = [worked_in(folder) for _ in range(3)]
    left = crashed_project(folder)
    crashed = folder.folder / "crashed.mivos"  # a name that new work does not get
    lock_path(left).rename(lock_path(crashed))
    left.rename(crashed)
    damaged = folder.folder / "damaged.mivos"
    damaged.write_bytes(b"SQLite format 3\0" + bytes(500))
    with folder.create() as is_open, folder.create() as other:
        assert not crashed.exists(), "nothing was done in it"
        assert is_open.path.exists()
        assert {each.path for each in folder.unnamed()} == {*kept, damaged}
        assert other.path.exists()
    unreadable = next(each for each in folder.unnamed() if each.path == damaged)
    assert (unreadable.strokes, unreadable.clip_name, unreadable.bytes) == (None, "damaged", 516)
    assert folder.bytes_on_disk() > sum(path.stat().st_size for path in kept)


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {"XDG_CACHE_HOME": "/var/x"}, "/var/x/MiVOS Studio"),
        ("linux", {"XDG_CACHE_HOME": "", "HOME": "/home/a"}, "/home/a/.cache/MiVOS Studio"),
        ("darwin", {"HOME": "/Users/a"}, "/Users/a/Library/Caches/MiVOS Studio"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/MiVOS Studio/cache"),
    ],
)
def test_the_cache_is_where_each_system_has_it(
    platform: str, variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert user_cache_folder() == Path(expected)
