"""Lines of pixels become one path a piece, without cycles and without their shorter arms."""

from __future__ import annotations

import numpy as np

from mivos_studio.evaluation.robots.longest_path import MIN_NODES, longest_paths


def _lines(*rows):
    return np.array([[pixel == "#" for pixel in row] for row in rows])


def test_a_line_is_followed_from_end_to_end():
    (path,) = longest_paths(_lines("##...", "..###"))
    assert sorted([path[0].tolist(), path[-1].tolist()]) == [[0, 0], [4, 1]]
    assert len(path) == 5


def test_steps_lead_from_pixel_to_neighbour():
    (path,) = longest_paths(_lines("#....#", ".#..#.", "..##..", "..#...", "..#..."))
    assert np.abs(np.diff(path, axis=0)).max() == 1


def test_the_shorter_arm_is_left_out():
    (path,) = longest_paths(_lines("..#....", "#######", "......."))
    assert [2, 0] not in path.tolist()
    assert len(path) == 7


def test_a_ring_is_opened_at_one_place_and_followed_around():
    ring = _lines("..##..", ".#..#.", "#....#", ".#..#.", "..##..")
    (path,) = longest_paths(ring)
    assert len(path) == np.count_nonzero(ring)
    steps = np.abs(path[0] - path[-1])
    assert steps.tolist() == [1, 1]  # one of the heaviest, diagonal edges was cut


def test_each_piece_has_its_own_path():
    assert len(longest_paths(_lines("####.....", ".........", ".....####"))) == 2


def test_pieces_that_are_too_small_are_dropped():
    too_small, enough = _lines("###"), _lines("####")
    assert MIN_NODES == 4
    assert longest_paths(too_small) == []
    assert len(longest_paths(enough)) == 1


def test_no_lines_no_paths():
    assert longest_paths(_lines("...", "...")) == []
