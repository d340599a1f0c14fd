"""Lines of the canvas are as wide on a dense screen as on any other."""

from __future__ import annotations

import pytest
from PyQt5.QtCore import QPointF
from PyQt5.QtGui import QColor, QImage, QPainter
from PyQt5.QtWidgets import QApplication

from gui.canvas.canvas_items import cosmetic_pen


@pytest.mark.parametrize("zoom", [1.0, 5.0])
@pytest.mark.parametrize("density", [1, 2])
def test_a_cosmetic_line_has_its_width_at_any_zoom_and_density(
    application: QApplication, zoom: float, density: int
) -> None:
    image = QImage(40 * density, 40 * density, QImage.Format.Format_RGB32)
    image.fill(QColor("black"))
    image.setDevicePixelRatio(density)
    painter = QPainter(image)
    painter.scale(zoom, zoom)
    painter.setPen(cosmetic_pen(painter, QColor("white"), 4))
    painter.drawLine(QPointF(0, 20 / zoom), QPointF(40 / zoom, 20 / zoom))
    painter.end()
    column = [image.pixelColor(20 * density, y).lightness() > 128 for y in range(image.height())]
    assert sum(column) == 4 * density
