"""A sentence across the top of the canvas: what went wrong and what to do, until it is dismissed."""

from __future__ import annotations

from enum import StrEnum

from PyQt5.QtCore import QEvent, QObject, Qt, QTimer
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from gui.panels.icons import required_icon

_NOTE_MS = 6000
_MAX_WIDTH = 760


class BannerKind(StrEnum):
    """An error stays until it is dismissed, a note goes by itself."""

    ERROR = "error"
    NOTE = "note"


class Banner(QFrame):
    """Floats over its parent and keeps to its width."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self._label = QLabel()
        self._label.setObjectName("banner_text")
        self._label.setWordWrap(True)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        dismiss = QToolButton()
        dismiss.setIcon(required_icon("close"))
        dismiss.setObjectName("banner_dismiss")
        dismiss.setToolTip("Dismiss")
        dismiss.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        dismiss.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 6, 6)
        row.addWidget(self._label, 1)
        row.addWidget(dismiss, 0, Qt.AlignmentFlag.AlignTop)
        self._top_px = 12
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        parent.installEventFilter(self)
        self.hide()

    def set_top_margin(self, height_px: int) -> None:
        """Leave the parent's first rows free."""
        self._top_px = height_px + 12
        self._place()

    @property
    def text(self) -> str:
        """What it says, empty while it is hidden."""
        return self._label.text() if self.isVisible() else ""

    def show_error(self, sentence: str) -> None:
        """Say what went wrong."""
        self._say(sentence, BannerKind.ERROR)
        self._timer.stop()

    def show_note(self, sentence: str) -> None:
        """Say what has been done; it goes by itself."""
        self._say(sentence, BannerKind.NOTE)
        self._timer.start(_NOTE_MS)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 Qt's name
        """Follow the parent's size."""
        if event is not None and event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)

    def _say(self, sentence: str, kind: BannerKind) -> None:
        self._label.setText(sentence)
        self.setProperty("kind", kind.value)
        style = self.style()
        if style is not None:
            style.polish(self)
        self.show()
        self._place()
        self.raise_()

    def _place(self) -> None:
        parent = self.parentWidget()
        if parent is not None and self.isVisible():
            width = min(_MAX_WIDTH, parent.width() - 24)
            self.setGeometry((parent.width() - width) // 2, self._top_px, width, self.heightForWidth(width))
