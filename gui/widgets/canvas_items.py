"""What lies on the canvas: the frame, the overlay, previews of strokes, the region's frame, the brush's ring.

Everything is placed in source pixels; the view's transform does the rest.
"""

from __future__ import annotations

import numpy as np
from PyQt5.QtCore import QPointF, QRectF, Qt
from PyQt5.QtGui import QBrush, QColor, QImage, QPainter, QPainterPath, QPen
from PyQt5.QtWidgets import QGraphicsItem
from PyQt5.sip import voidptr

from gui.overlay import Box, UInt32Array
from gui.view_state import CanvasTool, Pen
from inference_core.values import Interaction, Region, Stroke, Tool

_NEGATIVE = QColor(24, 26, 31)
_PALE = QColor(255, 255, 255, 210)
_DIM = QColor(10, 12, 16, 150)


class PictureItem(QGraphicsItem):
    """Shows an (H, W) uint32 array without a copy."""

    def __init__(self, image_format: QImage.Format) -> None:
        super().__init__()
        self._format = image_format
        self._array: UInt32Array = np.zeros((1, 1), np.uint32)
        self._image = QImage()

    def show_array(self, array: UInt32Array, box: Box | None = None) -> None:
        """Show another array; with a box, only that part of it differs from the last one."""
        if array.shape != self._array.shape:
            self.prepareGeometryChange()
            box = None
        height, width = array.shape
        # The image reads the array's own memory: the item keeps the array for as long as the image.
        self._array = np.ascontiguousarray(array)
        memory = voidptr(self._array.ctypes.data)
        self._image = QImage(memory, width, height, self._array.strides[0], self._format)
        self.update(QRectF(0, 0, width, height) if box is None else _rect(box))

    def boundingRect(self) -> QRectF:  # noqa: N802 Qt's name
        """Cover the frame."""
        return QRectF(0, 0, self._array.shape[1], self._array.shape[0])

    def paint(self, painter: QPainter | None, *_: object) -> None:
        """Draw the image; Qt clips it to what must be drawn anew."""
        if painter is not None and not self._image.isNull():
            painter.drawImage(QPointF(0, 0), self._image)


class StrokeItem(QGraphicsItem):
    """Shows a stroke as it is drawn, and until the network has answered."""

    def __init__(self, pen: Pen, frame_index: int, is_positive: bool) -> None:
        super().__init__()
        self.pen = pen
        self.frame_index = frame_index
        self._is_positive = is_positive
        self._points: list[tuple[float, float]] = []
        self._path = QPainterPath()
        self._extent = QRectF()

    def add_point(self, x: float, y: float) -> None:
        """Carry the stroke on to a point, source pixels with whole numbers at pixel centres."""
        position = QPointF(x + 0.5, y + 0.5)
        if not self._points or self.pen.tool is CanvasTool.CLICK:
            self._points = [(x, y)]
            self._path = QPainterPath(position)
            self._path.lineTo(position)
            self._grow(QRectF(position, position))
            return
        if self.pen.tool is CanvasTool.BOX:
            self._points = [self._points[0], (x, y)]
            corner = QPointF(self._points[0][0] + 0.5, self._points[0][1] + 0.5)
            self._path = QPainterPath()
            self._path.addRect(QRectF(corner, position).normalized())
            self._grow(self._path.boundingRect())
            return
        before = self._path.currentPosition()
        self._points.append((x, y))
        self._path.lineTo(position)
        self._grow(QRectF(before, position).normalized())

    def interaction(self) -> Interaction | None:
        """Hand over what was drawn; None where it is too little to mean anything."""
        tool, points = self.pen.tool.session_tool, np.array(self._points, np.float32)
        least = {CanvasTool.LASSO: 3, CanvasTool.BOX: 2}.get(self.pen.tool, 1)
        if tool is None or len(points) < least or not self._has_extent():
            return None
        if tool is Tool.BOX and not self._is_positive:
            # A box asks the network for an object; to empty a box is to empty its outline.
            (x0, y0), (x1, y1) = points
            tool, points = Tool.LASSO, np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float32)
        stroke = Stroke(self.frame_index, self.pen.object_id, points, self.pen.radius_px, self._is_positive)
        return Interaction(tool, stroke, self.pen.region)

    def boundingRect(self) -> QRectF:  # noqa: N802 Qt's name
        """Cover all that was drawn."""
        return self._extent

    def paint(self, painter: QPainter | None, *_: object) -> None:
        """Draw the stroke in its object's colour; what takes away is dark with a pale rim."""
        if painter is None or not self._points:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = QColor(*self.pen.colour) if self._is_positive else _NEGATIVE
        if self.pen.tool is CanvasTool.CLICK:
            self._paint_click(painter, colour)
        elif self.pen.tool in (CanvasTool.LASSO, CanvasTool.BOX):
            self._paint_outline(painter, colour)
        else:
            self._paint_line(painter, colour)

    def _paint_line(self, painter: QPainter, colour: QColor) -> None:
        width = 2 * self.pen.radius_px
        if not self._is_positive and self.pen.tool is CanvasTool.SCRIBBLE:
            painter.strokePath(self._path, _round_pen(_PALE, width * 1.5))
        if self.pen.tool is not CanvasTool.SCRIBBLE:
            colour = QColor(colour)
            colour.setAlphaF(0.55)
        painter.strokePath(self._path, _round_pen(colour, width))

    def _paint_outline(self, painter: QPainter, colour: QColor) -> None:
        fill = QColor(colour)
        fill.setAlphaF(0.25)
        painter.fillPath(self._path, QBrush(fill))
        painter.strokePath(self._path, _hair_pen(_PALE, 3))
        painter.strokePath(self._path, _hair_pen(colour, 1.6))

    def _paint_click(self, painter: QPainter, colour: QColor) -> None:
        centre, radius = self._path.currentPosition(), self.pen.radius_px
        painter.setPen(_hair_pen(_PALE, 1.5))
        painter.setBrush(QBrush(colour))
        painter.drawEllipse(centre, radius, radius)
        arm = radius * 0.55
        painter.drawLine(centre - QPointF(arm, 0), centre + QPointF(arm, 0))
        if self._is_positive:
            painter.drawLine(centre - QPointF(0, arm), centre + QPointF(0, arm))

    def _has_extent(self) -> bool:
        if self.pen.tool not in (CanvasTool.LASSO, CanvasTool.BOX):
            return True
        across = self._path.boundingRect()
        return across.width() >= 1 and across.height() >= 1

    def _grow(self, part: QRectF) -> None:
        margin = self.pen.radius_px * 1.5 + 4
        part = part.adjusted(-margin, -margin, margin, margin)
        if not self._extent.contains(part):
            self.prepareGeometryChange()
            self._extent = self._extent.united(part)
        whole = self.pen.tool in (CanvasTool.LASSO, CanvasTool.BOX)
        self.update(self._extent if whole else part)


