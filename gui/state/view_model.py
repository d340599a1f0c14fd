"""The holder of the window's own state."""

from __future__ import annotations

from PyQt5.QtCore import QObject

from gui.state.state_holder import StateHolder
from gui.state.view_state import ViewState


class ViewModel(StateHolder[ViewState]):
    """Holds the window's own state and emits its changes."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(ViewState(), parent)
