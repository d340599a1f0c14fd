"""The status line: what is being done, the clip, and the networks, device and precision."""

from __future__ import annotations

from enum import Enum, auto

from PyQt5.QtWidgets import QLabel, QStatusBar, QWidget


class StatusKind(Enum):
    """Kinds of status texts, which may be set at the same time; the line shows the first of them."""

    OPENING = auto()
    STOPPING = auto()
    COMMAND = auto()
    LOADING = auto()
    SUGGESTION = auto()


class StatusLine(QStatusBar):
    """Shows texts only."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self._status = QLabel("Starting …")
        self._status.setObjectName("status")
        self._status.setAccessibleName("Status")
        self._clip = QLabel()
        self._clip.setObjectName("clip_facts")
        self._session = QLabel()
        self._session.setObjectName("session_facts")
        self._session.setToolTip("Networks, device and precision")
        self._texts: dict[StatusKind, str] = {}
        self.addWidget(self._status, 1)
        self.addPermanentWidget(self._clip)
        self.addPermanentWidget(self._session)

    def set_status(self, kind: StatusKind, text: str) -> None:
        """Set the text of a kind; empty removes it. With no text left the line shows "Ready"."""
        self._texts[kind] = text
        shown = (self._texts.get(each, "") for each in StatusKind)
        self._status.setText(next(filter(None, shown), "Ready"))

    def has_status(self, kind: StatusKind) -> bool:
        """Whether a text of this kind is set."""
        return bool(self._texts.get(kind))

    def show_clip(self, text: str) -> None:
        """Show the open clip."""
        self._clip.setText(text)

    def show_session(self, text: str) -> None:
        """Show networks, device and precision."""
        self._session.setText(text)
