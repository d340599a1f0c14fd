"""What a hand does, named once, in the coordinates of the clip's pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter

from PyQt5.QtCore import QPoint, QPointF, Qt
from PyQt5.QtGui import QMouseEvent
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QAbstractButton, QApplication, QLabel, QMessageBox

from gui.canvas.canvas import Canvas
from gui.main_window import MainWindow

LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
CTRL, SHIFT, ALT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
)
NO_KEY = Qt.KeyboardModifier.NoModifier


def wait_until(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Run the event loop until something is true; fail where it never is."""
    end = perf_counter() + timeout_s
    while not condition():
        assert perf_counter() < end, "waited in vain"
        QTest.qWait(2)


def wait_idle(window: MainWindow, timeout_s: float = 10.0) -> None:
    """Wait until all commands have ended and the canvas shows the frame that is wanted."""
    wait_until(lambda: not window.controller.is_busy, timeout_s)
    wait_until(lambda: window.canvas.shown_frame == window.model.state.frame_index, timeout_s)
    QTest.qWait(10)


def drag(
    canvas: Canvas,
    points: Sequence[tuple[float, float]],
    button: Qt.MouseButton = LEFT,
    keys: Qt.KeyboardModifier = NO_KEY,
) -> None:
    """Press at the first pixel, go through the others, let go at the last."""
    surface = canvas.viewport()
    assert surface is not None
    places = [canvas.view.to_view((x + 0.5, y + 0.5)) for x, y in points]
    QTest.mousePress(surface, button, keys, QPoint(*map(round, places[0])))
    for place in places[1:]:
        # QTest's own moves carry no buttons.
        move = QMouseEvent(QMouseEvent.Type.MouseMove, QPointF(*place), Qt.MouseButton.NoButton, button, keys)
        QApplication.sendEvent(surface, move)
    QTest.mouseRelease(surface, button, keys, QPoint(*map(round, places[-1])))


def scribble(window: MainWindow) -> None:
    """Draw a short line with the current tool, and wait for its mask."""
    drag(window.canvas, [(20, 20), (40, 20)])
    wait_idle(window)


def press(window: MainWindow, name: str) -> None:
    """Press the button of that object name with the mouse."""
    button = window.findChild(QAbstractButton, name)
    assert button is not None, name
    QTest.mouseClick(button, LEFT)


def key(window: MainWindow, which: Qt.Key, keys: Qt.KeyboardModifier = NO_KEY) -> None:
    """Tap a key."""
    QTest.keyClick(window, which, keys)


def status(window: MainWindow) -> str:
    """The text of the status line."""
    label = window.findChild(QLabel, "status")
    assert label is not None
    return label.text()


def unnamed_dialog(window: MainWindow) -> QMessageBox | None:
    """The dialog about work without a name, while it is on the screen."""
    return dialog_named(window, "unnamed_dialog")


def dialog_named(window: MainWindow, name: str) -> QMessageBox | None:
    """The message box of that object name, while it is on the screen."""
    shown = [box for box in window.findChildren(QMessageBox, name) if box.isVisible()]
    return shown[0] if shown else None


def click_dialog_button(
    window: MainWindow, button: QMessageBox.StandardButton, name: str = "unnamed_dialog"
) -> None:
    """Press one of its buttons."""
    box = dialog_named(window, name)
    assert box is not None, "nothing was asked"
    pressed = box.button(button)
    assert pressed is not None
    QTest.mouseClick(pressed, LEFT)
