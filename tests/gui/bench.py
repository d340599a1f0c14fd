"""A window with work in it, and checks that bad input is one plain sentence and changes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PyQt5 import sip
from PyQt5.QtCore import Qt, qInstallMessageHandler
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QAbstractButton, QDialog, QLabel

from gui.controllers.project_controller import SavePlace
from gui.main_window import MainWindow
from mivos_studio import app
from mivos_studio.session_options import SessionOptions
from tests.conftest import FRAMES
from tests.gui.gestures import drag, press, wait_idle, wait_until
from tests.inference_core.fakes import fake_networks

_OF_OFFSCREEN = "This plugin does not support"
_WORDS_OF_PYTHON = re.compile(r"Errno|Traceback|Error\b|Exception|<class|object at 0x|That did not work")
_UNSHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\ud800-\udfff]")


class Bench:
    """A window, the project that its work is saved in, and what Qt has said."""

    def __init__(self, window: MainWindow, project: Path) -> None:
        self.window = window
        self.project = project
        self.qt_messages: list[str] = []

    def open(self, clip: Path) -> None:
        """Open a clip and wait for its session."""
        self.window.open(clip)
        wait_until(lambda: self.window.controller.session is not None, 60)
        wait_idle(self.window)

    def work(self) -> None:
        """Draw, propagate, and name the project."""
        drag(self.window.canvas, [(20, 30), (26, 30)])
        wait_idle(self.window)
        press(self.window, "propagate")
        wait_idle(self.window)
        self.window.parts.projects.save_as(SavePlace(self.project))
        wait_idle(self.window)

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
            window.minimumSizeHint().width() <= 1000,
        )

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

    def check_nothing_else_is_said(self, status: str = "Ready") -> None:
        said = [text for text in self.qt_messages if _OF_OFFSCREEN not in text]
        assert said == []
        line = self.window.findChild(QLabel, "status")
        assert line is not None
        assert line.text() == status

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


@contextmanager
def real_window(
    folder: Path, *, networks: bool = True, options: app.WindowOptions | None = None
) -> Iterator[Bench]:
    """Start the window as the program does, with its folders in a folder.

    networks  whether tiny ones are used instead of those that the options name.
    """
    options = options or app.WindowOptions(device="cpu", dtype="float32", working_size=64)
    with pytest.MonkeyPatch.context() as patch:
        if networks:
            patch.setattr(SessionOptions, "load", lambda self: replace(fake_networks(), family="compact"))
        window = MainWindow(app._backend(options, folder / "cache", folder / "settings"))
        window.resize(1000, 640)
        window.show()
        bench = Bench(window, folder / "koi.mivos")
        qInstallMessageHandler(lambda kind, context, text: bench.qt_messages.append(text or ""))
        try:
            yield bench
        finally:
            qInstallMessageHandler(None)
            window.close_without_asking()
            sip.delete(window)