class RegionItem(QGraphicsItem):
    """Dims what lies outside the region and frames it."""

    def __init__(self) -> None:
        super().__init__()
        self._frame = QRectF()
        self._hole = QRectF()

    def show_region(self, frame: QRectF, hole: QRectF) -> None:
        """Dim the frame but for a hole in it."""
        self.prepareGeometryChange()
        self._frame, self._hole = frame, hole
        self.update()

    def boundingRect(self) -> QRectF:  # noqa: N802 Qt's name
        """Cover the frame."""
        return self._frame.adjusted(-2, -2, 2, 2)

    def paint(self, painter: QPainter | None, *_: object) -> None:
        """Draw the shade and a dashed frame of one canvas pixel."""
        if painter is None or self._hole.isEmpty():
            return
        shade = QPainterPath()
        shade.addRect(self._frame)
        shade.addRect(self._hole)
        painter.fillPath(shade, QBrush(_DIM))
        painter.setPen(_hair_pen(QColor(0, 0, 0, 160), 3))
        painter.drawRect(self._hole)
        pen = _hair_pen(QColor(122, 220, 140), 1.5)
        pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.drawRect(self._hole)


class RingItem(QGraphicsItem):
    """Shows under the mouse how wide the line will be."""

    def __init__(self) -> None:
        super().__init__()
        self._radius = 3.0

    def set_radius(self, radius_px: float) -> None:
        """Take the tool's radius, source pixels."""
        self.prepareGeometryChange()
        self._radius = radius_px

    def boundingRect(self) -> QRectF:  # noqa: N802 Qt's name
        """Cover the ring and its cosmetic width, at any zoom that shows pixels at all."""
        reach = self._radius + 4 + 0.1 * self._radius
        return QRectF(-reach, -reach, 2 * reach, 2 * reach)

    def paint(self, painter: QPainter | None, *_: object) -> None:
        """Draw a pale ring on a dark one, so that it shows on any picture."""
        if painter is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for pen in (_hair_pen(QColor(0, 0, 0, 190), 2.6), _hair_pen(_PALE, 1.2)):
            painter.setPen(pen)
            painter.drawEllipse(QPointF(0, 0), self._radius, self._radius)


def region_rect(region: Region) -> QRectF:
    """The region in the scene, whose coordinates are source pixels."""
    return QRectF(region.x0, region.y0, region.x1 - region.x0, region.y1 - region.y0)


def _rect(box: Box) -> QRectF:
    return QRectF(box[0], box[1], box[2] - box[0], box[3] - box[1])


def _round_pen(colour: QColor, width: float) -> QPen:
    line, cap, join = Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
    return QPen(QBrush(colour), width, line, cap, join)


def _hair_pen(colour: QColor, width: float) -> QPen:
    pen = QPen(QBrush(colour), width)
    pen.setCosmetic(True)
    return pen
