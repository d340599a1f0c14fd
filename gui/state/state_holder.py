"""A holder of a frozen state: it is set here, and whatever shows it connects to its signal."""

from __future__ import annotations

from typing import Generic, TypeVar

from PyQt5.QtCore import QObject, pyqtSignal

State = TypeVar("State")


class StateHolder(QObject, Generic[State]):
    """Holds a state and emits its changes."""

    changed = pyqtSignal(object, object)
    """The state before and after."""

    def __init__(self, state: State, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state

    @property
    def state(self) -> State:
        """The state now."""
        return self._state

    def set(self, state: State) -> None:
        """Replace the state; emits only if it differs."""
        before, self._state = self._state, state
        if state != before:
            self.changed.emit(before, state)
