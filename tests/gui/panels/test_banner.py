"""The banner lies over the canvas, below the panels above it, whatever the window's size."""

from __future__ import annotations

from PyQt5.QtWidgets import QWidget

from tests.gui.conftest import OpenWindow
from tests.gui.gestures import wait_until


def test_the_banner_stays_at_the_top_of_the_canvas_in_its_middle(open_window: OpenWindow) -> None:
    window = open_window()
    banner, canvas = window.banner, window.canvas
    bar = window.findChild(QWidget, "view_bar")
    assert bar is not None
    window.messages.error.emit("Draw on a frame before propagating.")
    for width in (1000, 1400, 900):
        window.resize(width, 640)
        wait_until(lambda width=width: window.width() == width)
        assert banner.text == "Draw on a frame before propagating."
        assert banner.y() == canvas.y() + 12
        assert canvas.y() == bar.height()
        assert abs(banner.geometry().center().x() - canvas.geometry().center().x()) <= 1
        assert banner.width() <= canvas.width() - 24


def test_an_error_replaces_a_note_and_stays(open_window: OpenWindow) -> None:
    window = open_window()
    window.messages.note.emit("The script has been played.")
    assert window.banner.property("kind") == "note"
    window.messages.error.emit("There is no video in broken.mp4.")
    assert window.banner.property("kind") == "error"
    assert window.banner.text == "There is no video in broken.mp4."
    assert not window.banner._timer.isActive()
