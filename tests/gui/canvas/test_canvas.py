"""The canvas alone: real mouse events in, facts out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PyQt5.QtCore import QPoint, QPointF, Qt
from PyQt5.QtGui import QWheelEvent
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication

from gui.canvas.canvas import Canvas
from gui.state.overlay import RenderedFrame
from gui.state.view_state import Pen
from inference_core.types import Interaction, Region, Tool
from tests.gui.gestures import CTRL, LEFT, MIDDLE, RIGHT, drag

SIZE = (60, 100)


class CanvasHarness:
    """A canvas with a picture on it, and all that it said."""

    def __init__(self) -> None:
        self.canvas = Canvas()
        self.canvas.resize(800, 500)
        self.canvas.show()
        self.interactions: list[Interaction] = []
        self.regions: list[Region] = []
        self.steps: list[int] = []
        self.canvas.interaction_made.connect(self.interactions.append)
        self.canvas.region_chosen.connect(self.regions.append)
        self.canvas.radius_stepped.connect(self.steps.append)
        self.show_frame(0)

    def show_frame(self, frame_index: int) -> None:
        frame = np.full(SIZE, 0xFF000000 | (frame_index * 0x101010), np.uint32)
        self.canvas.show_frame(RenderedFrame(frame_index, frame, np.zeros(SIZE, np.uint32)))

    def set_pen(self, tool: str, region: Region | None = None) -> None:
        self.canvas.set_pen(Pen(tool, 2, 3.0, (255, 0, 0), region))


@pytest.fixture
def harness(application: QApplication) -> Iterator[CanvasHarness]:
    interactions = CanvasHarness()
    yield interactions
    interactions.canvas.deleteLater()


def wheel(canvas: Canvas, at: QPointF, turns: int, keys: Qt.KeyboardModifier) -> None:
    event = QWheelEvent(
        at,
        at,
        QPoint(),
        QPoint(0, 120 * turns),
        Qt.MouseButton.NoButton,
        keys,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas.viewport(), event)


def test_a_stroke_has_the_pixels_under_the_mouse(harness: CanvasHarness) -> None:
    harness.set_pen(Tool.SCRIBBLE)
    drag(harness.canvas, [(10, 20), (30, 25), (50, 20)])
    (interaction,) = harness.interactions
    assert interaction.tool == Tool.SCRIBBLE
    assert interaction.object_id == 2
    assert interaction.stroke.points.dtype == np.float32
    expected = [(10, 20), (30, 25), (50, 20)]
    assert np.abs(interaction.stroke.points[[0, 1, -1]] - expected).max() < 0.2


@pytest.mark.parametrize("button", [LEFT, RIGHT])
@pytest.mark.parametrize("tool", [Tool.SCRIBBLE, Tool.CLICK, Tool.BRUSH, Tool.LASSO])
def test_left_adds_and_right_removes(harness: CanvasHarness, tool: str, button: Qt.MouseButton) -> None:
    harness.set_pen(tool)
    drag(harness.canvas, [(10, 20), (40, 20), (40, 50)], button)
    assert [each.stroke.is_positive for each in harness.interactions] == [button == LEFT]
    assert harness.interactions[0].tool == tool


def test_an_eraser_never_adds(harness: CanvasHarness) -> None:
    harness.set_pen(Tool.ERASER)
    drag(harness.canvas, [(10, 20), (40, 20)])
    assert not harness.interactions[0].stroke.is_positive


def test_a_click_is_one_point_and_a_box_is_two(harness: CanvasHarness) -> None:
    harness.set_pen(Tool.CLICK)
    drag(harness.canvas, [(10, 20)])
    harness.set_pen(Tool.BOX)
    drag(harness.canvas, [(10, 20), (20, 21), (60, 50)])
    click, box = harness.interactions
    assert len(click.stroke.points) == 1
    assert len(box.stroke.points) == 2


def test_a_box_with_the_right_button_empties_its_outline(harness: CanvasHarness) -> None:
    harness.set_pen(Tool.BOX)
    drag(harness.canvas, [(10, 20), (60, 50)], RIGHT)
    (interactions,) = harness.interactions
    assert interactions.tool == Tool.LASSO
    assert not interactions.stroke.is_positive
    assert len(interactions.stroke.points) == 4


@pytest.mark.parametrize("tool", [Tool.BOX, Tool.LASSO])
def test_a_box_or_lasso_without_extent_is_no_interaction(harness: CanvasHarness, tool: str) -> None:
    harness.set_pen(tool)
    drag(harness.canvas, [(10, 20)])
    assert harness.interactions == []


def test_a_stroke_keeps_the_frame_and_pen_it_started_with(harness: CanvasHarness) -> None:
    harness.set_pen(Tool.SCRIBBLE, Region(0, 0, 50, 50))
    surface = harness.canvas.viewport()
    assert surface is not None
    QTest.mousePress(surface, LEFT, pos=QPoint(300, 200))
    harness.show_frame(7)
    harness.set_pen(Tool.BRUSH)
    QTest.mouseRelease(surface, LEFT, pos=QPoint(320, 200))
    (interactions,) = harness.interactions
    assert interactions.frame_index == 0
    assert interactions.tool == Tool.SCRIBBLE
    assert interactions.region == Region(0, 0, 50, 50)


def test_a_ctrl_drag_is_a_region_with_any_tool(harness: CanvasHarness) -> None:
    harness.set_pen(Tool.BRUSH)
    drag(harness.canvas, [(10, 10), (30, 40)], keys=CTRL)
    assert harness.regions == [Region(10, 10, 31, 41)]
    assert harness.interactions == []


def test_an_aborted_gesture_emits_nothing(harness: CanvasHarness) -> None:
    surface = harness.canvas.viewport()
    assert surface is not None
    QTest.mousePress(surface, LEFT, pos=QPoint(300, 200))
    assert harness.canvas.abort_gesture()
    QTest.mouseRelease(surface, LEFT, pos=QPoint(320, 200))
    assert harness.interactions == []
    assert not harness.canvas.abort_gesture()


def test_the_wheel_zooms_to_the_cursor(harness: CanvasHarness) -> None:
    at = QPointF(600, 120)
    before = harness.canvas.view.to_source((600, 120))
    scale = harness.canvas.view.scale
    wheel(harness.canvas, at, 3, Qt.KeyboardModifier.NoModifier)
    assert harness.canvas.view.scale > 1.5 * scale
    assert harness.canvas.view.to_source((600, 120)) == pytest.approx(before, abs=0.1)


def test_the_viewport_agrees_with_qts_transform(harness: CanvasHarness) -> None:
    wheel(harness.canvas, QPointF(600, 120), 4, Qt.KeyboardModifier.NoModifier)
    drag(harness.canvas, [(60, 20), (50, 30)], MIDDLE)
    place = harness.canvas.mapToScene(QPoint(300, 200))
    assert (place.x(), place.y()) == pytest.approx(harness.canvas.view.to_source((300, 200)), abs=1e-6)


def test_ctrl_and_the_wheel_change_the_brush_and_not_the_zoom(harness: CanvasHarness) -> None:
    scale = harness.canvas.view.scale
    wheel(harness.canvas, QPointF(100, 100), -1, CTRL)
    assert harness.steps == [-1]
    assert harness.canvas.view.scale == scale


def test_the_middle_button_pans_the_image(harness: CanvasHarness) -> None:
    before = harness.canvas.view.to_view((50, 30))
    surface = harness.canvas.viewport()
    assert surface is not None
    drag(harness.canvas, [(50, 30), (60, 35)], MIDDLE)
    after = harness.canvas.view.to_view((50, 30))
    moved = np.subtract(after, before) / harness.canvas.view.scale
    assert moved == pytest.approx((10, 5), abs=0.2)
    assert harness.interactions == []


def test_a_held_space_makes_the_left_button_pan_the_image(harness: CanvasHarness) -> None:
    harness.canvas.set_pan_mode(True)
    drag(harness.canvas, [(50, 30), (60, 35)])
    harness.canvas.set_pan_mode(False)
    assert harness.interactions == []
    drag(harness.canvas, [(50, 30), (60, 35)])
    assert len(harness.interactions) == 1


def test_a_preview_stays_until_it_is_removed(harness: CanvasHarness) -> None:
    harness.set_pen(Tool.BRUSH)
    drag(harness.canvas, [(20, 30), (60, 30)])
    place = QPoint(*(round(part) for part in harness.canvas.view.to_view((40, 30.5))))
    assert harness.canvas.grab().toImage().pixelColor(place).red() > 100
    harness.canvas.remove_preview(harness.interactions[0])
    assert harness.canvas.grab().toImage().pixelColor(place).red() < 10


def test_a_preview_is_shown_on_its_own_frame_only(harness: CanvasHarness) -> None:
    harness.set_pen(Tool.BRUSH)
    drag(harness.canvas, [(20, 30), (60, 30)])
    place = QPoint(*(round(part) for part in harness.canvas.view.to_view((40, 30.5))))
    harness.show_frame(1)
    assert harness.canvas.grab().toImage().pixelColor(place).red() < 40
    harness.show_frame(0)
    assert harness.canvas.grab().toImage().pixelColor(place).red() > 100


def test_the_changed_box_of_an_overlay_is_painted(harness: CanvasHarness) -> None:
    overlay = np.zeros(SIZE, np.uint32)
    overlay[10:20, 30:40] = 0xFF00FF00
    frame = np.full(SIZE, 0xFF000000, np.uint32)
    harness.canvas.show_frame(RenderedFrame(0, frame, overlay, (29, 9, 41, 21)))
    inside = QPoint(*(round(part) for part in harness.canvas.view.to_view((35, 15))))
    assert harness.canvas.grab().toImage().pixelColor(inside).green() == 255


def test_nothing_is_drawn_before_there_is_a_frame(application: QApplication) -> None:
    canvas = Canvas()
    canvas.resize(400, 300)
    canvas.show()
    interactions: list[Interaction] = []
    canvas.interaction_made.connect(interactions.append)
    surface = canvas.viewport()
    assert surface is not None
    QTest.mouseClick(surface, LEFT, pos=QPoint(100, 100))
    assert interactions == []
    canvas.deleteLater()


def test_the_placeholder_is_shown_until_there_is_a_frame(harness: CanvasHarness) -> None:
    image = harness.canvas.grab().toImage()
    harness.canvas.clear()
    blank = harness.canvas.grab().toImage()
    harness.canvas.show_placeholder("Open a video")
    assert harness.canvas.grab().toImage() != blank
    harness.show_frame(0)
    assert harness.canvas.grab().toImage() == image
