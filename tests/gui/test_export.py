"""Export from the window: each format is offered, replacing is confirmed, a refused folder explained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import QAbstractButton, QApplication, QComboBox, QDialog, QLabel, QLineEdit, QMessageBox

from gui.main_window import MainWindow
from gui.panels.dialogs.export_dialog import ExportRequest
from mivos_studio.media.export.formats import FORMATS
from mivos_studio.media.palette import read_ids
from tests.gui.conftest import OpenWindow
from tests.gui.fake_session import FRAME_COUNT, FakeSession
from tests.gui.gestures import drag, press, wait_idle
from tests.toys import toy_format


def in_the_dialog(window: MainWindow, *acts: Callable[[QDialog], None]) -> list[str]:
    """Open the export dialog, do one thing after the other in it, and close it if it is still open.

    Returns what it said after each.
    """
    said: list[str] = []

    def go_on() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QDialog)
        for act in acts:
            act(dialog)
            message = dialog.findChild(QLabel, "export_message")
            assert message is not None
            said.append(message.text() if dialog.isVisible() else "closed")
        if dialog.isVisible():
            dialog.reject()

    QTimer.singleShot(0, go_on)
    window.files.ask_for_export()
    return said


def choose_folder(folder: Path) -> Callable[[QDialog], None]:
    def act(dialog: QDialog) -> None:
        line = dialog.findChild(QLineEdit, "export_folder")
        assert line is not None
        line.setText(str(folder))

    return act


def start(answer: str = "", asked: list[str] | None = None) -> Callable[[QDialog], None]:
    """Press Export; then the button of that name in the question, or Cancel."""

    def act(dialog: QDialog) -> None:
        def reply() -> None:
            box = QApplication.activeModalWidget()
            if not isinstance(box, QMessageBox):
                return
            if asked is not None:
                asked.append(box.text())
            button = box.findChild(QAbstractButton, answer) if answer else box.button(QMessageBox.Cancel)
            assert button is not None
            button.click()

        QTimer.singleShot(0, reply)
        button = dialog.findChild(QAbstractButton, "export_start")
        assert button is not None
        button.click()

    return act


def test_a_format_with_an_entry_is_offered_explained_and_written(
    open_window: OpenWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FORMATS, toy_format.TOY.name, toy_format.TOY)
    window = open_window(FakeSession())
    offered: list[str] = []
    shown: list[str] = []

    def choose_format(dialog: QDialog) -> None:
        formats = dialog.findChild(QComboBox, "export_format")
        assert formats is not None
        offered.extend(formats.itemData(place) for place in range(formats.count()))
        formats.setCurrentIndex(formats.findText(toy_format.TOY.title))
        shown.extend(label.text() for label in dialog.findChildren(QLabel))

    said = in_the_dialog(window, choose_format, choose_folder(tmp_path / "out"), start())
    assert said == ["", "", "closed"]
    wait_idle(window)
    assert offered == ["png-indexed", "png-matte", "areas"]
    assert toy_format.TOY.explanation in shown
    assert len((tmp_path / "out" / "areas.txt").read_text(encoding="utf-8").splitlines()) == FRAME_COUNT


@pytest.mark.parametrize("format_name", ["png-indexed", "png-matte"])
def test_an_export_contains_the_ids_of_the_session(
    open_window: OpenWindow, session: FakeSession, tmp_path: Path, format_name: str
) -> None:
    window = open_window(session)
    drag(window.canvas, [(20, 20), (40, 20)])
    press(window, "propagate")
    wait_idle(window)
    window.files.export(ExportRequest(format_name, tmp_path / "out", replaces=False))
    wait_idle(window)
    folder = tmp_path / "out" if format_name == "png-indexed" else tmp_path / "out" / "Object_1"
    files = sorted(folder.glob("*.png"))
    assert len(files) == FRAME_COUNT
    for frame_index, file in enumerate(files):
        np.testing.assert_array_equal(read_ids(file) > 0, session.ids(frame_index) > 0)


def test_an_export_into_a_full_folder_is_refused_in_the_banner(
    open_window: OpenWindow, session: FakeSession, tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    window = open_window(session)
    window.files.export(ExportRequest("png-indexed", tmp_path, replaces=False))
    wait_idle(window)
    assert "not empty" in window.banner.text
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_the_export_dialog_asks_before_it_replaces_an_earlier_export(
    open_window: OpenWindow, session: FakeSession, tmp_path: Path
) -> None:
    window = open_window(session)
    out = tmp_path / "out"
    assert in_the_dialog(window, choose_folder(out), start()) == ["", "closed"]
    wait_idle(window)
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    drag(window.canvas, [(20, 20), (40, 20)])
    wait_idle(window)
    asked: list[str] = []
    assert in_the_dialog(window, choose_folder(out), start(asked=asked)) == ["", ""]
    assert asked == [f"Replace {FRAME_COUNT} masks of an earlier export in {out}? Other files there stay."]
    wait_idle(window)
    assert not read_ids(out / "00000.png").any(), "the answer was Cancel"
    assert in_the_dialog(window, choose_folder(out), start("export_replaces")) == ["", "closed"]
    wait_idle(window)
    assert read_ids(out / "00000.png").any()
    assert (out / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_confirming_one_folder_does_not_confirm_another(
    open_window: OpenWindow, session: FakeSession, tmp_path: Path
) -> None:
    window = open_window(session)
    for name in ("one", "two"):
        assert in_the_dialog(window, choose_folder(tmp_path / name), start()) == ["", "closed"]
        wait_idle(window)
    asked: list[str] = []
    in_the_dialog(
        window, choose_folder(tmp_path / "one"), start(asked=asked), choose_folder(tmp_path / "two"),
        start(asked=asked),
    )  # fmt: skip
    assert [text.split(" in ")[1].split("?")[0] for text in asked] == [
        str(tmp_path / "one"),
        str(tmp_path / "two"),
    ]


def test_the_export_dialog_stays_open_with_the_reason_when_a_folder_is_refused(
    open_window: OpenWindow, session: FakeSession, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "00003.png").write_text("theirs", encoding="utf-8")
    window = open_window(session)
    said = in_the_dialog(
        window,
        choose_folder(tmp_path / "file"), start(),
        choose_folder(tmp_path / "full"), start(),
        choose_folder(tmp_path / ("x" * 300)), start(),
        choose_folder(tmp_path / "free"), start(),
    )  # fmt: skip
    assert [bool(text) for text in said] == [False, True] * 4
    assert "is a file" in said[1]
    assert "00003.png is in the way" in said[3]
    assert "its name is too long" in said[5]
    assert said[7] == "closed"
    wait_idle(window)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "free", "full"]
    assert (tmp_path / "full" / "00003.png").read_text(encoding="utf-8") == "theirs"


def test_the_export_dialog_asks_before_it_writes_beside_other_files(
    open_window: OpenWindow, session: FakeSession, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    window = open_window(session)
    asked: list[str] = []
    assert in_the_dialog(window, choose_folder(tmp_path), start("export_replaces", asked)) == ["", "closed"]
    wait_idle(window)
    assert asked == [f"{tmp_path} holds other files, which stay as they are. Write the masks beside them?"]
    assert len(list(tmp_path.glob("*.png"))) == FRAME_COUNT
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_exporting_into_the_clips_own_folder_is_refused(
    open_window: OpenWindow, session: FakeSession, tmp_path: Path
) -> None:
    window = open_window(session)
    (tmp_path / "clip").mkdir()
    (tmp_path / "link").symlink_to("clip", target_is_directory=True)
    opened = window.files._opened
    assert opened is not None
    window.files.set_clip(replace(opened, path=tmp_path / "clip"))
    said = in_the_dialog(window, choose_folder(tmp_path / "link"), start())
    assert "is the folder of the clip itself" in said[1]
    window.files.export(ExportRequest("png-indexed", tmp_path / "clip", replaces=True))
    wait_idle(window)
    assert "is the folder of the clip itself" in window.banner.text
    assert list((tmp_path / "clip").iterdir()) == []
