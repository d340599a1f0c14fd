"""A message across the top of the canvas: an error and how to correct it, or a note."""

from __future__ import annotations

from enum import StrEnum

from PyQt5.QtCore import QEvent, QObject, Qt, QTimer
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QToolButton, QWidget

from gui.panels.icons import required_icon
from gui.panels.plain_text import WrappedText
from gui.panels.spec import PanelContext

_NOTE_MS = 6000
"""Long enough to read two sentences."""
_MAX_WIDTH = 760
"""Pixels: longer lines are hard to read."""
_MARGIN_PX = 12


class BannerKind(StrEnum):
    """An error stays until it is dismissed, a note disappears after some seconds."""

    ERROR = "error"
    NOTE = "note"


class Banner(QFrame):
    """Lies over a sibling, at its top, and follows its geometry."""

    def __init__(self, sibling: QWidget, parent: QWidget) -> None:
        super().__init__(parent)
        self._sibling = sibling
        self.setObjectName("banner")
        self._message = WrappedText()
        self._message.setObjectName("banner_text")
        dismiss = QToolButton()
        dismiss.setIcon(required_icon("close"))
        dismiss.setObjectName("banner_dismiss")
        dismiss.setToolTip("Dismiss")
        dismiss.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        dismiss.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 6, 6)
        row.addWidget(self._message, 1)
        row.addWidget(dismiss, 0, Qt.AlignmentFlag.AlignTop)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        sibling.installEventFilter(self)
        self.hide()

    @property
    def text(self) -> str:
        """The message; empty while hidden."""
        return self._message.text if self.isVisible() else ""

    def show_error(self, sentence: str) -> None:
        """Show an error until it is dismissed."""
        self._show_text(sentence, BannerKind.ERROR)
        self._timer.stop()

    def show_note(self, sentence: str) -> None:
        """Show a note for six seconds."""
        self._show_text(sentence, BannerKind.NOTE)
        self._timer.start(_NOTE_MS)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 Qt's name
        """Follow the sibling."""
        if event is not None and event.type() in (QEvent.Type.Resize, QEvent.Type.Move):
            self._update_geometry()
        return super().eventFilter(watched, event)

    def _show_text(self, sentence: str, kind: BannerKind) -> None:
        self._message.set_text(sentence)
        self.setProperty("kind", kind.value)
        style = self.style()
        if style is not None:
            style.polish(self)
        self.show()
        self._update_geometry()
        self.raise_()

    def _update_geometry(self) -> None:
        if self.isVisible():
            over = self._sibling.geometry()
            width = min(_MAX_WIDTH, over.width() - 2 * _MARGIN_PX)
            left = over.left() + (over.width() - width) // 2
            self.setGeometry(left, over.top() + _MARGIN_PX, width, self.heightForWidth(width))


def build(context: PanelContext) -> Banner:
    """Create the banner over the canvas; it shows the window's messages."""
    banner = Banner(context.window.canvas, context.stage)
    context.window.messages.error.connect(banner.show_error)
    context.window.messages.note.connect(banner.show_note)
    return banner
