"""The timeline: frames and widget pixels, ranges, ticks, scrubbing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PyQt5.QtCore import QPoint
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication

from gui.widgets.timeline import Marks, Timeline, runs, tick_step
from tests.gui.gestures import LEFT


@pytest.fixture
def timeline(application: QApplication) -> Iterator[Timeline]:
    made = Timeline()
    made.resize(900, 62)
    made.set_marks(Marks(120, frozenset({10}), frozenset({50}), frozenset(range(11, 40))))
    made.show()
    yield made
    made.deleteLater()


def test_frames_that_follow_one_another_are_one_run() -> None:
    assert runs({3, 4, 5, 9, 11, 12}) == [(3, 5), (9, 9), (11, 12)]
    assert runs(frozenset()) == []


@pytest.mark.parametrize(
    ("frames", "most", "step"), [(12, 20, 1), (60, 13, 5), (117, 10, 20), (10_000, 14, 1000)]
)
def test_ticks_are_round_numbers_and_not_too_many(frames: int, most: int, step: int) -> None:
    assert tick_step(frames, most) == step


@pytest.mark.parametrize("frame_index", [0, 1, 59, 118, 119])
def test_every_frame_is_found_where_it_is_drawn(timeline: Timeline, frame_index: int) -> None:
    assert timeline.frame_at(timeline.x_of(frame_index)) == frame_index


def test_beyond_the_ends_are_the_ends(timeline: Timeline) -> None:
    assert timeline.frame_at(-50) == 0
    assert timeline.frame_at(5000) == 119


def test_a_click_scrubs_there(timeline: Timeline) -> None:
    seen: list[int] = []
    timeline.scrubbed.connect(seen.append)
    QTest.mouseClick(timeline, LEFT, pos=QPoint(round(timeline.x_of(77)), 40))
    assert seen == [77]


def test_setting_marks_or_frame_never_emits(timeline: Timeline) -> None:
    seen: list[int] = []
    timeline.scrubbed.connect(seen.append)
    timeline.set_frame(5)
    timeline.set_marks(Marks(7))
    assert seen == []


def test_frames_are_described_by_what_they_are(timeline: Timeline) -> None:
    marks = timeline.marks
    assert "keeps it" in marks.describe(10)
    assert "not propagated yet" in marks.describe(50)
    assert marks.describe(20) == "Frame 20: propagated"
    assert marks.describe(100) == "Frame 100: no mask yet"


def test_ranges_anchors_and_drafts_have_colours_of_their_own(timeline: Timeline) -> None:
    picture = timeline.grab().toImage()
    middle = 20 + 6 + (62 - 20 - 14) // 2

    def colour(frame_index: int) -> str:
        return picture.pixelColor(round(timeline.x_of(frame_index)), middle).name()

    colours = {colour(10), colour(50), colour(25), colour(100)}
    assert len(colours) == 4


def test_ten_thousand_frames_are_painted_quickly(timeline: Timeline) -> None:
    timeline.set_marks(Marks(10_000, frozenset(range(0, 10_000, 500)), propagated=frozenset(range(10_000))))
    assert timeline.grab().width() == 900
    assert timeline.frame_at(timeline.x_of(9_999)) == 9_999
