"""What lies on the canvas besides strokes: the frame, the overlay, the region's frame, the brush's ring.

Everything is placed in source pixels; the view's transform does the rest.
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
        painter.setPen(hair_pen(QColor(0, 0, 0, 160), 3))
        painter.drawRect(self._hole)
        pen = hair_pen(QColor(122, 220, 140), 1.5)
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
        for pen in (hair_pen(QColor(0, 0, 0, 190), 2.6), hair_pen(PALE, 1.2)):
            painter.setPen(pen)
            painter.drawEllipse(QPointF(0, 0), self._radius, self._radius)


def region_rect(region: Region) -> QRectF:
    """The region in the scene, whose coordinates are source pixels."""
    return QRectF(region.x0, region.y0, region.x1 - region.x0, region.y1 - region.y0)


def _rect(box: Box) -> QRectF:
    return QRectF(box[0], box[1], box[2] - box[0], box[3] - box[1])


def hair_pen(colour: QColor, width: float) -> QPen:
    """Make a pen whose width is in canvas pixels, whatever the zoom."""
    pen = QPen(QBrush(colour), width)
    pen.setCosmetic(True)
    return pen
