"""The timeline: where the clip has been corrected, where masks came by propagation, and where we are."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from PyQt5.QtCore import QEvent, QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PyQt5.QtWidgets import QSizePolicy, QToolTip, QWidget

_GROUND = QColor("#15181d")
_TRACK = QColor("#232830")
_RULER = QColor("#6b7484")
_PROPAGATED = QColor("#2f6db0")
_WALKED = QColor("#58c4ff")
_ANCHOR = QColor("#ffc43d")
_DRAFT = QColor("#ff7a59")
_HEAD = QColor("#f2f5f9")
_MARGIN = 14.0
_RULER_HEIGHT = 20.0
_RULER_FONT_PX = 11
_DIAMOND = 5.5
_MIN_TICK_PX = 64.0
_STEPS = (1, 2, 5)


@dataclass(frozen=True)
class Marks:
    """What is known of the clip's frames.

    propagated  frames whose masks came by propagation; walked  those of the propagation under way.
    """

    frame_count: int = 0
    anchors: frozenset[int] = frozenset()
    drafts: frozenset[int] = frozenset()
    propagated: frozenset[int] = frozenset()
    walked: frozenset[int] = frozenset()

    def describe(self, frame_index: int) -> str:
        """Say what a frame is, for tooltips and screen readers."""
        if frame_index in self.drafts:
            kind = "corrected, not propagated yet"
        elif frame_index in self.anchors:
            kind = "corrected: propagation keeps it"
        elif frame_index in self.propagated or frame_index in self.walked:
            kind = "propagated"
        else:
            kind = "no mask yet"
        return f"Frame {frame_index}: {kind}"


class Timeline(QWidget):
    """Custom painted: as quick with ten thousand frames as with ten."""

    scrubbed = pyqtSignal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("timeline")
        self.setAccessibleName("Timeline")
        self.setMouseTracking(False)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._marks = Marks()
        self._runs: list[tuple[int, int]] = []
        self._walked_runs: list[tuple[int, int]] = []
        self._frame_index = 0

    def set_marks(self, marks: Marks) -> None:
        """Show what is known; never emits."""
        if marks == self._marks:
            return
        self._marks = marks
        self._runs = runs(marks.propagated)
        self._walked_runs = runs(marks.walked)
        self.update()

    def set_frame(self, frame_index: int) -> None:
        """Move the playhead; never emits."""
        self._frame_index = frame_index
        self.setAccessibleDescription(self._marks.describe(frame_index))
        self.update()

    @property
    def marks(self) -> Marks:
        """What is shown."""
        return self._marks

    def x_of(self, frame_index: float) -> float:
        """Where a frame lies, widget pixels."""
        last = max(self._marks.frame_count - 1, 1)
        return _MARGIN + frame_index / last * (self.width() - 2 * _MARGIN)

    def frame_at(self, x: float) -> int:
        """Which frame lies there; beyond the ends is the end."""
        last = max(self._marks.frame_count - 1, 0)
        share = (x - _MARGIN) / max(self.width() - 2 * _MARGIN, 1.0)
        return min(max(round(share * last), 0), last)

    def sizeHint(self) -> QSize:  # noqa: N802 Qt's name
        """As high as its rows."""
        return QSize(400, 62)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Go there."""
        self._scrub(event)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Follow."""
        self._scrub(event)

    def event(self, event: QEvent | None) -> bool:
        """Say in a tooltip what the frame under the mouse is."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and self._marks.frame_count:
            QToolTip.showText(event.globalPos(), self._marks.describe(self.frame_at(event.x())), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint ruler, ranges, marks and playhead."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), _GROUND)
        track = QRectF(
            _MARGIN, _RULER_HEIGHT + 6, self.width() - 2 * _MARGIN, self.height() - _RULER_HEIGHT - 14
        )
        painter.fillRect(track, _TRACK)
        if self._marks.frame_count:
            self._paint_ruler(painter)
            bar = track.adjusted(0, 8, 0, -8)
            self._paint_runs(painter, bar, self._runs, _PROPAGATED)
            self._paint_runs(painter, bar, self._walked_runs, _WALKED)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_head(painter)
            self._paint_diamonds(painter, track, self._marks.anchors - self._marks.drafts, _ANCHOR)
            self._paint_diamonds(painter, track, self._marks.drafts, _DRAFT)
        painter.end()

    def _scrub(self, event: QMouseEvent | None) -> None:
        if event is not None and event.buttons() & Qt.MouseButton.LeftButton and self._marks.frame_count:
            self.scrubbed.emit(self.frame_at(event.localPos().x()))

    def _paint_ruler(self, painter: QPainter) -> None:
        width = self.width() - 2 * _MARGIN
        step = tick_step(self._marks.frame_count, int(max(width / _MIN_TICK_PX, 1)))
        font = painter.font()
        font.setPixelSize(_RULER_FONT_PX)
        painter.setFont(font)
        painter.setPen(QPen(_RULER))
        for frame_index in range(0, self._marks.frame_count, step):
            x = self.x_of(frame_index)
            painter.drawLine(QPointF(x, _RULER_HEIGHT - 4), QPointF(x, _RULER_HEIGHT + 2))
            label = QRectF(x - 30, 1, 60, _RULER_HEIGHT - 6)
            painter.drawText(label, Qt.AlignmentFlag.AlignHCenter, str(frame_index))

    def _paint_runs(
        self, painter: QPainter, bar: QRectF, frame_runs: Iterable[tuple[int, int]], colour: QColor
    ) -> None:
        for first, last in frame_runs:
            left = max(self.x_of(first - 0.5), bar.left())
            right = min(self.x_of(last + 0.5), bar.right())
            painter.fillRect(QRectF(left, bar.top(), max(right - left, 1.5), bar.height()), colour)

    def _paint_diamonds(
        self, painter: QPainter, track: QRectF, frames: Collection[int], colour: QColor
    ) -> None:
        painter.setPen(QPen(_GROUND, 1.2))
        painter.setBrush(colour)
        middle = track.center().y()
        for frame_index in frames:
            x = self.x_of(frame_index)
            corners = ((x, middle - _DIAMOND - 2), (x + _DIAMOND, middle), (x, middle + _DIAMOND + 2))
            painter.drawPolygon(QPolygonF([QPointF(*p) for p in (*corners, (x - _DIAMOND, middle))]))

    def _paint_head(self, painter: QPainter) -> None:
        x = self.x_of(self._frame_index)
        painter.setPen(QPen(_HEAD, 1.4))
        painter.drawLine(QPointF(x, _RULER_HEIGHT - 3), QPointF(x, self.height() - 4))
        painter.setBrush(_HEAD)
        top = _RULER_HEIGHT - 6
        painter.drawPolygon(QPolygonF([QPointF(x - 5, top), QPointF(x + 5, top), QPointF(x, top + 7)]))


def runs(frames: Collection[int]) -> list[tuple[int, int]]:
    """Gather frames that follow one another into (first, last)."""
    found: list[tuple[int, int]] = []
    for frame_index in sorted(frames):
        if found and frame_index == found[-1][1] + 1:
            found[-1] = (found[-1][0], frame_index)
        else:
            found.append((frame_index, frame_index))
    return found


def tick_step(frame_count: int, most: int) -> int:
    """Choose 1, 2 or 5 times a power of ten so that at most so many ticks are drawn."""
    power = 1
    while True:
        for step in _STEPS:
            if frame_count <= step * power * most:
                return step * power
        power *= 10
