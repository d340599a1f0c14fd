from __future__ import annotations

import numpy as np

from inference_core.runtime.geometry import Geometry
from inference_core.tools.box import box_guess, box_guidance, box_region, surroundings
from inference_core.tools.click import DISK_RADIUS_PX, click_guidance
from inference_core.tools.crop import Crop
from inference_core.tools.scribble import scribble_guidance
from inference_core.types import Region, Stroke

FRAME = Region(0, 0, 96, 64)
CANVAS = Crop(FRAME, Geometry.fit((64, 96), 64, 16))
ENLARGED = Crop(Region(10, 20, 34, 44), Geometry.fit((24, 24), 240, 16, most_enlarged=10.0))


def stroke(points: object, *, object_id: int = 1, positive: bool = True, radius: float = 2) -> Stroke:
    return Stroke(0, object_id, np.array(points, np.float32), radius, positive)


def test_the_newest_stroke_lies_on_top() -> None:
    guidance = scribble_guidance(
        [stroke([[10, 10], [30, 10]]), stroke([[20, 10]], positive=False)], 1, CANVAS
    )
    assert guidance.positive[10, 12]
    assert not guidance.positive[10, 20]
    assert guidance.negative[10, 20]
    assert not (guidance.positive & guidance.negative).any()


def test_what_adds_to_another_object_is_negative_for_this_one() -> None:
    guidance = scribble_guidance([stroke([[10, 10]], object_id=2)], 1, CANVAS)
    assert guidance.negative[10, 10]
    assert not guidance.positive.any()


def test_what_takes_from_another_object_is_no_guidance_for_this_one() -> None:
    guidance = scribble_guidance([stroke([[10, 10]], object_id=2, positive=False)], 1, CANVAS)
    assert not guidance.negative.any()


def test_a_click_is_a_disk_of_five_working_pixels_whatever_the_scale() -> None:
    for crop, centre in ((CANVAS, (32, 22)), (ENLARGED, (32, 22))):
        guidance = click_guidance([stroke([[22, 32]])], 1, crop)
        assert abs(int(guidance.positive.sum()) - np.pi * DISK_RADIUS_PX**2) < 10
        found = np.argwhere(guidance.positive).mean(axis=0)
        expected = crop.to_working(np.array([centre[::-1]], np.float32))[0, ::-1]
        np.testing.assert_allclose(found, expected, atol=0.5)


def test_strokes_outside_of_a_region_fall_outside_of_its_crop() -> None:
    assert not scribble_guidance([stroke([[80, 10]])], 1, ENLARGED).positive.any()


def test_a_line_grows_with_its_crop() -> None:
    near = scribble_guidance([stroke([[22, 32]], radius=2)], 1, ENLARGED).positive.sum()
    assert near > 50 * scribble_guidance([stroke([[22, 32]], radius=2)], 1, CANVAS).positive.sum()


def test_a_box_is_positive_at_its_centre_and_negative_around_it() -> None:
    guidance = box_guidance(Region(20, 10, 60, 40), CANVAS)
    assert guidance.positive[25, 40]
    assert not guidance.negative[10:40, 20:60].any()
    assert guidance.negative[5:10].any()
    assert guidance.negative[:, 60:66].any()


def test_a_box_may_be_drawn_from_any_corner() -> None:
    corners = stroke([[50, 40], [20, 10]])
    assert box_region(corners, FRAME) == Region(20, 10, 51, 41)


def test_a_box_is_cut_to_the_frame_and_keeps_a_pixel() -> None:
    assert box_region(stroke([[-40, -40], [500, 20]]), FRAME) == Region(0, 0, 96, 21)
    assert box_region(stroke([[200, 200], [300, 300]]), FRAME) == Region(95, 63, 96, 64)


def test_the_surroundings_stay_within_their_bounds() -> None:
    assert surroundings(Region(5, 5, 30, 30), FRAME) == Region(0, 0, 46, 46)


def test_the_first_guess_of_a_box_fills_most_of_it_and_nothing_else() -> None:
    guess = box_guess(Region(20, 10, 60, 40), (64, 96))
    assert 0.5 < guess[10:40, 20:60].mean() < 0.8
    assert guess.sum() == guess[10:40, 20:60].sum()
