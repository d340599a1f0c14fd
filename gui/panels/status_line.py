"""The status line: what is being done, the clip, and the networks, device and precision."""

from __future__ import annotations

from PyQt5.QtWidgets import QStatusBar, QWidget

from gui.panels.plain_text import ElidedLabel, shortened, tooltip_text
from gui.panels.spec import PanelContext
from gui.state.session_view import ClipFacts, SessionView
from mivos_studio.one_line import one_line

_LONGEST_NAME = 48
"""Characters: more would leave no space for the status."""


class StatusLine(QStatusBar):
    """Shows texts only."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self._status = ElidedLabel("Starting …")
        self._status.setObjectName("status")
        self._status.setAccessibleName("Status")
        self._clip = ElidedLabel()
        self._clip.setObjectName("clip_facts")
        self._session = ElidedLabel()
        self._session.setObjectName("session_facts")
        self._session.setToolTip("Networks, device and precision")
        self.addWidget(self._status, 1)
        self.addPermanentWidget(self._clip)
        self.addPermanentWidget(self._session)

    def show_session(self, before: SessionView, after: SessionView) -> None:
        """Show what is being done, and networks, device and precision."""
        self._status.setText(one_line(after.status))
        self._session.setText(after.description)

    def show_clip(self, clip: ClipFacts) -> None:
        """Show the open clip."""
        height, width = clip.size
        name = shortened(clip.name, _LONGEST_NAME)
        self._clip.setText(
            f"{name}   {width} × {height}   {clip.frame_count} frames   {clip.frame_rate:g} fps"
        )
        self._clip.setToolTip(tooltip_text(one_line(clip.name)))


def build(context: PanelContext) -> StatusLine:
    """Create the line; until something is being done it shows that the program starts."""
    line = StatusLine()
    context.window.session.changed.connect(line.show_session)
    context.window.navigator.clip_shown.connect(line.show_clip)
    return line
