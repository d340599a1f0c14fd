"""The Space key: held, it pans with a left drag; tapped, it starts or stops playback."""

from __future__ import annotations

from PyQt5.QtCore import QEvent, QObject, Qt
from PyQt5.QtGui import QKeyEvent
from PyQt5.QtWidgets import QApplication, QLineEdit, QWidget

from gui.canvas.canvas import Canvas
from gui.controllers.navigator import Navigator


class SpaceKey(QObject):
    """Filters the application's key events while its window is active and no text is being typed."""

    def __init__(self, window: QWidget, canvas: Canvas, navigator: Navigator) -> None:
        super().__init__(window)
        self._window = window
        self._canvas = canvas
        self._navigator = navigator
        self._has_panned = False
        canvas.gesture_started.connect(self._on_gesture)
        application = QApplication.instance()
        if application is not None:
            application.installEventFilter(self)

    def uninstall(self) -> None:
        """Filter no more events."""
        application = QApplication.instance()
        if application is not None:
            application.removeEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 Qt's name
        """Handle Space and keep it from triggering anything else."""
        if (
            isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Space
            and self._window.isActiveWindow()
            and not isinstance(QApplication.focusWidget(), QLineEdit)
        ):
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease) and not event.isAutoRepeat():
                self._on_space(event.type() == QEvent.Type.KeyPress)
                return True
        return super().eventFilter(watched, event)

    def _on_space(self, is_pressed: bool) -> None:
        if is_pressed:
            self._has_panned = False
        elif not self._has_panned:
            self._navigator.toggle_playing()
        self._canvas.set_pan_mode(is_pressed)

    def _on_gesture(self) -> None:
        self._has_panned = True
