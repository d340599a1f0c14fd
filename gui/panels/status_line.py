"""The status line: what is being done, what it is computed with, where the mouse is looking."""

from __future__ import annotations

from enum import Enum, auto

from PyQt5.QtWidgets import QLabel, QStatusBar, QWidget


class Task(Enum):
    """What may be under way at the same time; the line shows the first of these that there is."""

    OPENING = auto()
    STOPPING = auto()
    COMMAND = auto()
    LOADING = auto()
    ADVICE = auto()


class StatusLine(QStatusBar):
    """Words only."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self._task = QLabel("Starting …")
        self._task.setObjectName("status")
        self._task.setAccessibleName("Status")
        self._clip = QLabel()
        self._clip.setObjectName("clip_facts")
        self._opened = QLabel()
        self._opened.setObjectName("opened")
        self._opened.setToolTip("Networks, device and precision")
        self._texts: dict[Task, str] = {}
        self.addWidget(self._task, 1)
        self.addPermanentWidget(self._clip)
        self.addPermanentWidget(self._opened)

    def show_task(self, task: Task, text: str) -> None:
        """Say how far something has come; no text means that it has ended. Where nothing is left: ready."""
        self._texts[task] = text
        shown = (self._texts.get(each, "") for each in Task)
        self._task.setText(next(filter(None, shown), "Ready"))

    def shows(self, task: Task) -> bool:
        """Whether something is under way."""
        return bool(self._texts.get(task))

    def show_clip(self, text: str) -> None:
        """Say which clip is open."""
        self._clip.setText(text)

    def show_session(self, text: str) -> None:
        """Say what computes."""
        self._opened.setText(text)
