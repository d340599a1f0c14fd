"""The status line: what is being done, what it is computed with, where the mouse is looking."""

from __future__ import annotations

from PyQt5.QtWidgets import QLabel, QStatusBar, QWidget


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
        self._engine = QLabel()
        self._engine.setObjectName("engine")
        self._engine.setToolTip("Networks, device and precision")
        self.addWidget(self._task, 1)
        self.addPermanentWidget(self._clip)
        self.addPermanentWidget(self._engine)

    def show_task(self, text: str) -> None:
        """Say what is being done; nothing means ready."""
        self._task.setText(text or "Ready")

    def show_clip(self, text: str) -> None:
        """Say which clip is open."""
        self._clip.setText(text)

    def show_engine(self, text: str) -> None:
        """Say what computes."""
        self._engine.setText(text)
