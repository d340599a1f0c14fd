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
from gui.state.view_state import CanvasTool, Pen
from inference_core.types import Interaction, Region, Tool
from tests.gui.gestures import CTRL, LEFT, MIDDLE, RIGHT, drag

SIZE = (60, 100)


class Desk:
    """A canvas with a picture on it, and all that it said."""

    def __init__(self) -> None:
        self.canvas = Canvas()
        self.canvas.resize(800, 500)
        self.canvas.show()
        self.made: list[Interaction] = []
        self.regions: list[Region] = []
        self.steps: list[int] = []
        self.canvas.interaction_made.connect(self.made.append)
        self.canvas.region_chosen.connect(self.regions.append)
        self.canvas.radius_stepped.connect(self.steps.append)
        self.show_frame(0)

    def show_frame(self, frame_index: int) -> None:
        frame = np.full(SIZE, 0xFF000000 | (frame_index * 0x101010), np.uint32)
        self.canvas.show_frame(RenderedFrame(frame_index, frame, np.zeros(SIZE, np.uint32)))

    def hold(self, tool: CanvasTool, region: Region | None = None) -> None:
        self.canvas.set_pen(Pen(tool, 2, 3.0, (255, 0, 0), region))


@pytest.fixture
def desk(application: QApplication) -> Iterator[Desk]:
    made = Desk()
    yield made
    made.canvas.deleteLater()


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


def test_a_stroke_has_the_pixels_that_the_mouse_went_over(desk: Desk) -> None:
    desk.hold(CanvasTool.SCRIBBLE)
    drag(desk.canvas, [(10, 20), (30, 25), (50, 20)])
    (interaction,) = desk.made
    assert interaction.tool is Tool.SCRIBBLE
    assert interaction.object_id == 2
    assert interaction.stroke.points.dtype == np.float32
    expected = [(10, 20), (30, 25), (50, 20)]
    assert np.abs(interaction.stroke.points[[0, 1, -1]] - expected).max() < 0.2


@pytest.mark.parametrize("button", [LEFT, RIGHT])
@pytest.mark.parametrize("tool", [CanvasTool.SCRIBBLE, CanvasTool.CLICK, CanvasTool.BRUSH, CanvasTool.LASSO])
def test_left_adds_and_right_takes_away(desk: Desk, tool: CanvasTool, button: Qt.MouseButton) -> None:
    desk.hold(tool)
    drag(desk.canvas, [(10, 20), (40, 20), (40, 50)], button)
    assert [each.stroke.is_positive for each in desk.made] == [button == LEFT]
    assert desk.made[0].tool.value == tool.value


def test_an_eraser_never_adds(desk: Desk) -> None:
    desk.hold(CanvasTool.ERASER)
    drag(desk.canvas, [(10, 20), (40, 20)])
    assert not desk.made[0].stroke.is_positive


def test_a_click_is_one_point_and_a_box_is_two(desk: Desk) -> None:
    desk.hold(CanvasTool.CLICK)
    drag(desk.canvas, [(10, 20)])
    desk.hold(CanvasTool.BOX)
    drag(desk.canvas, [(10, 20), (20, 21), (60, 50)])
    click, box = desk.made
    assert len(click.stroke.points) == 1
    assert len(box.stroke.points) == 2


def test_a_box_with_the_right_button_empties_its_outline(desk: Desk) -> None:
    desk.hold(CanvasTool.BOX)
    drag(desk.canvas, [(10, 20), (60, 50)], RIGHT)
    (made,) = desk.made
    assert made.tool is Tool.LASSO
    assert not made.stroke.is_positive
    assert len(made.stroke.points) == 4


@pytest.mark.parametrize("tool", [CanvasTool.BOX, CanvasTool.LASSO])
def test_a_box_or_lasso_without_extent_means_nothing(desk: Desk, tool: CanvasTool) -> None:
    desk.hold(tool)
    drag(desk.canvas, [(10, 20)])
    assert desk.made == []


def test_a_stroke_keeps_the_frame_and_pen_it_began_with(desk: Desk) -> None:
    desk.hold(CanvasTool.SCRIBBLE, Region(0, 0, 50, 50))
    surface = desk.canvas.viewport()
    assert surface is not None
    QTest.mousePress(surface, LEFT, pos=QPoint(300, 200))
    desk.show_frame(7)
    desk.hold(CanvasTool.BRUSH)
    QTest.mouseRelease(surface, LEFT, pos=QPoint(320, 200))
    (made,) = desk.made
    assert made.frame_index == 0
    assert made.tool is Tool.SCRIBBLE
    assert made.region == Region(0, 0, 50, 50)


def test_a_ctrl_drag_is_a_region_with_any_tool(desk: Desk) -> None:
    desk.hold(CanvasTool.BRUSH)
    drag(desk.canvas, [(10, 10), (30, 40)], keys=CTRL)
    assert desk.regions == [Region(10, 10, 31, 41)]
    assert desk.made == []


