"""The holder of the window's state: it is set here, and views connect to its signal."""

from __future__ import annotations

from PyQt5.QtCore import QObject, pyqtSignal

from gui.state.view_state import ViewState


class ViewModel(QObject):
    """Holds the state and emits its changes."""

    changed = pyqtSignal(object, object)
    """The state before and after."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = ViewState()

    @property
    def state(self) -> ViewState:
        """The state now."""
        return self._state

    def set(self, state: ViewState) -> None:
        """Replace the state; emits only if it differs."""
        before, self._state = self._state, state
        if state != before:
            self.changed.emit(before, state)
