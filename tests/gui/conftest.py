"""One application for all tests of the window, on a screen that nobody sees."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PyQt5 import sip
from PyQt5.QtWidgets import QApplication

from gui.main_window import MainWindow
from gui.worker.backend import Backend
from gui.worker.file_opener import OpenClip
from gui.worker.project import OpenedFile
from gui.worker.worker import OpenedSession
from mivos_studio.project.recorder import ScriptRecorder
from tests.gui.fake_projects import FakeProjects
from tests.gui.fake_session import FakeClip, FakeSession
from tests.gui.gestures import wait_until


@pytest.fixture(autouse=True)
def slot_errors_fail(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[BaseException]]:
    """PyQt5 aborts on an error in a slot; here it fails the test instead."""
    caught: list[BaseException] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: caught.append(error))
    yield caught
    assert caught == []


OpenWindow = Callable[..., MainWindow]


@pytest.fixture
def open_window(application: QApplication) -> Iterator[OpenWindow]:
    """Open windows on fake sessions; all of them are gone, their threads ended, when the test is over.

    Left to Python's cyclic collector they would come apart in any order, at any allocation of any thread,
    while they still filter the events of the tests that follow.
    """
    windows: list[MainWindow] = []

    def opened(
        session: FakeSession | None = None,
        *,
        size: tuple[int, int] = (1000, 640),
        open_clip: OpenClip | None = None,
        projects: FakeProjects | None = None,
    ) -> MainWindow:
        session = session or FakeSession()
        made = projects or FakeProjects(session.clip)

        def open_session(opened: OpenedFile, recorder: ScriptRecorder, report: object) -> OpenedSession:
            project = opened.project or made.create()
            return OpenedSession(session, "fake", "None to speak of.", project=project)

        window = MainWindow(Backend(open_clip or (lambda path, report: session.clip), open_session, made))
        windows.append(window)
        window.resize(*size)
        window.show()
        window.open(Path("clip.mp4"))
        wait_until(lambda: window.controller.session is session and window.canvas.shown_frame == 0)
        return window

    yield opened
    for window in windows:
        window.close_without_asking()
        sip.delete(window)


@pytest.fixture
def session() -> FakeSession:
    return FakeSession()


@pytest.fixture
def clip() -> FakeClip:
    return FakeClip()
