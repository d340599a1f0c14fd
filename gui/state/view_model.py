"""The one home of the window's state. Whoever changes it says so here; whoever shows it listens here."""

from __future__ import annotations

from PyQt5.QtCore import QObject, pyqtSignal

from gui.state.view_state import ViewState


class ViewModel(QObject):
    """Holds the state, and tells what it was before."""

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
        """Take another state; nothing is said where nothing differs."""
        before, self._state = self._state, state
        if state != before:
            self.changed.emit(before, state)