def test_an_aborted_gesture_says_nothing(desk: Desk) -> None:
    surface = desk.canvas.viewport()
    assert surface is not None
    QTest.mousePress(surface, LEFT, pos=QPoint(300, 200))
    assert desk.canvas.abort_gesture()
    QTest.mouseRelease(surface, LEFT, pos=QPoint(320, 200))
    assert desk.made == []
    assert not desk.canvas.abort_gesture()


def test_the_wheel_zooms_to_the_cursor(desk: Desk) -> None:
    at = QPointF(600, 120)
    before = desk.canvas.view.to_source((600, 120))
    scale = desk.canvas.view.scale
    wheel(desk.canvas, at, 3, Qt.KeyboardModifier.NoModifier)
    assert desk.canvas.view.scale > 1.5 * scale
    assert desk.canvas.view.to_source((600, 120)) == pytest.approx(before, abs=0.1)


def test_what_the_canvas_says_and_what_qt_draws_are_the_same_place(desk: Desk) -> None:
    wheel(desk.canvas, QPointF(600, 120), 4, Qt.KeyboardModifier.NoModifier)
    drag(desk.canvas, [(60, 20), (50, 30)], MIDDLE)
    place = desk.canvas.mapToScene(QPoint(300, 200))
    assert (place.x(), place.y()) == pytest.approx(desk.canvas.view.to_source((300, 200)), abs=1e-6)


def test_ctrl_and_the_wheel_change_the_brush_and_not_the_zoom(desk: Desk) -> None:
    scale = desk.canvas.view.scale
    wheel(desk.canvas, QPointF(100, 100), -1, CTRL)
    assert desk.steps == [-1]
    assert desk.canvas.view.scale == scale


def test_the_middle_button_pans_the_image(desk: Desk) -> None:
    before = desk.canvas.view.to_view((50, 30))
    surface = desk.canvas.viewport()
    assert surface is not None
    drag(desk.canvas, [(50, 30), (60, 35)], MIDDLE)
    after = desk.canvas.view.to_view((50, 30))
    moved = np.subtract(after, before) / desk.canvas.view.scale
    assert moved == pytest.approx((10, 5), abs=0.2)
    assert desk.made == []


def test_a_held_space_makes_the_left_button_pan_the_image(desk: Desk) -> None:
    desk.canvas.set_pan_mode(True)
    drag(desk.canvas, [(50, 30), (60, 35)])
    desk.canvas.set_pan_mode(False)
    assert desk.made == []
    drag(desk.canvas, [(50, 30), (60, 35)])
    assert len(desk.made) == 1


def test_the_preview_stays_until_the_stroke_is_answered(desk: Desk) -> None:
    desk.hold(CanvasTool.BRUSH)
    drag(desk.canvas, [(20, 30), (60, 30)])
    place = QPoint(*(round(part) for part in desk.canvas.view.to_view((40, 30.5))))
    assert desk.canvas.grab().toImage().pixelColor(place).red() > 100
    desk.canvas.remove_preview(desk.made[0])
    assert desk.canvas.grab().toImage().pixelColor(place).red() < 10


def test_a_preview_is_shown_on_its_own_frame_only(desk: Desk) -> None:
    desk.hold(CanvasTool.BRUSH)
    drag(desk.canvas, [(20, 30), (60, 30)])
    place = QPoint(*(round(part) for part in desk.canvas.view.to_view((40, 30.5))))
    desk.show_frame(1)
    assert desk.canvas.grab().toImage().pixelColor(place).red() < 40
    desk.show_frame(0)
    assert desk.canvas.grab().toImage().pixelColor(place).red() > 100


def test_only_the_changed_box_of_an_overlay_is_painted_and_it_is_right(desk: Desk) -> None:
    overlay = np.zeros(SIZE, np.uint32)
    overlay[10:20, 30:40] = 0xFF00FF00
    frame = np.full(SIZE, 0xFF000000, np.uint32)
    desk.canvas.show_frame(RenderedFrame(0, frame, overlay, (29, 9, 41, 21)))
    inside = QPoint(*(round(part) for part in desk.canvas.view.to_view((35, 15))))
    assert desk.canvas.grab().toImage().pixelColor(inside).green() == 255


def test_nothing_is_drawn_before_there_is_a_frame(application: QApplication) -> None:
    canvas = Canvas()
    canvas.resize(400, 300)
    canvas.show()
    made: list[Interaction] = []
    canvas.interaction_made.connect(made.append)
    surface = canvas.viewport()
    assert surface is not None
    QTest.mouseClick(surface, LEFT, pos=QPoint(100, 100))
    assert made == []
    canvas.deleteLater()


def test_an_invitation_stands_on_an_empty_canvas_until_a_frame_is_shown(desk: Desk) -> None:
    image = desk.canvas.grab().toImage()
    desk.canvas.clear()
    blank = desk.canvas.grab().toImage()
    desk.canvas.show_placeholder("Open a video")
    assert desk.canvas.grab().toImage() != blank
    desk.show_frame(0)
    assert desk.canvas.grab().toImage() == image
