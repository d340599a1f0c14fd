"""Bad input in the window: a plain sentence in the banner or the dialog, and everything stays as it was."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PyQt5 import sip
from PyQt5.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl, qInstallMessageHandler
from PyQt5.QtGui import QDragEnterEvent, QDropEvent
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDialog,
    QFileDialog,
    QLabel,
    QLineEdit,
)

from gui.controllers.project_controller import SavePlace
from gui.main_window import MainWindow
from gui.panels.dialogs import clip_dialog
from mivos_studio import app
from mivos_studio.project.file.project_file import ProjectFile
from mivos_studio.session_options import SessionOptions
from tests.conftest import FRAMES, ClipOnDisk
from tests.gui.bad_files import (
    CLIPS,
    FILE_PLACES,
    MASKS,
    MOVED_CLIPS,
    NO_PROJECTS,
    PLACES,
    SCRIPTS,
    SPOILED_PROJECTS,
    a_text,
    of_moved_clip,
    project_loop,
    script_of,
)
from tests.gui.gestures import click_dialog_button, dialog_named, drag, press, wait_idle, wait_until
from tests.inference_core.fakes import fake_networks

_OF_OFFSCREEN = "This plugin does not support"
_WORDS_OF_PYTHON = re.compile(r"Errno|Traceback|Error\b|Exception|<class|object at 0x|That did not work")
_UNSHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\ud800-\udfff]")


class Bench:
    """A window with a project that holds strokes, a propagation and an undone step."""

    def __init__(self, window: MainWindow, project: Path) -> None:
        self.window = window
        self.project = project
        self.qt_messages: list[str] = []

    def state(self) -> tuple[object, ...]:
        """All that bad input must leave as it is."""
        window, session = self.window, self.window.controller.session
        project = window.parts.projects.project
        assert session is not None
        return (
            [session.ids(frame_index).tobytes() for frame_index in range(FRAMES)],
            session.undo_count,
            session.history,
            session.objects,
            window.model.state,
            window.canvas.zoom_state,
            window.windowTitle(),
            project.path if project is not None else None,
            project.is_read_only if project is not None else None,
            window.size(),
            window.minimumSizeHint().width() <= self.least_width,
        )

    least_width = 1000

    def sentence_of(self, act: Callable[[], object]) -> str:
        """Do something that is refused; check everything around it, and return the banner's sentence."""
        window = self.window
        window.banner.hide()
        self.qt_messages.clear()
        before = self.state()
        act()
        wait_until(lambda: bool(window.banner.text))
        wait_until(lambda: window.controller.session is not None)
        wait_idle(window)
        sentence = window.banner.text
        assert window.banner.property("kind") == "error"
        check_sentence(sentence)
        self.check_nothing_else_is_said()
        assert self.state() == before
        self.check_banner_fits()
        self.check_usable()
        return sentence

    def check_nothing_else_is_said(self) -> None:
        said = [text for text in self.qt_messages if _OF_OFFSCREEN not in text]
        assert said == []
        status = self.window.findChild(QLabel, "status")
        assert status is not None
        assert status.text() == "Ready"

    def check_banner_fits(self) -> None:
        banner = self.window.banner
        text = banner.findChild(QAbstractButton, "banner_dismiss")
        assert text is not None
        assert self.window.canvas.geometry().contains(banner.geometry())
        assert banner.rect().contains(text.geometry())
        QTest.mouseClick(text, Qt.MouseButton.LeftButton)
        assert not banner.isVisible()

    def check_usable(self) -> None:
        """Draw a stroke, which changes a mask, and undo it."""
        window, session = self.window, self.window.controller.session
        assert session is not None
        before = session.ids(window.model.state.frame_index)
        drag(window.canvas, [(60, 50), (64, 50)])
        wait_idle(window)
        assert (session.ids(window.model.state.frame_index) != before).any()
        press(window, "undo")
        wait_idle(window)
        np.testing.assert_array_equal(session.ids(window.model.state.frame_index), before)


def check_fits(dialog: QDialog) -> None:
    """No dialog is wider than a window of 1280 pixels, and all of its text is text."""
    assert dialog.width() <= 1280
    for label in dialog.findChildren(QLabel):
        assert label.textFormat() == Qt.TextFormat.PlainText or not label.text()


