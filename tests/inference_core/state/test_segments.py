from __future__ import annotations

from dataclasses import replace

import pytest

from inference_core.state.frame_record import ObjectKey
from inference_core.state.segments import Anchored, Segment, plan_segments, trim_segment
from inference_core.types import Direction

ALL = (0, 11)
RED, GREEN, BLUE = (ObjectKey(object_id, object_id) for object_id in (1, 2, 3))
BOTH = frozenset({RED, GREEN})


def red(*frames: int) -> list[Anchored]:
    """Anchors of red alone."""
    return [(frame, {RED}) for frame in frames]


def spans(segments: tuple[Segment, ...], anchors: list[Anchored]) -> list[tuple[list[int], int | None]]:
    """Return the frames of every segment, and what limits red on it."""
    return [
        (list(segment.frames(segment.limits(anchors))), segment.limits(anchors)[RED]) for segment in segments
    ]


def planned(anchor: int, anchors: list[Anchored], direction: str = "both") -> tuple[Segment, ...]:
    return plan_segments(anchor, frozenset({RED}), anchors, Direction(direction), ALL)


def test_segments_run_to_the_ends_where_there_is_no_other_anchor() -> None:
    assert spans(planned(3, red(3)), red(3)) == [
        ([4, 5, 6, 7, 8, 9, 10, 11], None),
        ([2, 1, 0], None),
    ]


def test_segments_stop_before_the_nearest_anchor_on_either_side() -> None:
    anchors = red(0, 2, 5, 8, 10)
    assert spans(planned(5, anchors), anchors) == [([6, 7], 8), ([4, 3], 2)]


@pytest.mark.parametrize(("direction", "frames"), [("forward", [[4, 5]]), ("backward", [[2, 1, 0]])])
def test_one_direction_gives_one_leg(direction: str, frames: list[list[int]]) -> None:
    segments = planned(3, red(3, 6), direction)
    assert [list(segment.frames(segment.limits(red(3, 6)))) for segment in segments] == frames


def test_a_range_that_ends_before_the_next_anchor_still_heads_for_it() -> None:
    anchors = red(3, 9)
    segments = plan_segments(3, frozenset({RED}), anchors, Direction.FORWARD, (2, 6))
    assert spans(segments, anchors) == [([4, 5, 6], 9)]


def test_neighbouring_anchors_leave_nothing_to_propagate() -> None:
    assert planned(3, red(2, 3, 4)) == ()


def test_an_anchor_limits_only_its_own_objects() -> None:
    anchors: list[Anchored] = [(2, {RED, GREEN}), (5, {RED}), (8, {BLUE}), (9, {GREEN})]
    [segment] = plan_segments(2, BOTH, anchors, Direction.FORWARD, ALL)
    limits = segment.limits(anchors)
    assert limits == {RED: 5, GREEN: 9}
    assert list(segment.frames(limits)) == [3, 4, 5, 6, 7, 8]


def test_an_object_whose_next_anchor_is_the_next_frame_stays_behind() -> None:
    anchors: list[Anchored] = [(3, {RED, GREEN}), (4, {RED})]
    [segment] = plan_segments(3, BOTH, anchors, Direction.FORWARD, ALL)
    assert segment.objects == {GREEN}


def test_what_is_left_of_a_segment_propagates_only_objects_that_are_not_done() -> None:
    segment = Segment(0, start=1, end=11, objects=BOTH)
    limits = segment.limits([(4, {RED})])
    assert segment.objects_at(3, limits) == BOTH
    assert segment.objects_at(4, limits) == {GREEN}


def unfinished(anchor: int, start: int, end: int) -> Segment:
    return Segment(anchor, start, end, frozenset({RED}))


def test_a_new_anchor_ahead_shortens_an_unfinished_leg() -> None:
    segment = trim_segment(unfinished(0, 4, 11), 8, {RED})
    assert segment is not None
    assert spans((segment,), red(0, 8)) == [([4, 5, 6, 7], 8)]


@pytest.mark.parametrize("anchor", [0, 2, 4])
def test_a_new_anchor_in_what_was_propagated_takes_the_rest_over(anchor: int) -> None:
    assert trim_segment(unfinished(0, 4, 11), anchor, {RED}) is None


@pytest.mark.parametrize("anchor", [2, 4])
def test_a_new_anchor_in_what_was_propagated_takes_over_only_its_own_objects(anchor: int) -> None:
    segment = trim_segment(replace(unfinished(0, 4, 11), objects=BOTH), anchor, {RED, BLUE})
    assert segment is not None
    assert segment.objects == {GREEN}


@pytest.mark.parametrize("anchor", [1, 11])
def test_a_new_anchor_elsewhere_leaves_an_unfinished_segment_alone(anchor: int) -> None:
    segment = unfinished(3, 5, 8)
    assert trim_segment(segment, anchor, {RED}) is segment


def test_a_backward_segment_is_shortened_likewise() -> None:
    segment = trim_segment(unfinished(11, 7, 0), 3, {RED})
    assert segment is not None
    assert spans((segment,), red(11, 3)) == [([7, 6, 5, 4], 3)]
