"""The status line: what is being done, what it is computed with, where the mouse is looking."""

from __future__ import annotations

from enum import Enum, auto

from PyQt5.QtWidgets import QLabel, QStatusBar, QWidget


class StatusKind(Enum):
    """What may be under way at the same time; the line shows the first of these that there is."""

    OPENING = auto()
    STOPPING = auto()
    COMMAND = auto()
    LOADING = auto()
    SUGGESTION = auto()


class StatusLine(QStatusBar):
    """Words only."""

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
        """Say how far something has come; no text means that it has ended. Where nothing is left: ready."""
        self._texts[kind] = text
        shown = (self._texts.get(each, "") for each in StatusKind)
        self._status.setText(next(filter(None, shown), "Ready"))

    def has_status(self, kind: StatusKind) -> bool:
        """Whether something is under way."""
        return bool(self._texts.get(kind))

    def show_clip(self, text: str) -> None:
        """Say which clip is open."""
        self._clip.setText(text)

    def show_session(self, text: str) -> None:
        """Say what computes."""
        self._session.setText(text)
