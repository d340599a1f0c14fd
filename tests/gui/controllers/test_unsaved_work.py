"""Work that is in no file is not left without a unsaved_dialog."""

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
from tests.gui.gestures import click_dialog_button, drag, press, unsaved_dialog, wait_idle, wait_until


def scribble(window: MainWindow) -> None:
    drag(window.canvas, [(20, 20), (40, 20)])
    wait_idle(window)


def save_to(monkeypatch: pytest.MonkeyPatch, path: Path | None) -> None:
    chosen = ("", "") if path is None else (str(path), "")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: chosen)


def test_a_window_without_changes_closes_without_a_dialog(open_window: OpenWindow) -> None:
    window = open_window()
    assert window.close()
    assert not window.isVisible()


def test_closing_opens_a_dialog_that_lists_the_unsaved_work(open_window: OpenWindow) -> None:
    window = open_window()
    scribble(window)
    press(window, "propagate")
    wait_idle(window)
    assert not window.close()
    box = unsaved_dialog(window)
    assert box is not None
    assert box.text() == "Save what was done on “clip.mp4” as a script?"
    assert "1 stroke on 1 frame and 1 propagation" in box.informativeText()
    click_dialog_button(window, QMessageBox.StandardButton.Cancel)
    assert window.isVisible()
    assert window.controller.session is not None
    assert not window.close(), "asked again"
    click_dialog_button(window, QMessageBox.StandardButton.Discard)
    assert not window.isVisible()


def test_save_writes_the_script_and_then_closes(
    open_window: OpenWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window()
    scribble(window)
    save_to(monkeypatch, tmp_path / "work.json")
    window.close()
    click_dialog_button(window, QMessageBox.StandardButton.Save)
    assert not window.isVisible()
    assert [step.verb for step in read_script(tmp_path / "work.json").steps] == ["scribble"]


def test_cancelling_the_file_dialog_keeps_the_window_open(
    open_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window()
    scribble(window)
    save_to(monkeypatch, None)
    window.close()
    click_dialog_button(window, QMessageBox.StandardButton.Save)
    assert window.isVisible()


def test_a_failed_save_keeps_the_window_open_and_the_older_script(
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
    click_dialog_button(window, QMessageBox.StandardButton.Save)
    assert window.isVisible()
    assert "the disk is full" in window.banner.text
    assert path.read_bytes() == older
    assert list(tmp_path.iterdir()) == [path]


def test_no_work_is_unsaved_after_a_save_or_after_undoing_to_it(
    open_window: OpenWindow, tmp_path: Path
) -> None:
    window = open_window()
    scribble(window)
    window.files.save_script(tmp_path / "work.json")
    assert not window.unsaved_work_guard.has_unsaved_work
    scribble(window)
    assert window.unsaved_work_guard.has_unsaved_work
    press(window, "undo")
    wait_idle(window)
    assert not window.unsaved_work_guard.has_unsaved_work


def test_a_played_script_counts_as_saved_until_more_steps_follow(
    open_window: OpenWindow, tmp_path: Path
) -> None:
    window = open_window()
    scribble(window)
    press(window, "propagate")
    wait_idle(window)
    window.files.save_script(tmp_path / "work.json")
    other = open_window()
    other.files.play_script(tmp_path / "work.json")
    wait_idle(other)
    assert not other.unsaved_work_guard.has_unsaved_work
    scribble(other)
    assert other.unsaved_work_guard.has_unsaved_work
    scribble(window)
    window.files.play_script(tmp_path / "work.json")
    wait_idle(window)
    assert window.unsaved_work_guard.has_unsaved_work, "what was done before it is in no file"


def test_an_export_does_not_count_as_saving(open_window: OpenWindow, tmp_path: Path) -> None:
    window = open_window()
    scribble(window)
    window.files.export(ExportRequest("png-indexed", tmp_path / "masks", replaces=False))
    wait_idle(window)
    assert (tmp_path / "masks" / "00000.png").exists()
    assert window.unsaved_work_guard.has_unsaved_work


def test_opening_another_clip_asks_and_cancel_keeps_the_current_one(open_window: OpenWindow) -> None:
    window = open_window()
    scribble(window)
    session = window.controller.session
    window.files.clip_chosen.emit(Path("other.mp4"))
    click_dialog_button(window, QMessageBox.StandardButton.Cancel)
    wait_idle(window)
    assert window.controller.session is session
    assert window.windowTitle().startswith("clip.mp4")
    window.files.clip_chosen.emit(Path("other.mp4"))
    click_dialog_button(window, QMessageBox.StandardButton.Discard)
    wait_until(lambda: window.windowTitle().startswith("other.mp4"))


def test_saving_during_a_propagation_includes_its_finished_part(
    open_window: OpenWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Semaphore(4)
    window = open_window(FakeSession(gate=gate))
    scribble(window)
    press(window, "propagate")
    wait_until(lambda: len(window.timeline.propagated_frames) == 4)
    save_to(monkeypatch, tmp_path / "work.json")
    window.close()
    click_dialog_button(window, QMessageBox.StandardButton.Save)
    gate.release(100)
    wait_until(lambda: not window.isVisible())
    step = read_script(tmp_path / "work.json").steps[-1]
    assert isinstance(step, Propagate)
    assert step.stop_after is not None


def test_close_without_asking_opens_no_dialog(open_window: OpenWindow) -> None:
    window = open_window()
    scribble(window)
    window.close_without_asking()
    assert unsaved_dialog(window) is None
    assert not window.isVisible()


def test_quitting_opens_the_dialog_too(open_window: OpenWindow) -> None:
    window = open_window()
    scribble(window)
    window.files.quit()
    assert unsaved_dialog(window) is not None
    click_dialog_button(window, QMessageBox.StandardButton.Cancel)
    assert window.isVisible()
