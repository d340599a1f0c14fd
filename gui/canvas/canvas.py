"""The canvas: shows a frame under its masks and turns the mouse into interactions. No torch, no session."""

from __future__ import annotations

import numpy as np
from PyQt5.QtCore import QEvent, QRectF, Qt, QTimer, pyqtSignal
from PyQt5.QtGui import QColor, QImage, QMouseEvent, QPainter, QResizeEvent, QTransform, QWheelEvent
from PyQt5.QtWidgets import QFrame, QGraphicsScene, QGraphicsView, QWidget

from gui.canvas.canvas_items import ImageItem, RegionItem, RingItem, region_rect
from gui.canvas.gestures import Gesture, PanGesture, RegionGesture, StrokeGesture
from gui.canvas.stroke_item import StrokeItem
from gui.canvas.viewport import Position, Viewport
from gui.state.overlay import RenderedFrame
from gui.state.view_state import CanvasTool, Pen, ViewState
from inference_core.types import Interaction, Region

_BACKGROUND = QColor(18, 20, 24)
_QUIET = QColor(139, 149, 165)
_IDLE_MS = 140
_WHEEL_STEP = 1.2
_CRISP_SCALE = 2.0
"""From here on single pixels are shown as they are, since the editor came to see them."""


class Canvas(QGraphicsView):
    """Numpy in, facts out."""

    interaction_made = pyqtSignal(object)
    """Interaction: frame, object, tool and region as they were when the button went down."""
    region_chosen = pyqtSignal(object)
    """Region."""
    press_began = pyqtSignal()
    """A gesture has begun: nobody may pull the frame away from under it."""
    radius_stepped = pyqtSignal(int)
    scale_changed = pyqtSignal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("canvas")
        self._scene = QGraphicsScene(self)
        self._frame_item = ImageItem(QImage.Format.Format_RGB32)
        self._overlay_item = ImageItem(QImage.Format.Format_ARGB32_Premultiplied)
        self._region_item = RegionItem()
        self._ring_item = RingItem()
        self._pen: Pen = ViewState().pen
        self._viewport = Viewport((1, 1), (1, 1))
        self._shown_frame: int | None = None
        self._invitation = ""
        self._is_fitted = True
        self._is_pan_held = False
        self._gesture: Gesture | None = None
        self._previews: list[tuple[Interaction, StrokeItem]] = []
        self._idle_timer = QTimer(self)
        self._surface = QWidget()
        self._build()

    def _build(self) -> None:
        self.setViewport(self._surface)
        self.setScene(self._scene)
        for height, item in enumerate(
            (self._frame_item, self._overlay_item, self._region_item, self._ring_item)
        ):
            item.setZValue(height if item is not self._ring_item else 100)
            item.setVisible(False)
            self._scene.addItem(item)
        self.setBackgroundBrush(_BACKGROUND)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAlignment(Qt.Alignment(Qt.AlignmentFlag.AlignLeft) | Qt.AlignmentFlag.AlignTop)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.MinimalViewportUpdate)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontSavePainterState)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Canvas")
        self._idle_timer.setSingleShot(True)
        self._idle_timer.setInterval(_IDLE_MS)
        self._idle_timer.timeout.connect(self._on_idle)

    # Facts that come in: none of these emits.

    @property
    def shown_frame(self) -> int | None:
        """The frame that is on the canvas now; None before the first."""
        return self._shown_frame

    @property
    def view(self) -> Viewport:
        """How the canvas looks at the frame now."""
        return self._viewport

    def show_frame(self, rendered: RenderedFrame) -> None:
        """Show a frame and its masks."""
        source = rendered.image.shape
        if self._shown_frame is None or source != self._viewport.source:
            self._start_with((source[0], source[1]))
        is_same_frame = rendered.frame_index == self._shown_frame
        if not is_same_frame:
            self._frame_item.show_array(rendered.image)
            self._shown_frame = rendered.frame_index
            for _, item in self._previews:
                item.setVisible(item.frame_index == rendered.frame_index)
        self._overlay_item.show_array(rendered.overlay, rendered.box if is_same_frame else None)

    def invite(self, text: str) -> None:
        """Say in the middle of an empty canvas what is going on, or what to do first."""
        self._invitation = text
        self._surface.update()

    def drawForeground(self, painter: QPainter | None, rect: QRectF) -> None:  # noqa: N802 Qt's name
        """Paint the invitation where there is no frame."""
        del rect
        if painter is not None and self._shown_frame is None:
            painter.resetTransform()
            painter.setPen(_QUIET)
            painter.drawText(self._surface.rect(), Qt.AlignmentFlag.AlignCenter, self._invitation)

    def clear(self) -> None:
        """Show nothing, as before the first clip."""
        self.abort_gesture()
        for interaction, _ in list(self._previews):
            self.drop_preview(interaction)
        self._shown_frame = None
        for item in (self._frame_item, self._overlay_item, self._region_item, self._ring_item):
            item.setVisible(False)

    def set_pen(self, pen: Pen) -> None:
        """Hold another pen; a gesture that has begun goes on with the one it began with."""
        self._pen = pen
        self._ring_item.set_radius(pen.radius_px)
        self._ring_item.setVisible(self._ring_item.isVisible() and pen.tool.has_radius)
        self._show_cursor()

    def set_region(self, region: Region | None) -> None:
        """Work inside a region and look at it; None leaves it and looks at the whole frame."""
        self._show_region(region)
        if region is None:
            self.fit()
        else:
            self._is_fitted = False
            self._look(self._viewport.showing((region.x0, region.y0, region.x1, region.y1)))

    def drop_preview(self, interaction: Interaction) -> None:
        """Take a stroke's preview away: its mask has come, or never will."""
        for kept, item in self._previews:
            if kept is interaction:
                self._scene.removeItem(item)
        self._previews = [entry for entry in self._previews if entry[0] is not interaction]

    def fit(self) -> None:
        """Show the whole frame."""
        self._is_fitted = True
        self._look(self._viewport.fitted())

    def zoom(self, factor: float, at: Position | None = None) -> None:
        """Zoom about a canvas position, or about the middle."""
        self._is_fitted = False
        middle = (self.viewport_width / 2, self.viewport_height / 2)
        self._look(self._viewport.zoomed(factor, at or middle))

    def hold_pan(self, is_held: bool) -> None:
        """While held, a left drag moves the rendered."""
        self._is_pan_held = is_held
        self._show_cursor()

    @property
    def is_in_gesture(self) -> bool:
        """Whether a button is down on the canvas."""
        return self._gesture is not None

    def abort_gesture(self) -> bool:
        """Drop the gesture under way; tell whether there was one."""
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            gesture.abort()
        return gesture is not None

    @property
    def viewport_width(self) -> int:
        """Width of what the mouse can reach, canvas pixels."""
        return max(1, self._surface.width())

    @property
    def viewport_height(self) -> int:
        """Height of what the mouse can reach, canvas pixels."""
        return max(1, self._surface.height())

    # Qt's events.

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Begin a gesture."""
        if event is None or self._shown_frame is None or self._gesture is not None:
            return
        position = (event.localPos().x(), event.localPos().y())
        self._gesture = self._gesture_for(event, position)
        if self._gesture is not None:
            self.press_began.emit()
            self._gesture.move(self._viewport, position)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Carry the gesture on, and the ring along."""
        if event is None:
            return
        position = (event.localPos().x(), event.localPos().y())
        self._move_ring(position)
        if self._gesture is not None:
            self._gesture.move(self._viewport, position)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """End the gesture once no button is down."""
        if event is None or event.buttons() != Qt.MouseButton.NoButton:
            return
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            gesture.finish()

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        """Two quick clicks are two clicks."""
        self.mousePressEvent(event)

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        """Zoom to the cursor; with Ctrl, change the brush."""
        if event is None or self._shown_frame is None:
            return
        turns = event.angleDelta().y() / 120
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.radius_stepped.emit(1 if turns > 0 else -1)
        elif turns:
            self.zoom(_WHEEL_STEP**turns, (event.position().x(), event.position().y()))
        event.accept()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Keep looking at what was looked at."""
        super().resizeEvent(event)
        resized = self._viewport.resized((self.viewport_height, self.viewport_width))
        self._look(resized.fitted() if self._is_fitted else resized)

    def leaveEvent(self, event: QEvent | None) -> None:
        """Hide the ring with the mouse."""
        super().leaveEvent(event)
        self._ring_item.setVisible(False)

    # The rest.

    def _gesture_for(self, event: QMouseEvent, position: Position) -> Gesture | None:
        is_left = event.button() == Qt.MouseButton.LeftButton
        if event.button() == Qt.MouseButton.MiddleButton or (is_left and self._is_pan_held):
            return PanGesture(position, self._pan)
        is_region_tool = self._pen.tool is CanvasTool.REGION
        if is_left and (is_region_tool or event.modifiers() & Qt.KeyboardModifier.ControlModifier):
            return RegionGesture(self._region_item, self._viewport, position, self._on_region)
        if is_region_tool or not (is_left or event.button() == Qt.MouseButton.RightButton):
            return None
        is_positive = is_left and self._pen.tool is not CanvasTool.ERASER
        item = StrokeItem(self._pen, self._shown_frame or 0, is_positive, self._scene.sceneRect())
        item.setZValue(50)
        return StrokeGesture(self._scene, item, self._on_stroke)

    def _on_stroke(self, interaction: Interaction, item: StrokeItem) -> None:
        item.setVisible(item.frame_index == self._shown_frame)
        self._previews.append((interaction, item))
        self.interaction_made.emit(interaction)

    def _on_region(self, region: Region | None) -> None:
        if region is None:
            self._show_region(self._pen.region)
        else:
            self.region_chosen.emit(region)

    def _show_region(self, region: Region | None) -> None:
        height, width = self._viewport.source
        hole = QRectF() if region is None else region_rect(region)
        self._region_item.show_region(QRectF(0, 0, width, height), hole)

    def _start_with(self, source: tuple[int, int]) -> None:
        height, width = source
        # Room on every side, so that Qt never centres or stops the view: the viewport decides alone.
        self._scene.setSceneRect(-16.0 * width, -16.0 * height, 33.0 * width, 33.0 * height)
        self._viewport = Viewport(source, (self.viewport_height, self.viewport_width))
        self._frame_item.show_array(np.zeros(source, np.uint32))
        for item in (self._frame_item, self._overlay_item, self._region_item):
            item.setVisible(True)
        self._show_region(None)
        self.fit()

    def _look(self, viewport: Viewport) -> None:
        has_new_scale = viewport.scale != self._viewport.scale
        self._viewport = viewport
        if self._shown_frame is None and self._frame_item.boundingRect().width() <= 1:
            return
        self.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        self._idle_timer.start()
        if has_new_scale or self.transform().m11() != viewport.scale:
            self.setTransform(QTransform.fromScale(viewport.scale, viewport.scale))
        for bar, offset in zip(
            (self.horizontalScrollBar(), self.verticalScrollBar()), viewport.offset, strict=True
        ):
            if bar is not None:
                bar.setValue(offset)
        if has_new_scale:
            self.scale_changed.emit(viewport.scale)

    def _pan(self, delta: Position) -> None:
        self._is_fitted = False
        self._look(self._viewport.panned(delta))

    def _on_idle(self) -> None:
        """Draw finely now that nothing moves."""
        self.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._viewport.scale < _CRISP_SCALE)
        self._surface.update()

    def _move_ring(self, position: Position) -> None:
        is_shown = self._pen.tool.has_radius and self._shown_frame is not None and not self._is_pan_held
        self._ring_item.setVisible(is_shown)
        if is_shown:
            self._ring_item.setPos(*self._viewport.to_source(position))

    def _show_cursor(self) -> None:
        if self._is_pan_held:
            self._surface.setCursor(Qt.CursorShape.OpenHandCursor)
        else:
            self._surface.setCursor(Qt.CursorShape.CrossCursor)
