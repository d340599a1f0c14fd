"""The window offers every export format of the registry."""

from __future__ import annotations

from pathlib import Path

import pytest
from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QPushButton

from mivos_studio.media.export.formats import FORMATS
from tests.gui.conftest import OpenWindow
from tests.gui.fake_session import FRAME_COUNT, FakeSession
from tests.gui.gestures import wait_idle
from tests.toys import toy_format


def test_a_format_with_an_entry_is_offered_explained_and_written(
    open_window: OpenWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FORMATS, toy_format.TOY.name, toy_format.TOY)
    window = open_window(FakeSession())
    offered: list[str] = []
    shown: list[str] = []

    def choose() -> None:
        dialog = QApplication.activeModalWidget()
        assert dialog is not None
        formats = dialog.findChild(QComboBox, "export_format")
        offered.extend(formats.itemData(place) for place in range(formats.count()))
        formats.setCurrentIndex(formats.findText(toy_format.TOY.title))
        shown.extend(label.text() for label in dialog.findChildren(QLabel))
        dialog.findChild(QLineEdit, "export_folder").setText(str(tmp_path / "out"))
        dialog.findChild(QPushButton, "export_start").click()

    QTimer.singleShot(0, choose)
    window.files.ask_for_export()
    wait_idle(window)
    assert offered == ["png-indexed", "png-matte", "areas"]
    assert toy_format.TOY.explanation in shown
    assert len((tmp_path / "out" / "areas.txt").read_text(encoding="utf-8").splitlines()) == FRAME_COUNT
