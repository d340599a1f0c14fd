from __future__ import annotations

from dataclasses import replace

import pytest

from inference_core.state.mask_store import ObjectKey
from inference_core.state.segments import Anchored, Leg, plan_legs, trim_leg
from inference_core.types import Direction

ALL = (0, 11)
RED, GREEN, BLUE = (ObjectKey(object_id, object_id) for object_id in (1, 2, 3))
BOTH = frozenset({RED, GREEN})


def red(*frames: int) -> list[Anchored]:
    """Anchors that speak of red alone."""
    return [(frame, {RED}) for frame in frames]


def spans(legs: tuple[Leg, ...], anchors: list[Anchored]) -> list[tuple[list[int], int | None]]:
    """Return the frames of every leg, and what limits red on it."""
    return [(list(leg.frames(leg.limits(anchors))), leg.limits(anchors)[RED]) for leg in legs]


def planned(anchor: int, anchors: list[Anchored], direction: str = "both") -> tuple[Leg, ...]:
    return plan_legs(anchor, frozenset({RED}), anchors, Direction(direction), ALL)


def test_legs_run_to_the_ends_where_there_is_no_other_anchor() -> None:
    assert spans(planned(3, red(3)), red(3)) == [
        ([4, 5, 6, 7, 8, 9, 10, 11], None),
        ([2, 1, 0], None),
    ]


def test_legs_stop_before_the_nearest_anchor_on_either_side() -> None:
    anchors = red(0, 2, 5, 8, 10)
    assert spans(planned(5, anchors), anchors) == [([6, 7], 8), ([4, 3], 2)]


@pytest.mark.parametrize(("direction", "frames"), [("forward", [[4, 5]]), ("backward", [[2, 1, 0]])])
def test_one_direction_gives_one_leg(direction: str, frames: list[list[int]]) -> None:
    legs = planned(3, red(3, 6), direction)
    assert [list(leg.frames(leg.limits(red(3, 6)))) for leg in legs] == frames


def test_a_range_that_ends_before_the_next_anchor_still_heads_for_it() -> None:
    anchors = red(3, 9)
    legs = plan_legs(3, frozenset({RED}), anchors, Direction.FORWARD, (2, 6))
    assert spans(legs, anchors) == [([4, 5, 6], 9)]


def test_neighbouring_anchors_leave_nothing_to_walk() -> None:
    assert planned(3, red(2, 3, 4)) == ()


def test_an_anchor_limits_only_the_objects_that_it_speaks_of() -> None:
    anchors: list[Anchored] = [(2, {RED, GREEN}), (5, {RED}), (8, {BLUE}), (9, {GREEN})]
    [leg] = plan_legs(2, BOTH, anchors, Direction.FORWARD, ALL)
    limits = leg.limits(anchors)
    assert limits == {RED: 5, GREEN: 9}
    assert list(leg.frames(limits)) == [3, 4, 5, 6, 7, 8]


def test_an_object_whose_next_anchor_is_the_next_frame_stays_behind() -> None:
    anchors: list[Anchored] = [(3, {RED, GREEN}), (4, {RED})]
    [leg] = plan_legs(3, BOTH, anchors, Direction.FORWARD, ALL)
    assert leg.objects == {GREEN}


def test_what_is_left_of_a_leg_carries_only_objects_that_have_a_way_to_go() -> None:
    leg = Leg(0, start=1, end=11, objects=BOTH)
    limits = leg.limits([(4, {RED})])
    assert leg.rest(3, limits) == BOTH
    assert leg.rest(4, limits) == {GREEN}


def unfinished(anchor: int, start: int, end: int) -> Leg:
    return Leg(anchor, start, end, frozenset({RED}))


def test_a_new_anchor_ahead_shortens_an_unfinished_leg() -> None:
    leg = trim_leg(unfinished(0, 4, 11), 8, {RED})
    assert leg is not None
    assert spans((leg,), red(0, 8)) == [([4, 5, 6, 7], 8)]


@pytest.mark.parametrize("anchor", [0, 2, 4])
def test_a_new_anchor_in_what_was_walked_takes_the_rest_over(anchor: int) -> None:
    assert trim_leg(unfinished(0, 4, 11), anchor, {RED}) is None


@pytest.mark.parametrize("anchor", [2, 4])
def test_a_new_anchor_in_what_was_walked_takes_over_only_what_it_speaks_of(anchor: int) -> None:
    leg = trim_leg(replace(unfinished(0, 4, 11), objects=BOTH), anchor, {RED, BLUE})
    assert leg is not None
    assert leg.objects == {GREEN}


@pytest.mark.parametrize("anchor", [1, 11])
def test_a_new_anchor_elsewhere_leaves_an_unfinished_leg_alone(anchor: int) -> None:
    leg = unfinished(3, 5, 8)
    assert trim_leg(leg, anchor, {RED}) is leg


def test_a_backward_leg_is_shortened_likewise() -> None:
    leg = trim_leg(unfinished(11, 7, 0), 3, {RED})
    assert leg is not None
    assert spans((leg,), red(11, 3)) == [([7, 6, 5, 4], 3)]
