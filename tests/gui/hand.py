"""Mouse and keyboard as the window system delivers them: events go to Qt's windows, not to widgets.

So Qt itself decides which widget gets an event, and a dialog keeps events from the window below it.
"""

from __future__ import annotations

from collections.abc import Sequence

from PyQt5 import sip
from PyQt5.QtCore import QPoint, QPointF, Qt
from PyQt5.QtGui import QWheelEvent, QWindow
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication, QWidget

from tests.gui.gestures import LEFT, NO_KEY

WHEEL_STEP = 120
"""What `QWheelEvent.angleDelta` counts for one step."""


def is_reachable(widget: QWidget | None) -> bool:
    """Return whether a widget is there, visible, and in a window that takes events."""
    if widget is None or sip.isdeleted(widget) or not widget.isVisible():
        return False
    handle = widget.window().windowHandle()
    modal = QApplication.activeModalWidget()
    return handle is not None and (modal is None or modal is widget.window() or _is_popup(widget))


def middle_of(widget: QWidget) -> QPoint:
    """Return the middle of a widget, in its own pixels."""
    return widget.rect().center()


def press(
    widget: QWidget, pos: QPoint, button: Qt.MouseButton = LEFT, keys: Qt.KeyboardModifier = NO_KEY
) -> None:
    """Press a mouse button over a place of a widget."""
    place = _place(widget, pos)
    if place is not None:
        QTest.mousePress(place[0], button, keys, place[1])


def move(widget: QWidget, pos: QPoint) -> None:
    """Move the mouse to a place of a widget; buttons that are down stay down."""
    place = _place(widget, pos)
    if place is not None:
        QTest.mouseMove(place[0], place[1])


def release(
    widget: QWidget, pos: QPoint, button: Qt.MouseButton = LEFT, keys: Qt.KeyboardModifier = NO_KEY
) -> None:
    """Let go of a mouse button over a place of a widget."""
    place = _place(widget, pos)
    if place is not None:
        QTest.mouseRelease(place[0], button, keys, place[1])


def click(
    widget: QWidget,
    pos: QPoint | None = None,
    button: Qt.MouseButton = LEFT,
    keys: Qt.KeyboardModifier = NO_KEY,
) -> None:
    """Click on a place of a widget, or on its middle."""
    pos = middle_of(widget) if pos is None else pos
    move(widget, pos)
    press(widget, pos, button, keys)
    release(widget, pos, button, keys)


def double_click(widget: QWidget, pos: QPoint | None = None) -> None:
    """Double click on a place of a widget, or on its middle."""
    pos = middle_of(widget) if pos is None else pos
    click(widget, pos)
    place = _place(widget, pos)
    if place is not None:
        QTest.mouseDClick(place[0], LEFT, NO_KEY, place[1])


def drag(
    widget: QWidget,
    places: Sequence[QPoint],
    button: Qt.MouseButton = LEFT,
    keys: Qt.KeyboardModifier = NO_KEY,
) -> None:
    """Press at the first place, move through the others, let go at the last."""
    press(widget, places[0], button, keys)
    for place in places[1:]:
        move(widget, place)
    release(widget, places[-1], button, keys)


def wheel(widget: QWidget, pos: QPoint, steps: int, keys: Qt.KeyboardModifier = NO_KEY) -> None:
    """Turn the wheel over a place of a widget that takes events; QTest has no wheel."""
    if is_reachable(widget):
        event = QWheelEvent(
            QPointF(pos),
            QPointF(widget.mapToGlobal(pos)),
            QPoint(),
            QPoint(0, WHEEL_STEP * steps),
            Qt.MouseButton.NoButton,
            keys,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(widget, event)


def key(widget: QWidget, which: Qt.Key, keys: Qt.KeyboardModifier = NO_KEY) -> None:
    """Tap a key in a widget's window. It may close the window: then another one gets the release."""
    handle = _handle(widget)
    if handle is not None:
        QTest.keyPress(handle, which, keys)
        _release_key(handle, which, keys)


def hold(widget: QWidget, which: Qt.Key) -> None:
    """Press a key and keep it down."""
    handle = _handle(widget)
    if handle is not None:
        QTest.keyPress(handle, which)


def let_go(widget: QWidget, which: Qt.Key) -> None:
    """Let go of a key."""
    handle = _handle(widget)
    if handle is not None:
        QTest.keyRelease(handle, which)


def type_text(widget: QWidget, text: str) -> None:
    """Type ASCII text."""
    for letter in text:
        handle = _handle(widget)
        if handle is not None:
            QTest.keyPress(handle, letter)
            _release_key(handle, letter, NO_KEY)


def _place(widget: QWidget, pos: QPoint) -> tuple[QWindow, QPoint] | None:
    """Return the window under a widget and a place in it; None where the widget has gone."""
    handle = _handle(widget)
    return None if handle is None else (handle, widget.mapTo(widget.window(), pos))


def _handle(widget: QWidget) -> QWindow | None:
    if sip.isdeleted(widget) or not widget.isVisible():
        return None
    return widget.window().windowHandle()


def _release_key(handle: QWindow, which: Qt.Key | str, keys: Qt.KeyboardModifier) -> None:
    target = handle if not sip.isdeleted(handle) and handle.isVisible() else QApplication.focusWindow()
    if target is not None:
        QTest.keyRelease(target, which, keys)


def _is_popup(widget: QWidget) -> bool:
    return widget.window() is QApplication.activePopupWidget()
