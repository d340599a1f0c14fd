"""The scribble robot draws where the protocol's own robot drew."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mivos_studio.evaluation.robots.scribble import (
    CURVE_POINTS,
    Scribble,
    draw_scribbles,
)
from tests.mivos_studio.evaluation.recordings import CASES, RECORDINGS, scribbled_frames

NEAR_PX = 2

NO_SCRIBBLE = -1


def raster(scribbles: Iterable[Scribble], size: tuple[int, int]) -> NDArray[np.int16]:
    """Draw scribbles one pixel wide on (height, width): the object's id along each line, -1 elsewhere."""
    canvas = np.full(size, NO_SCRIBBLE, dtype=np.int16)
    for scribble in scribbles:
        cv2.polylines(canvas, [scribble.pixels(size)], isClosed=False, color=scribble.object_id)
    return canvas


def _share_near(lines, others):
    """Share of the pixels of `lines` that lie near `others`, id by id."""
    near = 0
    for object_id in np.unique(lines[lines >= 0]):
        away = (others != object_id).astype(np.uint8)
        if not away.all():
            distance = cv2.distanceTransform(away, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
            near += np.count_nonzero(distance[lines == object_id] <= NEAR_PX)
    return near / np.count_nonzero(lines >= 0)


@pytest.mark.parametrize(("name", "frame_index"), list(scribbled_frames()))
def test_scribbles_lie_near_the_recorded_ones_and_the_reverse(name, frame_index):
    case, prediction = name.split("/")[:2]
    truth = RECORDINGS[f"{case}/truth"][frame_index]
    predicted = RECORDINGS[f"{case}/{prediction}/pred"][frame_index]
    object_ids = range(1, RECORDINGS[f"{case}/{prediction}/jaccard"].shape[1] + 1)
    ours = raster(draw_scribbles(truth, predicted, object_ids), truth.shape)
    recorded = RECORDINGS[name][frame_index]
    assert _share_near(ours, recorded) >= 0.95
    assert _share_near(recorded, ours) >= 0.95


def test_recorded_paths_are_rastered_pixel_by_pixel_as_the_protocol_does():
    name = "case0/corrupt/frame1"
    frame_index = int(RECORDINGS[f"{name}/frame"])
    recorded = RECORDINGS[f"{name}/raster"][frame_index]
    scribbles = [
        Scribble(int(object_id), path)
        for object_id, path in zip(RECORDINGS[f"{name}/object_ids"], RECORDINGS[f"{name}/paths"], strict=True)
    ]
    np.testing.assert_array_equal(raster(scribbles, recorded.shape), recorded)


@pytest.mark.parametrize("case", CASES)
def test_a_perfect_mask_is_left_alone(case):
    truth = RECORDINGS[f"{case}/truth"][1]
    assert draw_scribbles(truth, truth, range(1, 4)) == []


def test_each_line_has_the_true_id():
    truth = np.zeros((80, 120), dtype=np.uint8)
    truth[10:50, 10:60] = 1
    prediction = np.zeros_like(truth)
    prediction[55:75, 70:110] = 1
    scribbles = draw_scribbles(truth, prediction, [1])
    assert [scribble.object_id for scribble in scribbles] == [0, 1]
    for scribble in scribbles:
        columns, rows = scribble.pixels(truth.shape).T
        assert (truth[rows, columns] == scribble.object_id).all()
        assert (prediction[rows, columns] != scribble.object_id).all()


def test_paths_are_shares_of_width_and_height():
    truth = np.zeros((40, 200), dtype=np.uint8)
    truth[15:25, 20:180] = 1
    (scribble,) = draw_scribbles(truth, np.zeros_like(truth), [1])
    assert scribble.path.shape == (CURVE_POINTS, 2)
    assert np.ptp(scribble.path[:, 0]) == pytest.approx(0.8, abs=0.05)
    assert np.median(scribble.path[:, 1]) == pytest.approx(0.5, abs=0.05)


def test_a_line_with_more_corners_than_samples_is_left_as_it_is():
    truth = np.zeros((60, 1300), dtype=np.uint8)
    truth[20:51, :] = 1
    (scribble,) = draw_scribbles(truth, np.zeros_like(truth), [1])
    assert len(scribble.path) > CURVE_POINTS


def test_hairlines_get_no_scribble():
    truth = np.zeros((60, 400), dtype=np.uint8)
    truth[30, 10:390] = 1
    assert draw_scribbles(truth, np.zeros_like(truth), [1]) == []


def test_without_scribbles_the_raster_is_blank():
    assert (raster([], (4, 6)) == NO_SCRIBBLE).all()
