"""Panels around the canvas, each in its place, in the order of the registry."""

from __future__ import annotations

import pytest
from PyQt5.QtCore import QPoint
from PyQt5.QtWidgets import QApplication, QLabel, QMainWindow, QStatusBar, QWidget

from gui.panels.layout import lay_out
from gui.panels.spec import PanelSpec, Place


def laid_out(*panels: tuple[str, Place, QWidget]) -> tuple[QMainWindow, QWidget]:
    window, stage, canvas = QMainWindow(), QWidget(), QWidget()
    specs = [(PanelSpec(name, place, lambda context: QWidget()), widget) for name, place, widget in panels]
    lay_out(window, stage, canvas, specs)
    window.resize(900, 600)
    window.show()
    return window, canvas


def corner(widget: QWidget) -> tuple[int, int]:
    point = widget.mapToGlobal(QPoint(0, 0))
    return point.x(), point.y()


def test_panels_lie_around_the_canvas_in_their_places(application: QApplication) -> None:
    widgets = {place: QLabel(place.name) for place in Place if place not in (Place.OVER, Place.STATUS)}
    bar = QStatusBar()
    panels = [(place.name, place, widget) for place, widget in widgets.items()]
    window, canvas = laid_out(*panels, ("status", Place.STATUS, bar))
    x, y = corner(canvas)
    assert corner(widgets[Place.LEFT])[0] < x
    assert corner(widgets[Place.TOP]) == (x, y - widgets[Place.TOP].height())
    assert corner(widgets[Place.SIDE])[0] == x + canvas.width()
    assert corner(widgets[Place.BOTTOM])[1] == y + canvas.height()
    assert window.statusBar() is bar
    window.close()


@pytest.mark.parametrize(
    ("place", "axis"), [(Place.SIDE, 1), (Place.TOP, 1), (Place.BOTTOM, 0), (Place.LEFT, 0)]
)
def test_panels_of_one_place_keep_the_order_of_the_registry(
    application: QApplication, place: Place, axis: int
) -> None:
    widgets = [QLabel(name) for name in "abc"]
    window, _ = laid_out(*((widget.text(), place, widget) for widget in widgets))
    positions = [corner(widget)[axis] for widget in widgets]
    assert positions == sorted(set(positions))
    window.close()


def test_a_panel_for_the_status_bar_must_be_one(application: QApplication) -> None:
    with pytest.raises(TypeError, match="must be a QStatusBar, not QLabel"):
        laid_out(("label", Place.STATUS, QLabel()))