def check_sentence(sentence: str) -> None:
    assert sentence.endswith("."), sentence
    assert len(sentence) <= 500
    assert not _UNSHOWN.search(sentence), repr(sentence)
    assert not _WORDS_OF_PYTHON.search(sentence), sentence


@pytest.fixture(scope="module")
def bench(
    application: QApplication, small_clip: ClipOnDisk, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("bench")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SessionOptions, "load", lambda self: replace(fake_networks(), family="compact"))
        options = app.WindowOptions(device="cpu", dtype="float32", working_size=64)
        window = MainWindow(app._backend(options, folder / "cache", folder / "settings"))
        window.resize(1000, 640)
        window.show()
        made = Bench(window, folder / "koi.mivos")
        qInstallMessageHandler(lambda kind, context, text: made.qt_messages.append(text or ""))
        window.open(small_clip.images)
        wait_until(lambda: window.controller.session is not None, 60)
        wait_idle(window)
        drag(window.canvas, [(20, 30), (26, 30)])
        wait_idle(window)
        press(window, "propagate")
        wait_idle(window)
        window.parts.projects.save_as(SavePlace(made.project))
        wait_idle(window)
        yield made
        qInstallMessageHandler(None)
        window.close_without_asking()
        sip.delete(window)


@pytest.fixture(scope="module")
def good_project(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the bench's project, closed."""
    path = tmp_path_factory.mktemp("good") / "good.mivos"
    with ProjectFile.open(bench.project, writes=False) as project:
        clip = project.clip
        assert clip is not None
        project.copy_to(path, clip)
    return path


# Ways into the program.


def by_menu(window: MainWindow, path: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    patch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(path))
    name = "open_project" if path.suffix == ".mivos" else "open_images" if path.suffix == "" else "open_clip"
    window.actions_by_name[name].trigger()


def by_argument(window: MainWindow, path: Path, patch: pytest.MonkeyPatch) -> None:
    del patch
    window.open(path)


def by_drop(window: MainWindow, path: Path, patch: pytest.MonkeyPatch) -> None:
    del patch
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    where, buttons = QPoint(20, 20), Qt.MouseButtons(Qt.MouseButton.LeftButton)
    keys, copy = Qt.KeyboardModifier.NoModifier, Qt.DropAction.CopyAction
    enter = QDragEnterEvent(where, copy, data, buttons, keys)
    window.dragEnterEvent(enter)
    assert enter.isAccepted()
    window.dropEvent(QDropEvent(QPointF(where), copy, data, buttons, keys))


WAYS = (by_menu, by_argument, by_drop)


@pytest.mark.parametrize("name", CLIPS)
def test_a_bad_clip_is_a_sentence(
    name: str, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = CLIPS[name](tmp_path)
    for way in WAYS:
        print(name, way.__name__, bench.sentence_of(lambda way=way: way(bench.window, path, monkeypatch)))


@pytest.mark.parametrize("name", NO_PROJECTS)
def test_what_is_no_project_is_a_sentence(
    name: str, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = NO_PROJECTS[name](tmp_path)
    for way in WAYS:
        print(name, way.__name__, bench.sentence_of(lambda way=way: way(bench.window, path, monkeypatch)))


@pytest.mark.parametrize("name", SPOILED_PROJECTS)
def test_a_spoiled_project_is_a_sentence(
    name: str, bench: Bench, good_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = SPOILED_PROJECTS[name](tmp_path, good_project)
    print(name, bench.sentence_of(lambda: by_drop(bench.window, path, monkeypatch)))


@pytest.mark.parametrize("name", MOVED_CLIPS)
def test_a_project_whose_clip_is_not_there_asks_for_it_and_a_bad_one_is_a_sentence(
    name: str, bench: Bench, good_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = of_moved_clip(tmp_path, good_project, MOVED_CLIPS[name])
    chosen = a_text(tmp_path)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(chosen), ""))

    def answer() -> None:
        by_drop(bench.window, path, monkeypatch)
        wait_until(lambda: dialog_named(bench.window, "clip_dialog") is not None)
        dialog = dialog_named(bench.window, "clip_dialog")
        assert dialog is not None
        print(name, dialog.text())
        check_sentence(dialog.text().replace("\u200b", ""))
        check_fits(dialog)
        click_dialog_button(bench.window, clip_dialog.VIDEO, "clip_dialog")

    print(name, bench.sentence_of(answer))


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_bad_script_is_a_sentence(
    name: str, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = SCRIPTS[name](tmp_path)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    print(name, bench.sentence_of(bench.window.actions_by_name["play_script"].trigger))


@pytest.mark.parametrize("name", MASKS)
def test_a_bad_mask_of_a_script_is_a_sentence(
    name: str, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mask = MASKS[name](tmp_path)
    path = script_of({"do": "set_ids", "frame": 0, "file": str(mask)})(tmp_path)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    print(name, bench.sentence_of(bench.window.actions_by_name["play_script"].trigger))


# Places for results.


def press_export(dialog: QDialog, folder: str) -> str:
    width = dialog.width()
    line, message = dialog.findChild(QLineEdit, "export_folder"), dialog.findChild(QLabel, "export_message")
    start = dialog.findChild(QAbstractButton, "export_start")
    assert line is not None
    assert message is not None
    assert start is not None
    line.setText(folder)
    start.click()
    assert dialog.isVisible() == bool(message.text())
    assert message.textFormat() == Qt.TextFormat.PlainText
    assert dialog.width() == width
    assert dialog.rect().contains(start.parentWidget().geometry())
    return message.text().replace("\u200b", "")


def dialog_sentence(bench: Bench, folder: str) -> str:
    """Export into a folder; return what the dialog says, or the banner after it."""
    window, said = bench.window, [""]

    def fill_in() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QDialog)
        try:
            said[0] = press_export(dialog, folder)
        finally:
            dialog.reject()

    QTimer.singleShot(0, fill_in)
    window.actions_by_name["export"].trigger()
    return said[0]


@pytest.mark.parametrize("name", PLACES)
def test_an_export_to_an_impossible_folder_is_a_sentence_in_the_dialog(
    name: str, bench: Bench, tmp_path: Path
) -> None:
    place = PLACES[name](tmp_path)
    before, files = bench.state(), sorted(tmp_path.rglob("*"))
    bench.qt_messages.clear()
    sentence = dialog_sentence(bench, str(place))
    print(name, sentence)
    check_sentence(sentence)
    bench.check_nothing_else_is_said()
    assert bench.state() == before
    assert sorted(tmp_path.rglob("*")) == files
    bench.check_usable()


def test_an_export_into_the_clips_own_folder_is_refused(bench: Bench, small_clip: ClipOnDisk) -> None:
    files = sorted(small_clip.folder.rglob("*"))
    sentence = dialog_sentence(bench, str(small_clip.images))
    print(sentence)
    check_sentence(sentence)
    assert sorted(small_clip.folder.rglob("*")) == files


@pytest.mark.parametrize("name", FILE_PLACES)
def test_a_script_is_not_saved_to_an_impossible_place(
    name: str, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = FILE_PLACES[name](tmp_path)
    files = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(place), "Scripts (*.json)"))
    print(name, bench.sentence_of(bench.window.actions_by_name["save_script"].trigger))
    assert sorted(tmp_path.rglob("*")) == files


@pytest.mark.parametrize("name", FILE_PLACES)
def test_a_project_is_not_saved_to_an_impossible_place(
    name: str, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = project_loop(tmp_path) if name == "a loop" else FILE_PLACES[name](tmp_path)
    if name in ("a folder", "a file of another program"):
        place = place.rename(place.with_suffix(".mivos"))
    files = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(place), ""))
    print(name, bench.sentence_of(bench.window.actions_by_name["save_project_as"].trigger))
    assert sorted(tmp_path.rglob("*")) == files


@pytest.mark.parametrize("name", [name for name in PLACES if name != "no user's home"])
def test_a_project_is_not_collected_into_an_impossible_folder(
    name: str, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = PLACES[name](tmp_path)
    files = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(place))
    print(name, bench.sentence_of(bench.window.actions_by_name["collect"].trigger))
    assert sorted(tmp_path.rglob("*")) == files
