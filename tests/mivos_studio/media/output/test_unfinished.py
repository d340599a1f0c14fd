"""What a killed process was writing is removed by the next start, wherever it was; nothing else is."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from mivos_studio.media.errors import MediaError
from mivos_studio.media.output.locks import FileLock
from mivos_studio.media.output.new_folder import written_folder
from mivos_studio.media.output.unfinished import Note, has_notes, notes_folder, temporary_folder
from mivos_studio.project.file.leftovers import clear_leftovers
from mivos_studio.project.file.project_file import ProjectFile
from tests.project import PROJECT

START = """
import os, sys
from contextlib import ExitStack
from pathlib import Path
from mivos_studio.media.output.file import FileKind, written_file
from mivos_studio.media.output.folder import FolderOutput
from mivos_studio.media.output.locks import FileLock
from mivos_studio.media.output.new_folder import written_folder
from mivos_studio.media.output.unfinished import temporary_folder
from mivos_studio.project.file import project_file
at, stack = Path(sys.argv[1]), ExitStack()
"""
KILLED = {
    "a folder": """
output = stack.enter_context(FolderOutput(at / "masks"))
(stack.enter_context(output.writing()) / "00000.png").write_text("half")
""",
    "a folder that is put in place": """
(at / "masks").mkdir()
output = stack.enter_context(FolderOutput(at / "masks"))
folder = stack.enter_context(output.writing())
for number in range(3):
    (folder / f"{number}.png").write_text("whole")
import mivos_studio.media.output.folder as module
put = module.move_without_replacing
def put_one(source, target):
    put(source, target)
    os._exit(9)
module.move_without_replacing = put_one
stack.close()
""",
    "a file": """
path = stack.enter_context(written_file(at / "a.json", FileKind("a file", lambda _: True)))
path.write_text("half")
""",
    "a new folder": """
(stack.enter_context(written_folder(at / "new" / "collected")) / "clip.mp4").write_text("half")
""",
    "a temporary folder": """
import tempfile
tempfile.tempdir = str(at)
(stack.enter_context(temporary_folder()) / "copy").write_text("half")
""",
    "a project": """
fill = project_file.create_tables
def fill_and_die(database):
    fill(database)
    os._exit(9)
project_file.create_tables = fill_and_die
project_file.ProjectFile.create(at / "work.mivos")
""",
    "a project that moves": """
