"""The medial axis is thin, in the middle, in as many pieces as its mask, and the same each time."""

from __future__ import annotations

import cv2
import numpy as np

from mivos_studio.evaluation.robots.medial_axis import medial_axis

BAR = np.pad(np.ones((9, 60), dtype=bool), 4)


def _pieces(mask, connectivity):
    return cv2.connectedComponents(mask.astype(np.uint8), connectivity=connectivity)[0]


def test_a_bar_becomes_its_middle_line():
    axis = medial_axis(BAR)
    assert np.flatnonzero(axis[:, 34]).tolist() == [8]


def test_a_thin_line_stays_as_it_is():
    line = np.zeros((12, 12), dtype=bool)
    line[np.arange(2, 10), np.arange(2, 10)] = True
    np.testing.assert_array_equal(medial_axis(line), line)


def test_holes_and_pieces_survive():
    mask = np.zeros((80, 100), dtype=bool)
    mask[5:40, 5:50] = True
    mask[15:25, 15:30] = False
    mask[50:70, 60:90] = True
    axis = medial_axis(mask)
    assert _pieces(axis, 8) == _pieces(mask, 8)
    assert _pieces(~axis, 4) == _pieces(~mask, 4)
    assert not (axis & ~mask).any()


def test_no_block_of_four_pixels_is_left():
    noise = cv2.GaussianBlur(np.random.default_rng(2).standard_normal((90, 120)), (0, 0), 4) > 0
    axis = medial_axis(noise).astype(np.uint8)
    blocks = axis[:-1, :-1] + axis[1:, :-1] + axis[:-1, 1:] + axis[1:, 1:]
    assert blocks.max() < 4


def test_the_rim_of_the_image_counts_as_the_rim_of_the_mask():
    full = np.ones((11, 40), dtype=bool)
    assert np.flatnonzero(medial_axis(full)[:, 20]).tolist() == [5]


def test_an_empty_mask_has_no_axis():
    assert not medial_axis(np.zeros((5, 5), dtype=bool)).any()


def test_the_same_mask_has_the_same_axis():
    np.testing.assert_array_equal(medial_axis(BAR), medial_axis(BAR))
