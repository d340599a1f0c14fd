"""Strips show frames from the first to the last, with their masks in colour."""

from __future__ import annotations

import cv2
import numpy as np

from mivos_studio.evaluation.strips import GAP, HEIGHT, THUMBNAILS, make_strip
from tests.inference_core.fakes import square_clip, square_ids


def test_a_strip_shows_first_and_last_frame_and_those_between():
    strip = make_strip(square_clip(11), lambda index: square_ids(index))
    assert strip.frame_indices == (0, 2, 4, 6, 8, 10)
    width = HEIGHT * 96 // 64
    assert strip.image.shape == (HEIGHT, THUMBNAILS * width + (THUMBNAILS - 1) * GAP, 3)


def test_a_short_clip_gives_a_short_strip():
    assert make_strip(square_clip(2), square_ids).frame_indices == (0, 1)


def test_masks_are_coloured_and_the_rest_stays_as_it_is():
    frames = square_clip(1)
    bare = make_strip(frames, lambda index: np.zeros(frames.size, np.uint8)).image
    masked = make_strip(frames, lambda index: square_ids(index)).image
    inside = (HEIGHT // 4, HEIGHT // 4)
    assert (masked[inside] != bare[inside]).any()
    np.testing.assert_array_equal(masked[HEIGHT // 2 :], bare[HEIGHT // 2 :])


def test_a_strip_is_written_as_a_jpeg(tmp_path):
    strip = make_strip(square_clip(3), square_ids)
    strip.write(tmp_path / "strip.jpg")
    assert cv2.imread(str(tmp_path / "strip.jpg")).shape == strip.image.shape
