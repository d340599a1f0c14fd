"""The report for a bug, in its dialog."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PyQt5 import sip
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication, QDialog, QLabel, QPlainTextEdit, QPushButton

from gui.main_window import MainWindow
from gui.worker.backend import Backend
from gui.worker.report_maker import MakeReport
from gui.worker.shutdown import ReportProgress, StopRequested, running_threads
from inference_core.errors import UserError
from tests.gui.fake_session import FakeClip
from tests.gui.gestures import wait_until

OpenReport = Callable[[MakeReport | None], QDialog]


@pytest.fixture
def open_report(application: QApplication) -> Iterator[OpenReport]:
    """Open the dialog in a window without a clip."""
    windows: list[MainWindow] = []

    def opened(make: MakeReport | None) -> QDialog:
        window = MainWindow(Backend(lambda path, report: FakeClip(), lambda *_: None, None, make))  # type: ignore
        windows.append(window)
        window.show()
        window.actions_by_name["report"].trigger()
        dialog = window.findChild(QDialog, "report_dialog")
        assert dialog is not None
        return dialog

    yield opened
    for window in windows:
        window.close_without_asking()
        sip.delete(window)


def label(dialog: QDialog) -> str:
    found = dialog.findChild(QLabel, "report_label")
    assert found is not None
    return found.text()


def test_the_report_is_shown_once_it_is_made_and_can_be_copied(open_report: OpenReport) -> None:
    projects: list[Path | None] = []

    def make(project: Path | None, report: ReportProgress) -> str:
        projects.append(project)
        return "Report\n  version 7\n"

    dialog = open_report(make)
    text, copy = dialog.findChild(QPlainTextEdit, "report_text"), dialog.findChild(QPushButton, "report_copy")
    assert text is not None
    assert copy is not None
    wait_until(copy.isEnabled)
    assert "Copy this text into your bug report" in label(dialog)
    assert text.toPlainText() == "Report\n  version 7\n"
    copy.click()
    clipboard = QApplication.clipboard()
    assert clipboard is not None
    assert clipboard.text() == "Report\n  version 7\n"
    assert projects == [None]


def test_a_dialog_that_is_closed_stops_the_report(open_report: OpenReport) -> None:
    ended = threading.Event()

    def make(project: Path | None, report: ReportProgress) -> str:
        try:
            while True:
                report("")
        except StopRequested:
            ended.set()
            raise

    dialog = open_report(make)
    assert "This takes some seconds" in label(dialog)
    dialog.reject()
    wait_until(ended.is_set)
    wait_until(lambda: not running_threads())


def test_why_there_is_no_report_is_said(open_report: OpenReport) -> None:
    def fail(project: Path | None, report: ReportProgress) -> str:
        raise UserError("The report could not be made.")

    dialog = open_report(fail)
    wait_until(lambda: label(dialog) == "The report could not be made.")
    without = open_report(None)
    wait_until(lambda: "mivos doctor --report" in label(without))
    QTest.qWait(20)  # the window is painted before it is deleted
