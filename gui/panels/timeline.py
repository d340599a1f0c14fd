"""The timeline: frames with masks, corrected frames, confidence of the others, playhead."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PyQt5.QtCore import QEvent, QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QHelpEvent, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PyQt5.QtWidgets import QSizePolicy, QToolTip, QWidget

from gui.panels.plain_text import tooltip_text
from gui.panels.spec import PanelContext
from gui.state.frame_table import GROUND, FrameConfidence, FrameTable
from gui.state.overlay import UInt32Array
from gui.state.session_view import ClipFacts, Marks
from gui.state.view_state import ViewState

# Colours, and the layout from top to bottom in pixels: ruler, track with bars, lane of confidence.
_GROUND = QColor("#15181d")
_TRACK = QColor(*GROUND)
_RULER = QColor("#6b7484")
_ANCHOR = QColor("#ffc43d")
_DRAFT = QColor("#ff7a59")
_HEAD = QColor("#f2f5f9")
_MARGIN = 14.0
_RULER_HEIGHT = 20.0
_RULER_FONT_PX = 11
_TRACK_TOP = 26.0
_TRACK_HEIGHT = 28.0
_BAR_INSET = 8.0
_LANE_TOP = 56.0
_LANE_HEIGHT = 16.0
_HEIGHT = 78
_DIAMOND = 5.5
_MIN_TICK_PX = 64.0
"""Between two ticks, so that frame numbers of six digits do not touch."""
_STEPS = (1, 2, 5)
"""Ticks lie this many frames apart, times a power of ten."""
_LEGEND = "The higher and redder, the less sure the mask: correct the clip there."


class Timeline(QWidget):
    """Custom painted: as fast with ten thousand frames as with ten."""

    scrubbed = pyqtSignal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("timeline")
        self.setAccessibleName("Timeline")
        self.setMouseTracking(False)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._marks = Marks()
        self._table = FrameTable()
        self._frame_index = 0
        self._bar: QImage | None = None
        self._lane: QImage | None = None

    def show_clip(self, frame_count: int) -> None:
        """Show another clip, without masks; does not emit."""
        self._marks = Marks()
        self._table = FrameTable(frame_count)
        self._show_table(range(frame_count))

    def set_marks(self, marks: Marks) -> None:
        """Show which frames were corrected; does not emit."""
        if marks != self._marks:
            self._marks = marks
            self._describe()
            self.update()

    def set_confidence(self, frame_index: int, confidence: FrameConfidence | None) -> None:
        """Show a frame's confidence, None where it has no masks; constant time on any clip."""
        self._table.write(frame_index, confidence)
        self._show_table((frame_index,))

    def set_confidences(self, confidences: Sequence[FrameConfidence | None]) -> None:
        """Show every frame's confidence, in order of frame."""
        self._table.write_all(confidences)
        self._show_table(range(len(confidences)))

    def add_propagated(self, frame_index: int, confidence: FrameConfidence | None) -> None:
        """Show one more frame as finished by the running propagation; constant time."""
        self._table.mark_propagated(frame_index)
        self.set_confidence(frame_index, confidence)

    def clear_progress(self) -> None:
        """Show no frame as just propagated."""
        self._table.clear_progress()
        self._show_table(())

    def set_frame(self, frame_index: int) -> None:
        """Move the playhead; does not emit."""
        self._frame_index = frame_index
        self._describe()
        self.update()

    def describe(self, frame_index: int) -> str:
        """Describe a frame, for tooltips, the status line and screen readers."""
        return self._marks.describe(frame_index, self._table.confidence(frame_index))

    @property
    def propagated_frames(self) -> frozenset[int]:
        """Frames that the running propagation has finished."""
        return self._table.propagated_frames

    def x_of(self, frame_index: float) -> float:
        """Return the x of a frame, widget pixels."""
        last = max(len(self._table) - 1, 1)
        return _MARGIN + frame_index / last * (self.width() - 2 * _MARGIN)

    def frame_at(self, x: float) -> int:
        """Return the frame at an x, clamped to the clip."""
        last = max(len(self._table) - 1, 0)
        share = (x - _MARGIN) / max(self.width() - 2 * _MARGIN, 1.0)
        return min(max(round(share * last), 0), last)

    def sizeHint(self) -> QSize:  # noqa: N802 Qt's name
        """The height of all rows."""
        return QSize(400, _HEIGHT)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Scrub to the frame under the mouse."""
        self._scrub(event)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Scrub to the frame under the mouse while the left button is down."""
        self._scrub(event)

    def event(self, event: QEvent | None) -> bool:
        """Show a tooltip that describes the frame under the mouse."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and len(self._table):
            text = self.describe(self.frame_at(event.x()))
            is_in_lane = event.y() >= _LANE_TOP - 2
            tip = tooltip_text(f"{text}\n{_LEGEND}" if is_in_lane else text)
            QToolTip.showText(event.globalPos(), tip, self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint ruler, bar, lane, marks and playhead."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), _GROUND)
        width = self.width() - 2 * _MARGIN
        track = QRectF(_MARGIN, _TRACK_TOP, width, _TRACK_HEIGHT)
        lane = QRectF(_MARGIN, _LANE_TOP, width, _LANE_HEIGHT)
        painter.fillRect(track, _TRACK)
        painter.fillRect(lane, _TRACK)
        if len(self._table) and width >= 1:
            self._paint_ruler(painter)
            self._paint_table(painter, track.adjusted(0, _BAR_INSET, 0, -_BAR_INSET), lane)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_head(painter)
            self._paint_diamonds(painter, track, self._marks.anchors - self._marks.drafts, _ANCHOR)
            self._paint_diamonds(painter, track, self._marks.drafts, _DRAFT)
        painter.end()

    def _show_table(self, frames: Collection[int]) -> None:
        """Draw the table again at the next paint event."""
        self._bar = self._lane = None
        if self._frame_index in frames:
            self._describe()
        self.update()

    def _describe(self) -> None:
        if self._frame_index < len(self._table):
            self.setAccessibleDescription(self.describe(self._frame_index))

    def _scrub(self, event: QMouseEvent | None) -> None:
        if event is not None and event.buttons() & Qt.MouseButton.LeftButton and len(self._table):
            self.scrubbed.emit(self.frame_at(event.localPos().x()))

    def _paint_ruler(self, painter: QPainter) -> None:
        width = self.width() - 2 * _MARGIN
        step = tick_step(len(self._table), int(max(width / _MIN_TICK_PX, 1)))
        font = painter.font()
        font.setPixelSize(_RULER_FONT_PX)
        painter.setFont(font)
        painter.setPen(QPen(_RULER))
        for frame_index in range(0, len(self._table), step):
            x = self.x_of(frame_index)
            painter.drawLine(QPointF(x, _RULER_HEIGHT - 4), QPointF(x, _RULER_HEIGHT + 2))
            label = QRectF(x - 30, 1, 60, _RULER_HEIGHT - 6)
            painter.drawText(label, Qt.AlignmentFlag.AlignHCenter, str(frame_index))

    def _paint_table(self, painter: QPainter, bar: QRectF, lane: QRectF) -> None:
        """Paint bar and lane from their images, one image pixel per screen pixel."""
        ratio = self.devicePixelRatioF()
        columns, rows = round(bar.width() * ratio), round(lane.height() * ratio)
        if self._bar is None or self._lane is None or self._lane.width() != columns:
            self._bar = _image(self._table.bar(columns))
            self._lane = _image(self._table.lane(columns, rows))
        painter.drawImage(bar, self._bar)
        painter.drawImage(lane, self._lane)

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


def build(context: PanelContext) -> Timeline:
    """Create the timeline; it shows each frame as the presenter emits it."""
    window, timeline = context.window, Timeline()

    def on_clip(clip: ClipFacts) -> None:
        timeline.show_clip(clip.frame_count)

    def on_session(*_: object) -> None:
        timeline.set_marks(window.session.state.marks)

    def on_view(before: ViewState, after: ViewState) -> None:
        if after.frame_index != before.frame_index:
            timeline.set_frame(after.frame_index)

    window.navigator.clip_shown.connect(on_clip)
    window.session.changed.connect(on_session)
    window.model.changed.connect(on_view)
    window.timeline.frame_changed.connect(timeline.set_confidence)
    window.timeline.frame_propagated.connect(timeline.add_propagated)
    window.timeline.frames_changed.connect(timeline.set_confidences)
    window.timeline.progress_cleared.connect(timeline.clear_progress)
    timeline.scrubbed.connect(window.navigator.go_to)
    return timeline


def _image(pixels: UInt32Array) -> QImage:
    height, width = pixels.shape
    # A copy, since the QImage would otherwise use memory that is freed here.
    return QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_RGB32).copy()


def tick_step(frame_count: int, most: int) -> int:
    """Return 1, 2 or 5 times a power of ten, so that there are at most so many ticks."""
    power = 1
    while True:
        for step in _STEPS:
            if frame_count <= step * power * most:
                return step * power
        power *= 10