project = project_file.ProjectFile.create(at / "work.mivos")
project_file.close_cleanly = lambda *_: os._exit(9)
project.save_as(at / "other.mivos")
""",
}
"""What a process does before it is killed; what stays of it."""
STAYS = {"a folder that is put in place": ["masks"], "a project that moves": ["other.mivos", "work.mivos"]}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def kill(code: str, at: Path) -> None:
    words = [sys.executable, "-c", f"{START}{code}\nos._exit(9)", str(at)]
    assert subprocess.run(words, cwd=PROJECT, check=False).returncode == 9


@pytest.mark.parametrize("what", KILLED)
def test_what_a_killed_process_was_writing_is_removed_by_the_next_start(what: str, tmp_path: Path) -> None:
    at = tmp_path / "at"
    at.mkdir()
    (at / "notes.txt").write_text("mine")
    kill(KILLED[what], at)
    assert has_notes()
    assert [path for path in at.rglob("*") if path.name.startswith((".", "mivos-"))], "something is left"
    clear_leftovers()
    assert sorted(path.name for path in at.iterdir()) == sorted(["notes.txt", *STAYS.get(what, [])])
    assert not list(at.glob("masks/*"))
    assert not has_notes()
    for path in at.glob("*.mivos"):
        with ProjectFile.open(path) as project:
            assert project.notices == ()


def test_what_a_living_process_is_writing_stays(tmp_path: Path) -> None:
    with temporary_folder() as folder, written_folder(tmp_path / "new") as inside:
        (folder / "a").write_text("a")
        (inside / "b").write_text("b")
        clear_leftovers()
        assert (folder / "a").read_text() == "a"
        assert not (tmp_path / "new").exists()
    assert (tmp_path / "new" / "b").read_text() == "b"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "new"]
    assert not folder.exists()
    assert not has_notes()


def left_note(name: str, text: str) -> Path:
    notes_folder().mkdir(parents=True, exist_ok=True)
    path = notes_folder() / f"{name}.json"
    path.write_text(text)
    return path


def test_notes_that_say_nothing_go_and_those_of_a_newer_version_stay_for_a_month(tmp_path: Path) -> None:
    broken = [left_note(str(number), text) for number, text in enumerate(["", "[]", "{}", '{"kind": 1}'])]
    newer = left_note("newer", json.dumps({"kind": "hologram", "path": str(tmp_path)}))
    away = left_note("away", json.dumps({"kind": "project", "path": "/nowhere/at/all/a.mivos"}))
    clear_leftovers()
    assert [path for path in broken if path.read_bytes().strip()] == []
    assert newer.read_bytes().strip()
    assert away.read_bytes().strip(), "its disk may come back"
    month_s = 31 * 86400
    os.utime(away, (time.time() - month_s, time.time() - month_s))
    clear_leftovers()
    assert newer.read_bytes().strip()
    assert not away.read_bytes().strip()


def test_a_note_leads_to_no_folder_that_this_program_did_not_make(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    for kind in ("temporary", "folder", "new folder", "file", "project"):
        left_note(kind.replace(" ", "-"), json.dumps({"kind": kind, "path": str(mine)}))
    (mine / "notes.txt").write_text("mine")
    clear_leftovers()
    assert [path.name for path in mine.iterdir()] == ["notes.txt"]


def test_where_nothing_can_be_noted_writing_works(cache: Path, tmp_path: Path) -> None:
    cache.write_text("a file where the folder should be")
    note = Note.make("folder", tmp_path)
    note.remove()
    with written_folder(tmp_path / "new") as inside:
        (inside / "a").write_text("a")
    clear_leftovers()
    assert (tmp_path / "new" / "a").read_text() == "a"


def test_something_can_be_noted_on_a_full_disk_and_blank_notes_do_not_add_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Note.make("folder", tmp_path / "first").remove()
    files = {path.name: path.stat().st_blocks for path in notes_folder().iterdir()}

    def acquire_no_new(path: Path, *, makes: bool) -> FileLock:
        if makes:
            raise OSError(errno.ENOSPC, "No space left on device")
        return acquire(path, makes=makes)

    acquire = FileLock.acquire
    monkeypatch.setattr(FileLock, "acquire", acquire_no_new)
    notes = [Note.make("folder", tmp_path / name) for name in "ab"]
    noted = [
        json.loads(path.read_text())["path"] for path in notes_folder().iterdir() if path.read_text().strip()
    ]
    assert sorted(noted) == [str(tmp_path / "a"), str(tmp_path / "b")]
    for note in notes:
        note.remove()
    assert {path.name: path.stat().st_blocks for path in notes_folder().iterdir()} == files
    assert not has_notes()


def test_a_new_folder_takes_the_place_of_an_empty_one_alone(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with written_folder(tmp_path / "empty") as inside:
        (inside / "a").write_text("a")
    assert [path.name for path in (tmp_path / "empty").iterdir()] == ["a"]
    with pytest.raises(MediaError, match="is not empty"), written_folder(tmp_path / "empty"):
        pass
    with pytest.raises(MediaError, match="is a file"), written_folder(tmp_path / "empty" / "a"):
        pass
    writing = written_folder(tmp_path / "other")
    (writing.__enter__() / "a").write_text("a")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine").write_text("mine")
    with pytest.raises(MediaError, match="is not empty"):
        writing.__exit__(None, None, None)
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["mine"]


def test_a_new_folder_that_is_a_disk_is_filled_with_its_project_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, moved = tmp_path / "disk", []
    disk.mkdir()
    monkeypatch.setattr(Path, "is_mount", lambda self: self == disk)
    rename = Path.rename
    monkeypatch.setattr(Path, "rename", lambda self, to: moved.append(to.name) or rename(self, to))
    with written_folder(disk) as inside:
        for name in ("a.mivos", "b.mp4"):
            (inside / name).write_text(name)
        assert inside.is_relative_to(disk)
    assert moved == ["b.mp4", "a.mivos"]
    assert sorted(path.name for path in disk.iterdir()) == ["a.mivos", "b.mp4"]


def test_a_block_that_fails_leaves_neither_a_folder_nor_a_temporary_one(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), written_folder(tmp_path / "new"), temporary_folder() as folder:
        raise ZeroDivisionError
    assert not (tmp_path / "new").exists()
    assert not folder.exists()
    assert Path(tempfile.gettempdir()) in folder.parents
