"""Progress is shown while a command runs, and nothing moves when it begins or ends."""

from __future__ import annotations

import threading

from PyQt5.QtCore import QPoint
from PyQt5.QtWidgets import QProgressBar, QToolButton

from gui.main_window import MainWindow
from tests.gui.conftest import OpenWindow
from tests.gui.fake_session import FakeSession
from tests.gui.gestures import press, scribble, wait_idle, wait_until


def place(window: MainWindow, name: str) -> QPoint:
    button = window.findChild(QToolButton, name)
    assert button is not None
    return button.mapTo(window, QPoint(0, 0))


def test_the_bar_is_there_while_a_propagation_runs_and_no_button_moves(open_window: OpenWindow) -> None:
    gate = threading.Semaphore(3)
    window = open_window(FakeSession(gate=gate))
    bar = window.findChild(QProgressBar, "progress")
    assert bar is not None
    scribble(window)
    assert not bar.isVisible()
    before = place(window, "export")
    press(window, "propagate")
    wait_until(lambda: len(window.timeline.propagated_frames) == 3)
    assert bar.isVisible()
    assert (bar.value(), bar.maximum()) == (3, 11)
    assert bar.text() == "27 %"
    assert place(window, "export") == before
    gate.release(100)
    wait_idle(window)
    assert not bar.isVisible()
    assert place(window, "export") == before
