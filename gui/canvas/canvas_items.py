"""The canvas's graphics items except strokes: image, overlay, region, brush ring.

Item coordinates are source pixels; the view's transform maps them to the canvas.
"""

from __future__ import annotations

import numpy as np
from PyQt5.QtCore import QPointF, QRectF, Qt
from PyQt5.QtGui import QBrush, QColor, QImage, QPainter, QPainterPath, QPen
from PyQt5.QtWidgets import QGraphicsItem
from PyQt5.sip import voidptr

from gui.state.overlay import Box, UInt32Array
from inference_core.types import Region

PALE = QColor(255, 255, 255, 210)
_DIM = QColor(10, 12, 16, 150)


class ImageItem(QGraphicsItem):
    """Shows an (H, W) uint32 array without a copy."""

    def __init__(self, image_format: QImage.Format) -> None:
        super().__init__()
        self._format = image_format
        self._array: UInt32Array = np.zeros((1, 1), np.uint32)
        self._image = QImage()

    def show_array(self, array: UInt32Array, box: Box | None = None) -> None:
        """Show another array; with a box, only that part differs from the previous one."""
        if array.shape != self._array.shape:
            self.prepareGeometryChange()
            box = None
        height, width = array.shape
        # The QImage uses the array's memory, so the array is kept as long as the image.
        self._array = np.ascontiguousarray(array)
        memory = voidptr(self._array.ctypes.data)
        self._image = QImage(memory, width, height, self._array.strides[0], self._format)
        self.update(QRectF(0, 0, width, height) if box is None else _rect(box))

    def boundingRect(self) -> QRectF:  # noqa: N802 Qt's name
        """The array's size."""
        return QRectF(0, 0, self._array.shape[1], self._array.shape[0])

    def paint(self, painter: QPainter | None, *_: object) -> None:
        """Draw the image; Qt clips to the part that must be redrawn."""
        if painter is not None and not self._image.isNull():
            painter.drawImage(QPointF(0, 0), self._image)


class RegionItem(QGraphicsItem):
    """Dims the frame outside the region and outlines the region."""

    def __init__(self) -> None:
        super().__init__()
        self._frame = QRectF()
        self._hole = QRectF()

    def show_region(self, frame: QRectF, hole: QRectF) -> None:
        """Dim the frame except for the hole, the region."""
        self.prepareGeometryChange()
        self._frame, self._hole = frame, hole
        self.update()

    def boundingRect(self) -> QRectF:  # noqa: N802 Qt's name
        """The frame and its outline."""
        return self._frame.adjusted(-2, -2, 2, 2)

    def paint(self, painter: QPainter | None, *_: object) -> None:
        """Draw the dimmed part and a dashed outline."""
        if painter is None or self._hole.isEmpty():
            return
        shade = QPainterPath()
        shade.addRect(self._frame)
        shade.addRect(self._hole)
        painter.fillPath(shade, QBrush(_DIM))
        painter.setPen(cosmetic_pen(painter, QColor(0, 0, 0, 160), 3))
        painter.drawRect(self._hole)
        pen = cosmetic_pen(painter, QColor(122, 220, 140), 1.5)
        pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.drawRect(self._hole)


class RingItem(QGraphicsItem):
    """Shows the width of the line at the cursor."""

    def __init__(self) -> None:
        super().__init__()
        self._radius = 3.0

    def set_radius(self, radius_px: float) -> None:
        """Set the tool's radius, source pixels."""
        self.prepareGeometryChange()
        self._radius = radius_px

    def boundingRect(self) -> QRectF:  # noqa: N802 Qt's name
        """The ring with its cosmetic pen width."""
        reach = self._radius + 4 + 0.1 * self._radius
        return QRectF(-reach, -reach, 2 * reach, 2 * reach)

    def paint(self, painter: QPainter | None, *_: object) -> None:
        """Draw a light ring on a dark one, so that it is visible on any image."""
        if painter is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for pen in (cosmetic_pen(painter, QColor(0, 0, 0, 190), 2.6), cosmetic_pen(painter, PALE, 1.2)):
            painter.setPen(pen)
            painter.drawEllipse(QPointF(0, 0), self._radius, self._radius)


def region_rect(region: Region) -> QRectF:
    """Return the region as a rectangle in the scene, whose coordinates are source pixels."""
    return QRectF(region.x0, region.y0, region.x1 - region.x0, region.y1 - region.y0)


def _rect(box: Box) -> QRectF:
    return QRectF(box[0], box[1], box[2] - box[0], box[3] - box[1])


def cosmetic_pen(painter: QPainter, colour: QColor, width: float) -> QPen:
    """Return a pen whose width is in canvas pixels at any zoom."""
    device = painter.device()
    density = 1.0 if device is None else device.devicePixelRatioF()  # Qt takes it for pixels of the screen
    pen = QPen(QBrush(colour), width * density)
    pen.setCosmetic(True)
    return pen
