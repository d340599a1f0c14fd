"""The playback buttons, and the current frame and time."""

from __future__ import annotations

from collections.abc import Mapping

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QAction, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from gui.panels.icons import required_icon
from gui.panels.plain_text import plain_label
from gui.panels.spec import PanelContext
from gui.panels.tool_panel import action_button

_NAMES = ("first", "previous", "play", "next", "last")


class Transport(QFrame):
    """Playback buttons with a frame counter below, left of the timeline."""

    def __init__(self, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("transport_keys")
        self._play = actions["play"]
        self._counter = plain_label()
        self._counter.setObjectName("counter")
        self._counter.setAlignment(Qt.AlignmentFlag.AlignCenter)
        row = QHBoxLayout()
        row.setSpacing(0)
        for name in _NAMES:
            row.addWidget(action_button(actions[name], name, 20))
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 8, 4)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self._counter)

    def set_position(self, frame_index: int, frame_count: int, frame_rate: float) -> None:
        """Show the frame, the last frame and the time, minutes:seconds."""
        if not frame_count:
            self._counter.setText("–")
            return
        seconds = frame_index / frame_rate if frame_rate > 0 else 0.0
        self._counter.setText(
            f"{frame_index} / {frame_count - 1}   {int(seconds) // 60}:{seconds % 60:05.2f}"
        )

    def set_playing(self, is_playing: bool) -> None:
        """Show pause while playing, else play."""
        self._play.setIcon(required_icon("pause" if is_playing else "play"))


def build(context: PanelContext) -> Transport:
    """Create the panel; it shows the current frame of the clip."""
    window, transport = context.window, Transport(context.actions)

    def update(*_: object) -> None:
        view = window.model.state
        transport.set_position(view.frame_index, view.frame_count, window.navigator.frame_rate)

    window.model.changed.connect(update)
    window.navigator.clip_shown.connect(update)
    window.navigator.playing_changed.connect(transport.set_playing)
    update()
    return transport
