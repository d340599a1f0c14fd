"""What the timeline knows of every frame, and how high and how red it draws what is doubtful."""

from __future__ import annotations

from time import perf_counter

import numpy as np
import pytest

from gui.state.frame_table import GROUND, FrameConfidence, FrameTable, column_starts
from gui.state.overlay import UInt32Array, premultiplied

ROWS = 16


def heights(table: FrameTable, columns: int) -> list[int]:
    """How many rows of each column of the lane are painted."""
    lane = table.lane(columns, ROWS)
    assert lane.shape == (ROWS, columns)
    return (lane != premultiplied(GROUND, 1.0)).sum(axis=0).tolist()


def red(pixels: UInt32Array) -> list[int]:
    return ((pixels >> np.uint32(16)) & np.uint32(255)).tolist()


def test_a_frames_confidence_is_its_least_confident_objects() -> None:
    assert FrameConfidence.lowest({1: 0.9, 2: 0.4, 3: 0.8}) == FrameConfidence(0.4, 2)
    assert FrameConfidence.lowest({}) is None


def test_a_written_confidence_is_read_again() -> None:
    table = FrameTable(5)
    table.write(3, FrameConfidence(0.25, 7))
    assert table.confidence(3) == FrameConfidence(0.25, 7)
    assert table.confidence(2) is None
    table.write(3, None)
    assert table.confidence(3) is None


def test_less_confident_frames_are_higher_and_redder() -> None:
    table = FrameTable(6)
    table.write_all([None, *(FrameConfidence(confidence, 1) for confidence in (1.0, 0.9, 0.7, 0.5, 0.1))])
    middles = [min(120 * frame_index, 599) for frame_index in range(6)]
    seen = [heights(table, 600)[column] for column in middles]
    assert seen[0] == 0
    assert 0 < seen[1] < seen[2] < seen[3] < seen[4] < seen[5] == ROWS
    bottom = red(table.lane(600, ROWS)[-1, middles])
    assert bottom[1:] == sorted(bottom[1:])
    assert bottom[1] < bottom[-1]


def test_one_bad_frame_among_thousands_is_visible_in_its_column() -> None:
    table = FrameTable(10_000)
    table.write_all([FrameConfidence(0.95, 1)] * 10_000)
    table.write(5_003, FrameConfidence(0.2, 1))
    seen = heights(table, 800)
    assert seen.count(ROWS) == 1
    assert seen.index(ROWS) == pytest.approx(400, abs=1)


@pytest.mark.parametrize(("frames", "columns"), [(1, 7), (12, 900), (900, 900), (10_000, 901)])
def test_the_columns_go_from_the_first_frame_to_the_last(frames: int, columns: int) -> None:
    starts = column_starts(frames, columns)
    assert starts.shape == (columns,)
    assert starts[0] == 0
    assert frames - 1 - starts[-1] <= max(1, frames / columns)
    assert np.all(np.diff(starts) >= 0)


def test_frames_with_masks_and_frames_just_propagated_differ_in_colour_in_the_bar() -> None:
    table = FrameTable(3)
    table.write(1, FrameConfidence(0.9, 1))
    table.write(2, FrameConfidence(0.9, 1))
    table.mark_propagated(2)
    assert len(set(table.bar(3)[0].tolist())) == 3
    assert table.propagated_frames == {2}
    table.clear_progress()
    assert len(set(table.bar(3)[0].tolist())) == 2
    assert table.propagated_frames == frozenset()


def test_ten_thousand_frames_are_drawn_within_a_few_milliseconds() -> None:
    table = FrameTable(10_000)
    table.write_all([FrameConfidence(0.9, 1)] * 10_000)
    durations = []
    for _ in range(9):
        began = perf_counter()
        table.bar(2_000)
        table.lane(2_000, ROWS)
        durations.append(perf_counter() - began)
    assert min(durations) < 0.005
