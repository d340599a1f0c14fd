"""Bad input in the window: a plain sentence in the banner or the dialog, and everything stays as it was."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PyQt5.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PyQt5.QtGui import QDragEnterEvent, QDropEvent
from PyQt5.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDialog,
    QFileDialog,
    QLabel,
    QLineEdit,
)

from gui.main_window import MainWindow
from gui.panels.dialogs import clip_dialog
from mivos_studio.project.file.project_file import ProjectFile
from tests.conftest import FRAMES, HEIGHT, WIDTH, ClipOnDisk
from tests.gui.bad_files import (
    CLIPS,
    FILE_PLACES,
    HALF,
    MASKS,
    MOVED_CLIPS,
    NO_PROJECTS,
    PLACES,
    SCRIPTS,
    SPOILED_PROJECTS,
    WITHOUT_RIGHTS,
    Builder,
    a_text,
    big_notes,
    folder_without_rights,
    of_moved_clip,
    project_loop,
    read_only_folder,
    script_of,
    unreadable,
)
from tests.gui.bench import Bench, check_fits, check_sentence, real_window
from tests.gui.gestures import click_dialog_button, dialog_named, wait_idle, wait_until


@pytest.fixture(scope="module")
def bench(
    application: QApplication, small_clip: ClipOnDisk, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    del application
    with real_window(tmp_path_factory.mktemp("bench")) as made:
        made.open(small_clip.images)
        made.work()
        yield made


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


# Rights.


@pytest.fixture
def rights(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip the test where this account may read and write everything, as root may."""
    if os.access(unreadable(tmp_path_factory.mktemp("rights")), os.R_OK):
        pytest.skip("this account may read everything")


@pytest.mark.usefixtures("rights")
@pytest.mark.parametrize("name", WITHOUT_RIGHTS)
def test_what_this_account_may_not_read_is_a_sentence(
    name: str, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = WITHOUT_RIGHTS[name](tmp_path)
    try:
        for way in WAYS:
            bench.sentence_of(lambda way=way: way(bench.window, path, monkeypatch))
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
        bench.sentence_of(bench.window.actions_by_name["play_script"].trigger)
        script = script_of({"do": "set_ids", "frame": 0, "file": str(path)})(tmp_path)
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(script), ""))
        bench.sentence_of(bench.window.actions_by_name["play_script"].trigger)
    finally:
        for made in tmp_path.iterdir():
            made.chmod(0o700)


@pytest.mark.usefixtures("rights")
@pytest.mark.parametrize("build", [read_only_folder, folder_without_rights])
def test_a_folder_that_this_account_may_not_write_in_is_a_sentence(
    build: Builder, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = build(tmp_path)
    try:
        for place in (folder, folder / "masks"):
            sentence = dialog_sentence(bench, str(place))
            print(sentence)
            check_sentence(sentence)
        monkeypatch.setattr(
            QFileDialog, "getSaveFileName", lambda *_: (str(folder / "x"), "Scripts (*.json)")
        )
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
        for action in ("save_script", "save_project_as", "collect"):
            print(action, bench.sentence_of(bench.window.actions_by_name[action].trigger))
    finally:
        folder.chmod(0o700)


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
            if dialog.isVisible():
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
    if name in ("a folder", "a file of another program"):  # a name without an ending would get one
        place = place.rename(place.with_suffix(".json"))
    files = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(place), "Scripts (*.json)"))
    print(name, bench.sentence_of(bench.window.actions_by_name["save_script"].trigger))
    assert sorted(tmp_path.rglob("*")) == files


@pytest.mark.parametrize("name", [name for name in FILE_PLACES if name != "a device"])
def test_a_project_is_not_saved_to_an_impossible_place(
    name: str, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = project_loop(tmp_path) if name == "a loop" else FILE_PLACES[name](tmp_path)
    if name in ("a folder", "a file of another program", "a pipe"):
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


# Names that are not valid Unicode, as older systems wrote them.


def test_folders_whose_names_are_no_unicode_are_used_for_everything(
    application: QApplication, small_clip: ClipOnDisk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del application
    half = tmp_path / HALF
    half.mkdir()
    clip = shutil.copytree(small_clip.images, half / "clip")
    with real_window(tmp_path) as bench:
        window = bench.window
        bench.open(clip)
        bench.project = half / "koi.mivos"
        bench.work()
        assert "koi.mivos" in window.banner.text
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(half / "work.json"), ""))
        window.actions_by_name["save_script"].trigger()
        assert "The script is in" in window.banner.text
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(half / "collected"))
        window.actions_by_name["collect"].trigger()
        wait_until(lambda: "are in" in window.banner.text)
        assert (half / "collected" / "koi.mivos").exists()
        assert dialog_sentence(bench, str(half / "masks")) == ""
        wait_until(lambda: "The masks are in" in window.banner.text)
        shutil.copy(small_clip.masks[0], half / "mask.png")
        script = script_of({"do": "set_ids", "frame": 0, "file": "mask.png"})(half)
        window.files.play_script(script)
        wait_until(lambda: "has been played" in window.banner.text)
        assert window.parts.projects.save_failure == ""
        assert window.files.save_script(half / "again.json")
        bench.check_usable()
        masks, count = bench.state()[0], bench.state()[1]
    with real_window(tmp_path / "again") as again:
        again.open(half / "koi.mivos")
        assert again.state()[:2] == (masks, count)


# What looks odd and is fine.


def test_an_image_with_megabytes_of_notes_and_a_profile_opens(
    application: QApplication, tmp_path: Path
) -> None:
    del application
    pixels = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    single, folder = big_notes(tmp_path / "one", pixels), tmp_path / "two"
    for number in range(FRAMES):
        shutil.copy(single, folder / f"{number:05}.png")
    (folder / "notes.txt").write_text("notes", encoding="utf-8")
    (folder / ".hidden.png").write_text("notes", encoding="utf-8")
    (folder / "more.png").mkdir()
    os.mkfifo(folder / "pipe.png")
    with real_window(tmp_path) as bench:
        for path in (single, folder):
            bench.window.open(path)
            wait_until(lambda path=path: bench.window.files.clip_path == path)
            wait_until(lambda: bench.window.controller.session is not None)
            wait_idle(bench.window)
            assert bench.window.banner.text == ""
        bench.check_usable()
