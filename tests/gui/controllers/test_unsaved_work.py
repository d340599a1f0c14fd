"""Work that is in no file is not left without a question."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PyQt5.QtWidgets import QFileDialog, QMessageBox

from gui.main_window import MainWindow
from gui.panels.dialogs.export_dialog import ExportRequest
from mivos_studio.project.script import read_script
from mivos_studio.project.steps import Propagate
from tests.gui.conftest import OpenWindow
from tests.gui.fake_session import FakeSession
from tests.gui.gestures import answer, drag, press, question, settle, wait_until


def scribble(window: MainWindow) -> None:
    drag(window.canvas, [(20, 20), (40, 20)])
    settle(window)


def save_to(monkeypatch: pytest.MonkeyPatch, path: Path | None) -> None:
    chosen = ("", "") if path is None else (str(path), "")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: chosen)


def test_a_window_in_which_nothing_was_done_closes_without_a_question(open_window: OpenWindow) -> None:
    window = open_window()
    assert window.close()
    assert not window.isVisible()


def test_closing_asks_and_says_what_would_be_lost(open_window: OpenWindow) -> None:
    window = open_window()
    scribble(window)
    press(window, "propagate")
    settle(window)
    assert not window.close()
    box = question(window)
    assert box is not None
    assert box.text() == "Save what was done on “clip.mp4” as a script?"
    assert "1 stroke on 1 frame and 1 propagation" in box.informativeText()
    answer(window, QMessageBox.StandardButton.Cancel)
    assert window.isVisible()
    assert window.controller.session is not None
    assert not window.close(), "asked again"
    answer(window, QMessageBox.StandardButton.Discard)
    assert not window.isVisible()


def test_save_writes_the_script_and_then_closes(
    open_window: OpenWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window()
    scribble(window)
    save_to(monkeypatch, tmp_path / "work.json")
    window.close()
    answer(window, QMessageBox.StandardButton.Save)
    assert not window.isVisible()
    assert [step.verb for step in read_script(tmp_path / "work.json").steps] == ["scribble"]


def test_no_file_chosen_keeps_the_window(open_window: OpenWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    window = open_window()
    scribble(window)
    save_to(monkeypatch, None)
    window.close()
    answer(window, QMessageBox.StandardButton.Save)
    assert window.isVisible()


def test_a_script_that_cannot_be_saved_keeps_the_window_and_the_older_script(
    open_window: OpenWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window()
    scribble(window)
    path = tmp_path / "work.json"
    window.files.save_script(path)
    older = path.read_bytes()
    scribble(window)

    def full(self: Path, *_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    monkeypatch.setattr(Path, "write_bytes", full)
    monkeypatch.setattr("os.fsync", full)
    save_to(monkeypatch, path)
    window.close()
    answer(window, QMessageBox.StandardButton.Save)
    assert window.isVisible()
    assert "the disk is full" in window.banner.text
    assert path.read_bytes() == older
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_asked_after_a_save_or_after_undoing_to_it(
    open_window: OpenWindow, tmp_path: Path
) -> None:
    window = open_window()
    scribble(window)
    window.files.save_script(tmp_path / "work.json")
    assert not window.unsaved_work_guard.has_unsaved_work
    scribble(window)
    assert window.unsaved_work_guard.has_unsaved_work
    press(window, "undo")
    settle(window)
    assert not window.unsaved_work_guard.has_unsaved_work


def test_a_script_that_was_played_is_in_its_file_until_more_is_done(
    open_window: OpenWindow, tmp_path: Path
) -> None:
    window = open_window()
    scribble(window)
    press(window, "propagate")
    settle(window)
    window.files.save_script(tmp_path / "work.json")
    other = open_window()
    other.files.play_script(tmp_path / "work.json")
    settle(other)
    assert not other.unsaved_work_guard.has_unsaved_work
    scribble(other)
    assert other.unsaved_work_guard.has_unsaved_work
    scribble(window)
    window.files.play_script(tmp_path / "work.json")
    settle(window)
    assert window.unsaved_work_guard.has_unsaved_work, "what was done before it is in no file"


def test_exported_masks_are_no_saved_work(open_window: OpenWindow, tmp_path: Path) -> None:
    window = open_window()
    scribble(window)
    window.files.export(ExportRequest("png-indexed", tmp_path / "masks", replaces=False))
    settle(window)
    assert (tmp_path / "masks" / "00000.png").exists()
    assert window.unsaved_work_guard.has_unsaved_work


def test_another_clip_asks_and_cancel_keeps_the_one_that_is_open(open_window: OpenWindow) -> None:
    window = open_window()
    scribble(window)
    session = window.controller.session
    window.files.clip_chosen.emit(Path("other.mp4"))
    answer(window, QMessageBox.StandardButton.Cancel)
    settle(window)
    assert window.controller.session is session
    assert window.windowTitle().startswith("clip.mp4")
    window.files.clip_chosen.emit(Path("other.mp4"))
    answer(window, QMessageBox.StandardButton.Discard)
    wait_until(lambda: window.windowTitle().startswith("other.mp4"))


def test_save_during_a_propagation_keeps_the_part_that_is_done(
    open_window: OpenWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Semaphore(4)
    window = open_window(FakeSession(gate=gate))
    scribble(window)
    press(window, "propagate")
    wait_until(lambda: len(window.timeline.propagated_frames) == 4)
    save_to(monkeypatch, tmp_path / "work.json")
    window.close()
    answer(window, QMessageBox.StandardButton.Save)
    gate.release(100)
    wait_until(lambda: not window.isVisible())
    step = read_script(tmp_path / "work.json").steps[-1]
    assert isinstance(step, Propagate)
    assert step.stop_after is not None


def test_leaving_without_a_question_is_what_a_timed_end_does(open_window: OpenWindow) -> None:
    window = open_window()
    scribble(window)
    window.close_without_asking()
    assert question(window) is None
    assert not window.isVisible()


def test_quitting_asks_too(open_window: OpenWindow) -> None:
    window = open_window()
    scribble(window)
    window.files.quit()
    assert question(window) is not None
    answer(window, QMessageBox.StandardButton.Cancel)
    assert window.isVisible()
