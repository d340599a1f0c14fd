"""Windows with real sessions and real project files: what was done is there again, bit for bit."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PyQt5 import sip
from PyQt5.QtWidgets import QApplication, QFileDialog, QListWidget

from gui.main_window import MainWindow
from gui.panels.dialogs import clip_dialog
from gui.panels.dialogs.unnamed_dialog import KEEP
from gui.worker.project_saver import ProjectSaver
from inference_core.errors import UserError
from inference_core.session import Session
from inference_core.types import UInt8Array
from mivos_studio import app
from mivos_studio.media.clip import open_clip
from mivos_studio.project.file.lock import has_living_owner, lock_path
from mivos_studio.project.file.project_file import ProjectFile
from mivos_studio.project.playback import play
from mivos_studio.project.script import read_script
from mivos_studio.project.steps import Propagate
from mivos_studio.session_options import SessionOptions
from model.interfaces import Networks
from tests.conftest import FRAMES, ClipOnDisk
from tests.gui.gestures import click_dialog_button, dialog_named, drag, press, wait_idle, wait_until
from tests.inference_core.fakes import fake_networks
from tests.mivos_studio.project.file.projects import crashed_copy
from tests.project import PROJECT

OpenProgram = Callable[..., MainWindow]


@pytest.fixture
def program(
    application: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OpenProgram]:
    """Start the window as the program does, with tiny networks, and open a file in it."""
    monkeypatch.setattr(SessionOptions, "load", lambda self: replace(fake_networks(), family="compact"))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    options = app.WindowOptions(device="cpu", dtype="float32", working_size=64)
    windows: list[MainWindow] = []

    def start(path: Path | None, *, home: Path | None = None, waits: bool = True) -> MainWindow:
        home = home or tmp_path / "home"
        window = MainWindow(app._backend(options, home / "cache", home / "settings"))
        windows.append(window)
        window.resize(1000, 640)
        window.show()
        window.open(path)
        if waits:
            wait_open(window)
        return window

    yield start
    for window in windows:
        window.close_without_asking()
        sip.delete(window)


def wait_open(window: MainWindow) -> None:
    wait_until(lambda: window.controller.session is not None, 60)
    wait_idle(window)


def draw_and_propagate(window: MainWindow) -> None:
    drag(window.canvas, [(20, 30), (26, 30)])
    wait_idle(window)
    press(window, "propagate")
    wait_idle(window)


def masks(window: MainWindow) -> list[UInt8Array]:
    session = window.controller.session
    assert session is not None
    return [session.ids(frame_index) for frame_index in range(FRAMES)]


def assert_equal(found: list[UInt8Array], expected: list[UInt8Array]) -> None:
    for ids, wanted in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ids, wanted)


def save_as(window: MainWindow, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    window.parts.projects.ask_where_to_save()
    wait_idle(window)


def close(window: MainWindow) -> None:
    """Close a window and wait for its worker."""
    window.close()
    wait_until(lambda: not window.isVisible())


def press_while_enabled(window: MainWindow, name: str) -> int:
    presses = 0
    while window.actions_by_name[name].isEnabled():
        press(window, name)
        wait_idle(window)
        presses += 1
    return presses


def test_a_project_that_is_closed_and_opened_has_the_same_masks_undo_redo_and_colours(
    program: OpenProgram, small_clip: ClipOnDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = program(small_clip.images)
    draw_and_propagate(window)
    window.edit.set_colour(1, (9, 8, 7))
    wait_idle(window)
    drag(window.canvas, [(70, 50), (72, 50)])
    wait_idle(window)
    press(window, "undo")
    wait_idle(window)
    expected = masks(window)
    assert any(ids.any() for ids in expected[1:])
    project = tmp_path / "koi.mivos"
    save_as(window, project, monkeypatch)
    assert list((tmp_path / "home" / "cache" / "recovery").iterdir()) == [], "the work has moved"
    window.navigator.go_to(3)
    close(window)
    assert not lock_path(project).exists()

    again = program(project)
    assert again.windowTitle() == "koi[*] – MiVOS Studio"
    assert_equal(masks(again), expected)
    assert again.model.state.frame_index == 3
    assert again.model.state.colour(1) == (9, 8, 7)
    assert again.actions_by_name["undo"].text() == "Undo change the colour of Object 1"
    assert again.actions_by_name["redo"].text() == "Redo scribble on Object 1"
    press(again, "redo")
    wait_idle(again)
    with_stroke = masks(again)
    assert any((one != other).any() for one, other in zip(with_stroke, expected, strict=True))
    assert press_while_enabled(again, "undo") == 4, "the object that the window made stays"
    assert not any(ids.any() for ids in masks(again))
    assert press_while_enabled(again, "redo") == 4
    assert_equal(masks(again), with_stroke)


def test_a_propagation_that_was_cancelled_is_resumed_in_a_project_that_is_opened(
    program: OpenProgram, small_clip: ClipOnDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = program(small_clip.images)
    session = window.controller.session
    assert session is not None
    drag(window.canvas, [(20, 30), (26, 30)])
    wait_idle(window)
    worker = window.controller._worker
    assert worker is not None
    monkeypatch.setattr(worker, "_should_stop", lambda command: command.is_long)
    press(window, "propagate")
    wait_idle(window)
    monkeypatch.undo()
    assert session.unfinished == (0,)
    monkeypatch.setattr(SessionOptions, "load", lambda self: replace(fake_networks(), family="compact"))
    save_as(window, tmp_path / "koi.mivos", monkeypatch)
    close(window)
    again = program(tmp_path / "koi.mivos")
    restored = again.controller.session
    assert restored is not None
    assert restored.unfinished == (0,)
    press(again, "propagate")
    wait_idle(again)
    assert restored.unfinished == ()
    assert {i for done in restored.rounds for i in done.changed_frames} == set(range(1, FRAMES))


def test_a_script_saved_in_a_project_that_was_opened_has_the_steps_of_both_times(
    program: OpenProgram, small_clip: ClipOnDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = program(small_clip.images)
    draw_and_propagate(window)
    save_as(window, tmp_path / "koi.mivos", monkeypatch)
    close(window)
    again = program(tmp_path / "koi.mivos")
    drag(again.canvas, [(70, 50), (72, 50)])
    wait_idle(again)
    again.files.save_script(tmp_path / "work.json")
    script = read_script(tmp_path / "work.json")
    assert [each.object_id for each in script.objects] == [1]
    assert [step.verb for step in script.steps] == ["scribble", "propagate", "scribble"]
    close(again)
    with ProjectFile.open(tmp_path / "koi.mivos", writes=False) as project:
        assert [step.verb for step in project.steps()] == ["add_object", "scribble", "propagate", "scribble"]


def test_a_script_of_work_that_was_opened_again_makes_its_masks_with_and_without_what_was_undone(
    program: OpenProgram, small_clip: ClipOnDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "koi.mivos"
    window = program(small_clip.images)
    draw_and_propagate(window)
    drag(window.canvas, [(70, 50), (72, 50)])
    drag(window.canvas, [(60, 20), (64, 20)])
    press(window, "undo")
    wait_idle(window)
    save_as(window, project, monkeypatch)
    close(window)

    again = program(project)
    for name in ("redo", "undo", "undo"):  # what was undone and done in the window before
        press(again, name)
        wait_idle(again)
    drag(again.canvas, [(10, 50), (14, 50)])
    wait_idle(again)
    close(again)

    last = program(project)
    expected = masks(last)
    last.files.save_script(tmp_path / "standing.json")
    last.files.save_script(tmp_path / "all.json", with_undone=True)
    standing, everything = (read_script(tmp_path / f"{name}.json") for name in ("standing", "all"))
    assert [step.verb for step in standing.steps] == ["scribble", "propagate", "scribble"]
    undone = ["scribble", "scribble", "undo", "redo", "undo", "undo"]
    assert [step.verb for step in everything.steps] == ["scribble", "propagate", *undone, "scribble"]
    clip = open_clip(small_clip.images)
    for script in (standing, everything):
        session = Session(clip, fake_networks(), device="cpu", dtype="float32", working_size=64)
        for _ in play(session, script, lambda *_: masks(last)[0], lambda _: None):
            pass
        assert_equal([session.ids(frame_index) for frame_index in range(FRAMES)], expected)


def test_work_of_a_program_that_was_killed_is_offered_with_all_strokes_and_opens(
    program: OpenProgram, small_clip: ClipOnDisk, tmp_path: Path
) -> None:
    home = tmp_path / "other"
    home.mkdir()
    killed = subprocess.Popen(
        [sys.executable, "-m", "tests.gui.killed", str(small_clip.images), str(home)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "ready\n"
        killed.kill()
    expected = list(np.load(home / "masks.npy"))
    (died,) = (home / "cache" / "recovery").glob("*.mivos")

    again = program(small_clip.images, home=home)
    again.parts.projects.offer_unnamed()
    wait_until(lambda: again.findChild(QListWidget, "recovery_list") is not None)
    listed = again.findChild(QListWidget, "recovery_list")
    assert listed is not None
    assert listed.count() == 1
    assert listed.item(0).text().startswith("images – ")
    assert listed.item(0).text().endswith(" – 1 stroke – less than 1 MB")
    assert any(ids.any() for ids in expected[1:])
    again.parts.projects.file_chosen.emit(died)
    wait_until(lambda: again.parts.projects.project is not None and again.parts.projects.project.path == died)
    wait_open(again)
    assert_equal(masks(again), expected)
    assert again.isWindowModified(), "it still has no name"


def test_a_program_that_dies_during_a_propagation_leaves_what_is_finished_as_a_step(
    program: OpenProgram, small_clip: ClipOnDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = program(small_clip.images)
    drag(window.canvas, [(20, 30), (26, 30)])
    wait_idle(window)
    path = tmp_path / "koi.mivos"
    save_as(window, path, monkeypatch)
    copies: list[Path] = []

    def save_and_copy(self: ProjectSaver, session: Session) -> None:
        save(self, session)
        running = self._recorder.running
        if running == Propagate(stop_after=3):
            copies.append(crashed_copy(path, tmp_path / "died"))

    save = ProjectSaver.save
    monkeypatch.setattr(ProjectSaver, "is_due", lambda self: True)
    monkeypatch.setattr(ProjectSaver, "save", save_and_copy)
    press(window, "propagate")
    wait_idle(window)
    expected = masks(window)
    again = program(copies[0])
    assert sum(bool(ids.any()) for ids in masks(again)) == 4, "the stroke's frame and three more"
    press(again, "propagate")
    wait_idle(again)
    assert_equal(masks(again), expected)
    close(again)
    with ProjectFile.open(copies[0], writes=False) as project:
        steps = project.steps()
    assert steps[-2:] == [Propagate(stop_after=3), Propagate()]
    script = again.files._opened.recorder.script(tmp_path)  # type: ignore[union-attr]
    clip = open_clip(small_clip.images)
    session = Session(clip, fake_networks(), device="cpu", dtype="float32", working_size=64)
    for _ in play(session, script, lambda *_: expected[0], lambda _: None):
        pass
    assert_equal([session.ids(frame_index) for frame_index in range(FRAMES)], expected)


def test_work_kept_for_later_is_offered_too_but_not_what_is_open_or_empty(
    program: OpenProgram, small_clip: ClipOnDisk, tmp_path: Path
) -> None:
    recovery = tmp_path / "home" / "cache" / "recovery"
    window = program(small_clip.images)
    press(window, "add_object")
    wait_idle(window)
    window.close()
    click_dialog_button(window, KEEP)
    wait_until(lambda: not window.isVisible())
    (kept,) = recovery.glob("*.mivos")
    is_open = program(small_clip.images)
    draw_and_propagate(is_open)
    untouched = program(small_clip.images).parts.projects.project
    assert untouched is not None
    crashed_copy(untouched.path, tmp_path / "copies").rename(recovery / "untouched.mivos")
    backend = is_open.parts.projects.backend
    assert backend is not None
    assert [(each.path, each.strokes) for each in backend.unnamed()] == [(kept, 0)]


def test_work_that_was_undone_can_be_redone_after_the_next_start(
    program: OpenProgram, small_clip: ClipOnDisk, tmp_path: Path
) -> None:
    window = program(small_clip.images)
    draw_and_propagate(window)
    expected = masks(window)
    assert press_while_enabled(window, "undo") == 2
    close(window)
    (kept,) = (tmp_path / "home" / "cache" / "recovery").glob("*.mivos")
    wait_until(lambda: not has_living_owner(kept))
    again = program(small_clip.images)
    backend = again.parts.projects.backend
    assert backend is not None
    assert [each.path for each in backend.unnamed()] == [kept]
    again.open(kept)
    wait_until(lambda: again.parts.projects.project is not None and again.parts.projects.project.path == kept)
    wait_open(again)
    assert press_while_enabled(again, "redo") == 2
    assert_equal(masks(again), expected)


def test_a_project_is_open_already_by_whatever_link_it_is_opened_again(
    program: OpenProgram, small_clip: ClipOnDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = program(small_clip.images)
    (tmp_path / "work").mkdir()
    save_as(window, tmp_path / "work" / "koi.mivos", monkeypatch)
    (tmp_path / "link").symlink_to(tmp_path / "work")
    window.parts.projects.file_chosen.emit(tmp_path / "link" / "koi.mivos")
    assert window.banner.text == "koi is open already."


def test_a_project_that_could_only_be_looked_at_is_opened_anew_once_it_is_free(
    program: OpenProgram, small_clip: ClipOnDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mivos_studio.window_projects._WAIT_S", 0.0)
    window = program(small_clip.images)
    draw_and_propagate(window)
    project = tmp_path / "koi.mivos"
    save_as(window, project, monkeypatch)
    other = program(project)
    assert "(read-only)" in other.windowTitle()
    close(window)
    wait_until(lambda: not has_living_owner(project))
    other.parts.projects.file_chosen.emit(project)
    wait_until(lambda: "(read-only)" not in other.windowTitle())
    wait_open(other)
    before = masks(other)
    drag(other.canvas, [(70, 50), (72, 50)])
    wait_idle(other)
    assert any((one != was).any() for one, was in zip(masks(other), before, strict=True))


def test_a_project_that_another_window_has_open_can_only_be_looked_at(
    program: OpenProgram, small_clip: ClipOnDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mivos_studio.window_projects._WAIT_S", 0.0)
    window = program(small_clip.images)
    draw_and_propagate(window)
    project = tmp_path / "koi.mivos"
    save_as(window, project, monkeypatch)
    other = program(project)
    assert "(read-only)" in other.windowTitle()
    assert "is open for writing by process" in other.banner.text
    assert_equal(masks(other), masks(window))
    before = masks(other)
    drag(other.canvas, [(70, 50), (72, 50)])
    wait_idle(other)
    assert "koi.mivos can only be looked at" in other.banner.text
    assert_equal(masks(other), before)
    save_as(other, tmp_path / "mine.mivos", monkeypatch)
    drag(other.canvas, [(70, 50), (72, 50)])
    wait_idle(other)
    assert any((one != two).any() for one, two in zip(masks(other), before, strict=True))


def test_a_save_that_fails_once_is_made_good_by_the_next(
    program: OpenProgram, small_clip: ClipOnDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = program(small_clip.images)
    save_as(window, tmp_path / "koi.mivos", monkeypatch)
    with monkeypatch.context() as broken:
        broken.setattr(ProjectFile, "_write", _raise_full)
        drag(window.canvas, [(20, 30), (26, 30)])
        wait_idle(window)
        assert "disk is full" in window.banner.text
    press(window, "propagate")
    wait_idle(window)
    expected = masks(window)
    close(window)
    again = program(tmp_path / "koi.mivos")
    assert_equal(masks(again), expected)


def _raise_full(self: ProjectFile, *_: object) -> None:
    from mivos_studio.project.file.errors import FullDiskError

    raise FullDiskError(f"{self.path} cannot be saved, since its disk is full: free some space there.")


def test_a_clip_that_was_moved_is_found_beside_the_project_and_else_asked_for(
    program: OpenProgram, small_clip: ClipOnDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = tmp_path / "clips" / "pond"
    shutil.copytree(small_clip.images, clip)
    window = program(clip)
    draw_and_propagate(window)
    expected = masks(window)
    (tmp_path / "work").mkdir()
    project = tmp_path / "work" / "koi.mivos"
    save_as(window, project, monkeypatch)
    close(window)

    clip.rename(tmp_path / "work" / "pond")
    beside = program(project)
    assert_equal(masks(beside), expected)
    close(beside)

    (tmp_path / "work" / "pond").rename(tmp_path / "elsewhere")
    asked = program(project, waits=False)
    wait_until(lambda: dialog_named(asked, "clip_dialog") is not None)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "elsewhere"))
    click_dialog_button(asked, clip_dialog.IMAGES, "clip_dialog")
    wait_open(asked)
    assert_equal(masks(asked), expected)
    close(asked)
    with ProjectFile.open(project, writes=False) as file:
        assert file.clip is not None
        assert file.clip.absolute == str(tmp_path / "elsewhere"), "it is remembered"


def test_the_window_goes_from_one_project_to_another_and_back(
    program: OpenProgram, small_clip: ClipOnDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = tmp_path / "one.mivos", tmp_path / "two.mivos"
    window = program(small_clip.images)
    draw_and_propagate(window)
    expected = masks(window)
    save_as(window, one, monkeypatch)
    save_as(window, two, monkeypatch)
    for path in (one, two, one):
        window.parts.projects.file_chosen.emit(path)
        wait_until(lambda path=path: window.windowTitle() == f"{path.stem}[*] – MiVOS Studio")
        wait_open(window)
        assert_equal(masks(window), expected)
    assert window.parts.projects.recent()[:2] == (one, two)


def test_work_on_the_sample_clip_that_is_opened_again_is_on_the_sample_clip(
    program: OpenProgram, small_clip: ClipOnDisk, tmp_path: Path
) -> None:
    cache = tmp_path / "home" / "cache"
    shutil.copytree(small_clip.images, cache / "sample")
    window = program(None)
    draw_and_propagate(window)
    project = window.parts.projects.project
    assert project is not None
    window.close()
    click_dialog_button(window, KEEP)
    wait_until(lambda: not has_living_owner(project.path))
    again = program(project.path)
    assert again.files.clip_name == "Sample clip"
    assert again.files._script_folder() == Path.home(), "nothing is saved in the cache folder"


def test_an_undo_while_the_session_is_still_being_opened_keeps_its_first_object(
    program: OpenProgram, small_clip: ClipOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    are_there = threading.Event()

    def load(options: SessionOptions) -> Networks:
        assert are_there.wait(20)
        return replace(fake_networks(), family="compact")

    monkeypatch.setattr(SessionOptions, "load", load)
    window = program(small_clip.images, waits=False)
    wait_until(lambda: window.canvas.shown_frame == 0)
    drag(window.canvas, [(20, 30), (26, 30)])
    for _ in range(3):
        window.edit.undo()
    are_there.set()
    wait_open(window)
    session = window.controller.session
    assert session is not None
    assert [each.name for each in session.objects] == ["Object 1"]
    assert not any(ids.any() for ids in masks(window))


def test_a_project_of_other_networks_says_so(
    program: OpenProgram, small_clip: ClipOnDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = program(small_clip.images)
    draw_and_propagate(window)
    save_as(window, tmp_path / "koi.mivos", monkeypatch)
    close(window)
    monkeypatch.setattr(SessionOptions, "load", lambda self: replace(fake_networks(), family="compact-free"))
    again = program(tmp_path / "koi.mivos")
    assert "made with the networks compact, and goes on with compact-free" in again.banner.text


def test_a_file_that_is_no_project_is_refused_in_the_banner_and_the_clip_stays(
    program: OpenProgram, small_clip: ClipOnDisk, tmp_path: Path
) -> None:
    window = program(small_clip.images)
    (tmp_path / "notes.mivos").write_text("notes", encoding="utf-8")
    window.parts.projects.file_chosen.emit(tmp_path / "notes.mivos")
    wait_until(lambda: bool(window.banner.text))
    assert "notes.mivos is not a project of this program" in window.banner.text
    draw_and_propagate(window)


def test_a_recovery_project_that_cannot_be_restored_stays(
    program: OpenProgram, small_clip: ClipOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = program(small_clip.images)
    draw_and_propagate(window)
    window.shut_down()
    backend = window.parts.projects.backend
    assert backend is not None
    wait_until(lambda: len(backend.unnamed()) == 1)
    (kept,) = backend.unnamed()

    def fail(*_: object, **__: object) -> Session:
        raise UserError("The device is out of memory: choose another.")

    with monkeypatch.context() as broken:
        broken.setattr(Session, "restore", fail)
        again = program(kept.path, waits=False)
        wait_until(lambda: "out of memory" in again.banner.text)
        wait_until(lambda: not has_living_owner(kept.path))
    assert [each.path for each in backend.unnamed()] == [kept.path]
    opened = program(kept.path)
    assert any(ids.any() for ids in masks(opened))


def test_a_clip_of_another_size_is_refused_and_the_project_stays_as_it_was(
    program: OpenProgram, small_clip: ClipOnDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(small_clip.images, tmp_path / "pond")
    window = program(tmp_path / "pond")
    draw_and_propagate(window)
    project = tmp_path / "koi.mivos"
    save_as(window, project, monkeypatch)
    close(window)
    (tmp_path / "pond" / "00005.png").unlink()
    again = program(project, waits=False)
    wait_until(lambda: dialog_named(again, "clip_dialog") is not None)
    click_dialog_button(again, clip_dialog.USE, "clip_dialog")
    wait_until(lambda: "open the clip that it was done on" in again.banner.text)
    wait_until(lambda: not has_living_owner(project))
    with ProjectFile.open(project, writes=False) as file:
        assert file.clip is not None
        assert file.clip.frames == FRAMES


def test_notices_of_the_networks_are_shown_once_they_are_loaded_and_not_again(
    program: OpenProgram, small_clip: ClipOnDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    networks = replace(fake_networks(), family="compact", notices=("First use of fusion.pth.",))
    monkeypatch.setattr(SessionOptions, "load", lambda self: networks)
    window = program(small_clip.images)
    wait_until(lambda: window.banner.text == "First use of fusion.pth.")
    window.banner.hide()
    first = window.controller.session
    window.open(shutil.copytree(small_clip.images, tmp_path / "pond"))
    wait_until(lambda: window.controller.session not in (None, first), 60)
    wait_idle(window)
    assert window.banner.text == ""
