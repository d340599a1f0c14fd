from __future__ import annotations

import cv2
import numpy as np
import pytest

from inference_core.errors import InvalidInteractionError
from inference_core.tools.rasterize import disks_along, filled_polygon

SIZE = (40, 60)


def points(*pairs: tuple[float, float]) -> np.ndarray:
    return np.array(pairs, np.float32)


def distance_to_segment(start: tuple[float, float], end: tuple[float, float]) -> np.ndarray:
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float64)
    a, b = np.array(start), np.array(end)
    share = np.clip(((x - a[0]) * (b - a)[0] + (y - a[1]) * (b - a)[1]) / ((b - a) @ (b - a)), 0, 1)
    return np.hypot(x - a[0] - share * (b - a)[0], y - a[1] - share * (b - a)[1])


def test_a_dot_is_a_disk_of_the_radius() -> None:
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    assert (disks_along(points((30, 20)), 6, SIZE) == (np.hypot(x - 30, y - 20) <= 6)).all()


def test_a_line_covers_what_is_within_the_radius_of_it() -> None:
    start, end = (7.5, 5.25), (48.0, 30.5)
    marked = disks_along(points(start, end), 4.5, SIZE)
    assert (marked == (distance_to_segment(start, end) <= 4.5)).all()


def test_the_thinnest_line_leaves_no_gap_at_its_points() -> None:
    marked = disks_along(points((3.4, 3.4), (3.6, 9.6)), 0.1, SIZE)
    assert marked[3, 3]
    assert marked[10, 4]


@pytest.mark.parametrize("where", [(-30, -30), (100, 20), (30, 200)])
def test_points_outside_of_the_frame_mark_nothing(where: tuple[float, float]) -> None:
    assert not disks_along(points(where), 5, SIZE).any()


def test_a_line_that_leaves_the_frame_is_cut_at_its_edge() -> None:
    marked = disks_along(points((30, 20), (300, 20)), 2, SIZE)
    assert marked[20, 30:].all()
    assert not marked[20, :28].any()


def test_many_points_on_a_straight_line_mark_what_its_ends_mark() -> None:
    dense = np.stack([np.linspace(5, 50, 400), np.linspace(5, 35, 400)], axis=1).astype(np.float32)
    assert (disks_along(dense, 3, SIZE) == disks_along(dense[[0, -1]], 3, SIZE)).mean() > 0.999


def test_a_polygon_is_filled_with_its_outline() -> None:
    filled = filled_polygon(points((10, 10), (20, 10), (20, 15), (10, 15)), SIZE)
    assert filled.sum() == 11 * 6
    assert filled[10:16, 10:21].all()


@pytest.mark.parametrize("far", [1e4, 1e6, 1e9])
def test_a_polygon_far_beyond_the_frame_is_filled_within_it(far: float) -> None:
    left_half = points((-far, -far), (20, -far), (20, far), (-far, far))
    filled = filled_polygon(left_half, SIZE)
    assert filled[:, :21].all()
    assert not filled[:, 21:].any()
    slanted = filled_polygon(points((-far, -far), (far, -far), (far, far)), SIZE)
    rows, columns = np.indices(SIZE)
    assert (slanted == (columns >= rows)).all()


def test_a_polygon_beside_the_frame_marks_nothing() -> None:
    assert not filled_polygon(points((1e9, 1e9), (2e8, 3e8), (5e8, 1e9)), SIZE).any()
    assert not filled_polygon(points((-1e9, 5), (-2e8, 3), (-5e8, 9)), SIZE).any()


def test_cutting_a_polygon_far_outside_changes_nothing_in_the_frame() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        outline = rng.normal(20, 3000, (7, 2)).astype(np.float32)
        plane = np.zeros(SIZE, np.uint8)
        cv2.fillPoly(plane, [np.rint(outline * 16).astype(np.int32)], 1, lineType=cv2.LINE_8, shift=4)
        moved = np.abs(plane.astype(int) - filled_polygon(outline, SIZE))
        assert moved.sum() <= 4, "a line may pass a pixel more or less where it was cut"


def test_tangles_are_refused_before_they_take_minutes() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(InvalidInteractionError, match="crosses itself"):
        filled_polygon(rng.uniform(0, 40, (20_000, 2)).astype(np.float32), SIZE)
    with pytest.raises(InvalidInteractionError, match="several parts"):
        disks_along(rng.uniform(0, 2000, (20_000, 2)).astype(np.float32), 500.0, (1000, 2000))
    path = np.cumsum(rng.normal(0, 1, (20_000, 2)), axis=0).astype(np.float32)
    assert filled_polygon(path, (1000, 2000)).any()
    assert disks_along(path, 20.0, (1000, 2000)).any()
