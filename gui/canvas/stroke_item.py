"""The preview of a stroke: drawn as vectors while the mouse moves, and until its mask is shown."""

from __future__ import annotations

import numpy as np
from PyQt5.QtCore import QPointF, QRectF, Qt
from PyQt5.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen
from PyQt5.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem

from gui.canvas.canvas_items import PALE, cosmetic_pen
from gui.state.view_state import Pen
from inference_core.tools.registry import TOOLS
from inference_core.tools.spec import StrokeShape
from inference_core.types import Interaction, Stroke

_NEGATIVE = QColor(24, 26, 31)
_SEGMENT_POINTS = 48
"""Points of a segment of a long line: a mouse move repaints one or two segments."""


class SegmentedLine:
    """A long line in segments, so that a mouse move repaints only those near the mouse."""

    def __init__(self, start: QPointF) -> None:
        self._segments = [_dot(start)]

    def add(self, position: QPointF) -> QRectF:
        """Extend the line to a position; return the box around the new part."""
        last = self._segments[-1].currentPosition()
        if self._segments[-1].elementCount() > _SEGMENT_POINTS:
            self._segments.append(QPainterPath(last))
        self._segments[-1].lineTo(position)
        return QRectF(last, position).normalized()

    def near(self, box: QRectF) -> QPainterPath:
        """Return the segments that touch a box, as one path: a translucent pen paints each pixel once."""
        path = QPainterPath()
        for segment in self._segments:
            if segment.controlPointRect().adjusted(-1, -1, 1, 1).intersects(box):
                path.addPath(segment)
        return path


class StrokeItem(QGraphicsItem):
    """Shows a stroke while it is drawn, and until its mask is shown."""

    def __init__(self, pen: Pen, frame_index: int, is_positive: bool, bounds: QRectF) -> None:
        super().__init__()
        # The whole scene from the start: an item whose bounds grow is repainted completely at every move.
        self._bounds = bounds
        self.pen = pen
        self.spec = TOOLS[pen.tool]
        self.frame_index = frame_index
        self._is_positive = is_positive
        self._points: list[tuple[float, float]] = []
        self._outline = QPainterPath()
        self._line: SegmentedLine | None = None
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)

    def add_point(self, x: float, y: float) -> None:
        """Add a point (x, y), source pixels with whole numbers at pixel centres."""
        position = QPointF(x + 0.5, y + 0.5)
        if self.spec.shape in (StrokeShape.BOX, StrokeShape.POLYGON):
            self._add_to_outline((x, y), position)
        elif self._line is None or self.spec.shape is StrokeShape.POINT:
            self._points, self._line = [(x, y)], SegmentedLine(position)
            self._repaint(QRectF(position, position))
        else:
            self._points.append((x, y))
            self._repaint(self._line.add(position))

    def _add_to_outline(self, point: tuple[float, float], position: QPointF) -> None:
        before = self._outline.boundingRect()
        if not self._points:
            self._points, self._outline = [point], QPainterPath(position)
        elif self.spec.shape is StrokeShape.POLYGON:
            self._points.append(point)
            self._outline.lineTo(position)
        else:
            self._points = [self._points[0], point]
            corner = QPointF(self._points[0][0] + 0.5, self._points[0][1] + 0.5)
            self._outline = QPainterPath()
            self._outline.addRect(QRectF(corner, position).normalized())
        self._repaint(self._outline.boundingRect().united(before))

    def interaction(self) -> Interaction | None:
        """Return the interaction that was drawn; None if there are too few points or it has no extent."""
        tool, points = self.spec.name, np.array(self._points, np.float32)
        if len(points) < self.spec.shape.least_points or not self._has_extent():
            return None
        if self.spec.removal is not None and not self._is_positive:
            tool, points = self.spec.removal(points)
        stroke = Stroke(self.frame_index, self.pen.object_id, points, self.pen.radius_px, self._is_positive)
        return Interaction(tool, stroke, self.pen.region)

    def boundingRect(self) -> QRectF:  # noqa: N802 Qt's name
        """The whole scene."""
        return self._bounds

    def paint(self, painter: QPainter | None, option: QStyleOptionGraphicsItem | None, *_: object) -> None:
        """Draw the stroke in its object's colour; negative ones are dark, prompts with a light rim."""
        if painter is None or option is None or not self._points:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = QColor(*self.pen.colour) if self._is_positive else _NEGATIVE
        if self.spec.shape is StrokeShape.POINT:
            self._paint_click(painter, colour)
        elif self._line is None:
            self._paint_outline(painter, colour)
        else:
            reach = 2 * self.pen.radius_px + 4
            near = option.exposedRect.adjusted(-reach, -reach, reach, reach)
            self._paint_line(painter, colour, self._line.near(near))

    def _paint_line(self, painter: QPainter, colour: QColor, path: QPainterPath) -> None:
        width = 2 * self.pen.radius_px
        if not self._is_positive and not self.spec.is_painted:
            painter.strokePath(path, _round_pen(PALE, width * 1.5))
        if self.spec.is_painted:
            colour = QColor(colour)
            colour.setAlphaF(0.55)
        painter.strokePath(path, _round_pen(colour, width))

    def _paint_outline(self, painter: QPainter, colour: QColor) -> None:
        fill = QColor(colour)
        fill.setAlphaF(0.25)
        painter.fillPath(self._outline, QBrush(fill))
        painter.strokePath(self._outline, cosmetic_pen(painter, PALE, 3))
        painter.strokePath(self._outline, cosmetic_pen(painter, colour, 1.6))

    def _paint_click(self, painter: QPainter, colour: QColor) -> None:
        centre, radius = QPointF(self._points[0][0] + 0.5, self._points[0][1] + 0.5), self.pen.radius_px
        painter.setPen(cosmetic_pen(painter, PALE, 1.5))
        painter.setBrush(QBrush(colour))
        painter.drawEllipse(centre, radius, radius)
        arm = radius * 0.55
        painter.drawLine(centre - QPointF(arm, 0), centre + QPointF(arm, 0))
        if self._is_positive:
            painter.drawLine(centre - QPointF(0, arm), centre + QPointF(0, arm))

    def _has_extent(self) -> bool:
        if self.spec.shape not in (StrokeShape.POLYGON, StrokeShape.BOX):
            return True
        across = self._outline.boundingRect()
        return across.width() >= 1 and across.height() >= 1

    def _repaint(self, part: QRectF) -> None:
        margin = self.pen.radius_px * 1.5 + 4
        self.update(part.adjusted(-margin, -margin, margin, margin))


def _round_pen(colour: QColor, width: float) -> QPen:
    line, cap, join = Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
    return QPen(QBrush(colour), width, line, cap, join)


def _dot(position: QPointF) -> QPainterPath:
    path = QPainterPath(position)
    path.lineTo(position)
    return path
