"""The status line: what is being done, the clip, and the networks, device and precision."""

from __future__ import annotations

from PyQt5.QtWidgets import QLabel, QStatusBar, QWidget

from gui.panels.spec import PanelContext
from gui.state.session_view import ClipFacts, SessionView


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
        self.addWidget(self._status, 1)
        self.addPermanentWidget(self._clip)
        self.addPermanentWidget(self._session)

    def show_session(self, before: SessionView, after: SessionView) -> None:
        """Show what is being done, and networks, device and precision."""
        self._status.setText(after.status)
        self._session.setText(after.description)

    def show_clip(self, clip: ClipFacts) -> None:
        """Show the open clip."""
        height, width = clip.size
        self._clip.setText(
            f"{clip.name}   {width} × {height}   {clip.frame_count} frames   {clip.frame_rate:g} fps"
        )


def build(context: PanelContext) -> StatusLine:
    """Create the line; until something is being done it shows that the program starts."""
    line = StatusLine()
    context.window.session.changed.connect(line.show_session)
    context.window.navigator.clip_shown.connect(line.show_clip)
    return line
