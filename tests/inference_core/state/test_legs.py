from __future__ import annotations

import pytest

from inference_core.state.legs import Leg, plan_legs, trim_leg
from inference_core.values import Direction

ALL = (0, 11)


def spans(legs: tuple[Leg, ...]) -> list[tuple[list[int], int | None]]:
    return [(list(leg.frames), leg.limit) for leg in legs]


def test_legs_run_to_the_ends_where_there_is_no_other_anchor() -> None:
    assert spans(plan_legs(3, [3], Direction.BOTH, ALL)) == [
        ([4, 5, 6, 7, 8, 9, 10, 11], None),
        ([2, 1, 0], None),
    ]


def test_legs_stop_before_the_nearest_anchor_on_either_side() -> None:
    legs = plan_legs(5, [0, 2, 5, 8, 10], Direction.BOTH, ALL)
    assert spans(legs) == [([6, 7], 8), ([4, 3], 2)]


@pytest.mark.parametrize(("direction", "frames"), [("forward", [[4, 5]]), ("backward", [[2, 1, 0]])])
def test_one_direction_gives_one_leg(direction: str, frames: list[list[int]]) -> None:
    legs = plan_legs(3, [3, 6], Direction(direction), ALL)
    assert [list(leg.frames) for leg in legs] == frames


def test_a_range_that_ends_before_the_next_anchor_still_heads_for_it() -> None:
    assert spans(plan_legs(3, [3, 9], Direction.FORWARD, (2, 6))) == [([4, 5, 6], 9)]


def test_neighbouring_anchors_leave_nothing_to_walk() -> None:
    assert plan_legs(3, [2, 3, 4], Direction.BOTH, ALL) == ()


def test_a_new_anchor_ahead_shortens_an_unfinished_leg() -> None:
    leg = trim_leg(Leg(0, start=4, stop=11, limit=None), 8)
    assert leg is not None
    assert (list(leg.frames), leg.limit) == ([4, 5, 6, 7], 8)


@pytest.mark.parametrize("anchor", [0, 2, 4])
def test_a_new_anchor_in_what_was_walked_takes_the_rest_over(anchor: int) -> None:
    assert trim_leg(Leg(0, start=4, stop=11, limit=None), anchor) is None


@pytest.mark.parametrize("anchor", [1, 11])
def test_a_new_anchor_elsewhere_leaves_an_unfinished_leg_alone(anchor: int) -> None:
    leg = Leg(3, start=5, stop=8, limit=9)
    assert trim_leg(leg, anchor) is leg


def test_a_backward_leg_is_shortened_likewise() -> None:
    leg = trim_leg(Leg(11, start=7, stop=0, limit=None), 3)
    assert leg is not None
    assert (list(leg.frames), leg.limit) == ([7, 6, 5, 4], 3)
