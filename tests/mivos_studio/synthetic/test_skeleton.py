"""Middle lines of simple regions."""

from __future__ import annotations

import cv2
import numpy as np

from mivos_studio.synthetic.skeleton import longest_path, thin


def test_a_bar_thins_to_a_line_along_its_middle() -> None:
    bar = np.zeros((21, 60), bool)
    bar[6:15, 5:55] = True
    skeleton = thin(bar)
    rows, columns = np.nonzero(skeleton)
    assert set(rows) <= {9, 10, 11}
    assert np.ptp(columns) >= 38
    assert skeleton.sum(0).max() == 1


def test_thinning_keeps_a_ring_closed() -> None:
    ring = np.zeros((60, 60), np.uint8)
    cv2.circle(ring, (30, 30), 18, 1, 9)
    skeleton = thin(ring.astype(bool)).astype(np.uint8)
    assert cv2.connectedComponents(skeleton, connectivity=8)[0] == 2
    assert cv2.connectedComponents(1 - skeleton, connectivity=4)[0] == 3  # inside and outside stay apart


def test_the_longest_path_joins_the_far_ends_of_a_branching_line() -> None:
    skeleton = np.zeros((30, 50), bool)
    skeleton[10, 2:48] = True
    skeleton[10:16, 20] = True  # a short branch
    path = longest_path(skeleton, (12, 20))
    assert {path[0], path[-1]} == {(10, 2), (10, 47)}
    assert len(path) == 46


def test_a_path_of_one_pixel_is_that_pixel() -> None:
    skeleton = np.zeros((5, 5), bool)
    skeleton[2, 3] = True
    assert longest_path(skeleton, (2, 3)) == [(2, 3)]
