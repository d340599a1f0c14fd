"""The holder of what the window shows of the session, and the messages to the user."""

from __future__ import annotations

from PyQt5.QtCore import QObject, pyqtSignal

from gui.state.session_view import SessionView
from gui.state.state_holder import StateHolder


class SessionModel(StateHolder[SessionView]):
    """Holds what the window shows of the session and emits its changes. The controllers alone set it."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(SessionView(), parent)


class Messages(QObject):
    """Sentences for the user."""

    error = pyqtSignal(str)
    """What went wrong and how to correct it; it stays until it is dismissed."""
    note = pyqtSignal(str)
    """What has been done; it disappears."""
