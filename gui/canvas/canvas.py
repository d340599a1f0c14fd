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
from gui.state.view_state import REGION, Pen, ViewState, Zoom
from inference_core.tools.registry import TOOLS
from inference_core.types import Interaction, Region

_BACKGROUND = QColor(18, 20, 24)
_PLACEHOLDER_COLOUR = QColor(139, 149, 165)
_IDLE_MS = 140
"""Since the last zoom step or pan: longer than between two steps of a turning wheel, by hand."""
_WHEEL_STEP = 1.2
"""Factor of one wheel step: four steps double the scale."""
_NEAREST_SCALE = 2.0
"""From this scale on the image is drawn without interpolation, so that single pixels are visible."""


class Canvas(QGraphicsView):
    """Shows rendered frames and emits the interactions that the user draws."""

    interaction_made = pyqtSignal(object)
    """Interaction, with frame, object, tool and region as they were when the button went down."""
    region_chosen = pyqtSignal(object)
    """Region."""
    gesture_started = pyqtSignal()
    """A gesture has started: the frame must not change until it ends."""
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
        self._placeholder = ""
        self._is_fitted = True
        self._zoom_of_first_frame: Zoom | None = None
        self._is_pan_mode = False
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
        self.setAcceptDrops(False)  # the window opens what is dropped
        self._surface.setAcceptDrops(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Canvas")
        self._idle_timer.setSingleShot(True)
        self._idle_timer.setInterval(_IDLE_MS)
        self._idle_timer.timeout.connect(self._on_idle)

    # Setters: none of these emits an interaction.

    @property
    def shown_frame(self) -> int | None:
        """The frame that is shown; None before the first."""
        return self._shown_frame

    @property
    def zoom_state(self) -> Zoom | None:
        """Scale and centre; None while the whole frame is shown."""
        if self._is_fitted or self._shown_frame is None:
            return self._zoom_of_first_frame
        middle = (self.viewport_width / 2, self.viewport_height / 2)
        return Zoom(self._viewport.scale, self._viewport.to_source(middle))

    def zoom_first_frame(self, zoom: Zoom | None) -> None:
        """Set how the first frame after `clear` is shown; None shows all of it."""
        self._zoom_of_first_frame = zoom

    @property
    def view(self) -> Viewport:
        """The current viewport."""
        return self._viewport

    def show_frame(self, rendered: RenderedFrame) -> None:
        """Show a frame and its masks."""
        source = rendered.image.shape
        if self._shown_frame is None or source != self._viewport.source:
            self._reset_to_size((source[0], source[1]))
        is_same_frame = rendered.frame_index == self._shown_frame
        if not is_same_frame:
            self._frame_item.show_array(rendered.image)
            self._shown_frame = rendered.frame_index
            for _, item in self._previews:
                item.setVisible(item.frame_index == rendered.frame_index)
        self._overlay_item.show_array(rendered.overlay, rendered.box if is_same_frame else None)

    def show_placeholder(self, text: str) -> None:
        """Set the text shown in the middle of the canvas while it has no frame."""
        self._placeholder = text
        self._surface.update()

    def drawForeground(self, painter: QPainter | None, rect: QRectF) -> None:  # noqa: N802 Qt's name
        """Paint the placeholder if there is no frame."""
        del rect
        if painter is not None and self._shown_frame is None:
            painter.resetTransform()
            painter.setPen(_PLACEHOLDER_COLOUR)
            painter.drawText(self._surface.rect(), Qt.AlignmentFlag.AlignCenter, self._placeholder)

    def clear(self) -> None:
        """Show nothing, as before the first clip."""
        self.abort_gesture()
        for interaction, _ in list(self._previews):
            self.remove_preview(interaction)
        self._shown_frame = None
        for item in (self._frame_item, self._overlay_item, self._region_item, self._ring_item):
            item.setVisible(False)

    def set_pen(self, pen: Pen) -> None:
        """Set the pen; a gesture under way keeps the one it started with."""
        self._pen = pen
        self._ring_item.set_radius(pen.radius_px)
        self._ring_item.setVisible(self._ring_item.isVisible() and pen.has_radius)
        self._update_cursor()

    def set_region(self, region: Region | None) -> None:
        """Mark a region and zoom to it; None removes it and shows the whole frame."""
        self._show_region(region)
        if region is None:
            self.fit()
        else:
            self._is_fitted = False
            self._apply_viewport(self._viewport.showing((region.x0, region.y0, region.x1, region.y1)))

    def remove_preview(self, interaction: Interaction) -> None:
        """Remove a stroke's preview: its mask is shown, or the stroke has failed."""
        for kept, item in self._previews:
            if kept is interaction:
                self._scene.removeItem(item)
        self._previews = [entry for entry in self._previews if entry[0] is not interaction]

    def fit(self) -> None:
        """Show the whole frame."""
        self._is_fitted = True
        self._apply_viewport(self._viewport.fitted())

    def zoom(self, factor: float, at: Position | None = None) -> None:
        """Zoom about a canvas position, or about the middle."""
        self._is_fitted = False
        middle = (self.viewport_width / 2, self.viewport_height / 2)
        self._apply_viewport(self._viewport.zoomed(factor, at or middle))

    def set_pan_mode(self, is_on: bool) -> None:
        """Set whether a left drag pans."""
        self._is_pan_mode = is_on
        self._update_cursor()

    def abort_gesture(self) -> bool:
        """Abort the gesture under way; return whether there was one."""
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            gesture.abort()
        return gesture is not None

    @property
    def viewport_width(self) -> int:
        """Width of the visible area, canvas pixels."""
        return max(1, self._surface.width())

    @property
    def viewport_height(self) -> int:
        """Height of the visible area, canvas pixels."""
        return max(1, self._surface.height())

    # Event handlers.

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Start a gesture."""
        if event is None or self._shown_frame is None or self._gesture is not None:
            return
        position = (event.localPos().x(), event.localPos().y())
        self._gesture = self._gesture_for(event, position)
        if self._gesture is not None:
            self.gesture_started.emit()
            self._gesture.move(self._viewport, position)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Continue the gesture and move the brush ring."""
        if event is None:
            return
        position = (event.localPos().x(), event.localPos().y())
        self._move_ring(position)
        if self._gesture is not None:
            self._gesture.move(self._viewport, position)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """Finish the gesture once no button is down."""
        if event is None or event.buttons() != Qt.MouseButton.NoButton:
            return
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            gesture.finish()

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        """Handle the second press of a double click as a press of its own."""
        self.mousePressEvent(event)

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        """Zoom about the cursor; with Ctrl, change the radius."""
        if event is None or self._shown_frame is None:
            return
        steps = event.angleDelta().y() / 120
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.radius_stepped.emit(1 if steps > 0 else -1)
        elif steps:
            self.zoom(_WHEEL_STEP**steps, (event.position().x(), event.position().y()))
        event.accept()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Keep the centre of the view, or the whole frame if it was fitted."""
        super().resizeEvent(event)
        resized = self._viewport.resized((self.viewport_height, self.viewport_width))
        self._apply_viewport(resized.fitted() if self._is_fitted else resized)

    def leaveEvent(self, event: QEvent | None) -> None:
        """Hide the brush ring."""
        super().leaveEvent(event)
        self._ring_item.setVisible(False)

    # Internals.

    def _gesture_for(self, event: QMouseEvent, position: Position) -> Gesture | None:
        is_left = event.button() == Qt.MouseButton.LeftButton
        if event.button() == Qt.MouseButton.MiddleButton or (is_left and self._is_pan_mode):
            return PanGesture(position, self._pan)
        is_region_tool = self._pen.tool == REGION
        if is_left and (is_region_tool or event.modifiers() & Qt.KeyboardModifier.ControlModifier):
            return RegionGesture(self._region_item, self._viewport, position, self._on_region)
        if is_region_tool or not (is_left or event.button() == Qt.MouseButton.RightButton):
            return None
        is_positive = is_left and not TOOLS[self._pen.tool].only_removes
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

    def _reset_to_size(self, source: tuple[int, int]) -> None:
        height, width = source
        # Much larger than the frame, so that Qt neither centres nor clamps the view: the viewport does that.
        self._scene.setSceneRect(-16.0 * width, -16.0 * height, 33.0 * width, 33.0 * height)
        self._viewport = Viewport(source, (self.viewport_height, self.viewport_width))
        self._frame_item.show_array(np.zeros(source, np.uint32))
        for item in (self._frame_item, self._overlay_item, self._region_item):
            item.setVisible(True)
        self._show_region(None)
        self.fit()
        zoom, self._zoom_of_first_frame = self._zoom_of_first_frame, None
        if zoom is not None:
            self._is_fitted = False
            self._apply_viewport(self._viewport.zoomed_to(zoom))

    def _apply_viewport(self, viewport: Viewport) -> None:
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
        self._apply_viewport(self._viewport.panned(delta))

    def _on_idle(self) -> None:
        """Redraw with smooth interpolation once the view no longer moves."""
        self.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._viewport.scale < _NEAREST_SCALE)
        self._surface.update()

    def _move_ring(self, position: Position) -> None:
        is_shown = self._pen.has_radius and self._shown_frame is not None and not self._is_pan_mode
        self._ring_item.setVisible(is_shown)
        if is_shown:
            self._ring_item.setPos(*self._viewport.to_source(position))

    def _update_cursor(self) -> None:
        if self._is_pan_mode:
            self._surface.setCursor(Qt.CursorShape.OpenHandCursor)
        else:
            self._surface.setCursor(Qt.CursorShape.CrossCursor)
