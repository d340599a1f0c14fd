"""The canvas's maths: what is under the cursor stays under it, and pixels are where they are said to be."""

from __future__ import annotations

import numpy as np
import pytest

from gui.canvas.viewport import MAX_SCALE, MIN_SCALE, Viewport, region_between
from inference_core.types import Region

SOURCE, VIEW = (480, 854), (600, 900)


def test_to_view_and_to_source_undo_each_other() -> None:
    viewport = Viewport(SOURCE, VIEW, scale=3.7, offset=(41, -17))
    for position in ((0.0, 0.0), (12.25, 400.5), (853.9, 1.0)):
        assert viewport.to_source(viewport.to_view(position)) == pytest.approx(position)


def test_the_middle_of_a_pixel_is_a_whole_point() -> None:
    viewport = Viewport(SOURCE, VIEW, scale=8.0)
    assert viewport.to_point((8 * 10 + 4, 8 * 20 + 4)) == (10.0, 20.0)


def test_fitting_shows_the_whole_frame_centred() -> None:
    viewport = Viewport(SOURCE, VIEW).fitted()
    left, top = viewport.to_view((0, 0))
    right, bottom = viewport.to_view((854, 480))
    assert 0 <= left < right <= 900
    assert 0 <= top < bottom <= 600
    assert left == pytest.approx(900 - right, abs=1.5)
    assert top == pytest.approx(600 - bottom, abs=1.5)


@pytest.mark.parametrize("factor", [1.2, 0.8, 7.0])
@pytest.mark.parametrize("at", [(450.0, 300.0), (120.0, 500.0), (700.0, 333.0)])
def test_zooming_keeps_what_is_under_the_cursor(factor: float, at: tuple[float, float]) -> None:
    before = Viewport(SOURCE, VIEW).fitted()
    after = before.zoomed(factor, at)
    moved = np.subtract(after.to_view(before.to_source(at)), at)
    assert np.abs(moved).max() <= 0.5, "the offset is in whole canvas pixels"


def test_zooming_stops_at_both_ends() -> None:
    viewport = Viewport(SOURCE, VIEW).fitted()
    assert viewport.zoomed(1e9, (1, 1)).scale == MAX_SCALE
    assert viewport.zoomed(1e-9, (1, 1)).scale == MIN_SCALE


def test_panning_moves_by_canvas_pixels_and_keeps_the_frame_visible() -> None:
    viewport = Viewport(SOURCE, VIEW).fitted()
    x, y = viewport.to_view((100, 100))
    assert viewport.panned((7, -9)).to_view((100, 100)) == pytest.approx((x + 7, y - 9))
    far = viewport.panned((1e6, 1e6))
    left, top = far.to_view((0, 0))
    assert left < 900
    assert top < 600


def test_a_resized_canvas_keeps_its_centre() -> None:
    viewport = Viewport(SOURCE, VIEW).fitted().zoomed(4, (450, 300))
    before = viewport.to_source((450, 300))
    after = viewport.resized((800, 1400))
    assert after.to_source((700, 400)) == pytest.approx(before, abs=0.5)


def test_a_region_is_whole_pixels_in_any_drag_direction() -> None:
    assert region_between((30.2, 8.9), (10.7, 20.1), SOURCE) == Region(10, 8, 31, 21)


def test_a_region_is_clamped_to_the_frame() -> None:
    assert region_between((-20, -20), (9999, 9999), SOURCE) == Region(0, 0, 854, 480)


@pytest.mark.parametrize("end", [(12.0, 60.0), (60.0, 12.0), (10.0, 10.0)])
def test_a_region_below_the_minimum_size_is_none(end: tuple[float, float]) -> None:
    assert region_between((10.0, 10.0), end, SOURCE) is None
