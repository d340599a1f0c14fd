"""The style sheet: what is enabled, checked or disabled keeps its size and its place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PyQt5.QtCore import QPoint
from PyQt5.QtGui import QFont
from PyQt5.QtWidgets import QApplication, QMenu, QStyle, QToolButton

from gui.panels.icons import required_icon
from gui.theme import PANEL, apply_theme


@pytest.fixture
def themed(application: QApplication) -> Iterator[QApplication]:
    font = QFont(application.font())
    apply_theme(application)
    yield application
    application.setStyleSheet("")
    application.setFont(font)


@pytest.mark.parametrize("role", ["", "plain", "primary"])
def test_a_button_has_one_size_in_all_its_states(themed: QApplication, role: str) -> None:
    button = QToolButton()
    button.setIcon(required_icon("undo"))
    button.setProperty("role", role)
    button.setCheckable(True)
    sizes = set()
    for is_enabled in (True, False):
        for is_checked in (True, False):
            button.setEnabled(is_enabled)
            button.setChecked(is_checked)
            button.ensurePolished()
            size = button.sizeHint()
            sizes.add((size.width(), size.height()))
    assert len(sizes) == 1


def test_a_menu_has_one_colour_up_to_its_border(themed: QApplication) -> None:
    menu = QMenu()
    menu.addAction("One")
    menu.addSeparator()
    menu.addAction("Two")
    menu.popup(QPoint(0, 0))
    image = menu.grab().toImage()
    border = 1 + menu.style().pixelMetric(QStyle.PixelMetric.PM_MenuPanelWidth)
    places = [(border, border), (image.width() - border - 1, 12), (12, image.height() - border - 1)]
    assert [image.pixelColor(*place).name() for place in places] == [PANEL] * 3
    menu.close()
