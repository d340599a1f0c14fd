"""The timeline: frames and widget pixels, bar, confidence lane, ticks, scrubbing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PyQt5.QtCore import QPoint
from PyQt5.QtGui import QHelpEvent
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication, QToolTip

from gui.panels.timeline import Timeline, tick_step
from gui.state.frame_table import FrameConfidence
from gui.state.session_view import Marks
from tests.gui.gestures import LEFT


@pytest.fixture
def timeline(application: QApplication) -> Iterator[Timeline]:
    made = Timeline()
    made.resize(900, made.sizeHint().height())
    made.show_clip(120)
    made.set_marks(Marks(frozenset({10}), frozenset({50}), {1: "red koi", 2: "gold koi"}))
    for frame_index in range(10, 40):
        made.set_confidence(frame_index, FrameConfidence(0.9 if frame_index < 35 else 0.61, 2))
    made.show()
    yield made
    made.deleteLater()


@pytest.mark.parametrize(
    ("frames", "most", "step"), [(12, 20, 1), (60, 13, 5), (117, 10, 20), (10_000, 14, 1000)]
)
def test_ticks_are_round_numbers_and_not_too_many(frames: int, most: int, step: int) -> None:
    assert tick_step(frames, most) == step


@pytest.mark.parametrize("frame_index", [0, 1, 59, 118, 119])
def test_every_frame_is_found_where_it_is_drawn(timeline: Timeline, frame_index: int) -> None:
    assert timeline.frame_at(timeline.x_of(frame_index)) == frame_index


def test_positions_beyond_the_ends_are_clamped(timeline: Timeline) -> None:
    assert timeline.frame_at(-50) == 0
    assert timeline.frame_at(5000) == 119


def test_a_click_scrubs_there(timeline: Timeline) -> None:
    seen: list[int] = []
    timeline.scrubbed.connect(seen.append)
    QTest.mouseClick(timeline, LEFT, pos=QPoint(round(timeline.x_of(77)), 40))
    assert seen == [77]


def test_setters_never_emit(timeline: Timeline) -> None:
    seen: list[int] = []
    timeline.scrubbed.connect(seen.append)
    timeline.set_frame(5)
    timeline.set_marks(Marks(frozenset({7})))
    timeline.add_propagated(8, FrameConfidence(0.5, 1))
    timeline.show_clip(7)
    assert seen == []


def test_frames_are_described_by_their_kind(timeline: Timeline) -> None:
    assert "keeps it" in timeline.describe(10)
    assert "not propagated yet" in timeline.describe(50)
    assert timeline.describe(20) == "Frame 20: propagated, expected overlap 0.90 (least sure: gold koi)"
    assert timeline.describe(100) == "Frame 100: no mask yet"


def test_the_only_object_is_not_named(timeline: Timeline) -> None:
    timeline.set_marks(Marks(names={2: "gold koi"}))
    assert timeline.describe(36) == "Frame 36: propagated, expected overlap 0.61"


def test_the_accessible_description_follows_the_current_frame(timeline: Timeline) -> None:
    timeline.set_frame(60)
    assert timeline.accessibleDescription() == "Frame 60: no mask yet"
    timeline.add_propagated(60, FrameConfidence(0.5, 1))
    assert "expected overlap 0.50" in timeline.accessibleDescription()


def test_the_tooltip_over_the_lane_has_a_legend(timeline: Timeline) -> None:
    for y, is_lane in ((40, False), (timeline.height() - 12, True)):
        place = QPoint(round(timeline.x_of(36)), y)
        event = QHelpEvent(QHelpEvent.Type.ToolTip, place, timeline.mapToGlobal(place))
        QApplication.sendEvent(timeline, event)
        assert QToolTip.text().startswith("Frame 36: propagated, expected overlap 0.61")
        assert ("redder" in QToolTip.text()) == is_lane


def test_less_confident_frames_are_higher_in_the_lane(timeline: Timeline) -> None:
    def painted(frame_index: int) -> int:
        image = timeline.grab().toImage()
        x = round(timeline.x_of(frame_index))
        lane = range(timeline.height() - 22, timeline.height() - 6)
        return sum(image.pixelColor(x, y).name() != "#232830" for y in lane)

    assert painted(80) == 0
    assert 0 < painted(20) < painted(37)
    timeline.add_propagated(80, FrameConfidence(0.2, 1))
    assert painted(80) > painted(37)
    timeline.set_confidence(80, None)
    assert painted(80) == 0


def test_another_clip_starts_without_masks_and_marks(timeline: Timeline) -> None:
    timeline.add_propagated(20, FrameConfidence(0.5, 1))
    timeline.show_clip(120)
    assert timeline.describe(20) == "Frame 20: no mask yet"
    assert timeline.describe(50) == "Frame 50: no mask yet"
    assert timeline.propagated_frames == frozenset()


def test_frames_with_masks_anchors_and_drafts_have_different_colours(timeline: Timeline) -> None:
    image = timeline.grab().toImage()
    middle = 40

    def colour(frame_index: int) -> str:
        return image.pixelColor(round(timeline.x_of(frame_index)), middle).name()

    colours = {colour(10), colour(50), colour(25), colour(100)}
    assert len(colours) == 4


def test_ten_thousand_frames_are_painted_quickly(timeline: Timeline) -> None:
    timeline.show_clip(10_000)
    timeline.set_marks(Marks(frozenset(range(0, 10_000, 500))))
    timeline.set_confidences([FrameConfidence(0.9, 1)] * 10_000)
    assert timeline.grab().width() == 900
    assert timeline.frame_at(timeline.x_of(9_999)) == 9_999
