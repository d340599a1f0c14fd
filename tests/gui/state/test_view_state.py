"""The window's state: every change gives a new one that makes sense."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from gui.state.view_state import (
    CANVAS_TOOLS,
    MAX_RADIUS_PX,
    MIN_RADIUS_PX,
    REGION,
    ViewState,
    default_colour,
)
from inference_core.tools.registry import TOOLS
from inference_core.types import Tool


def test_frame_indices_beyond_the_ends_are_clamped() -> None:
    state = ViewState.for_clip(10, (48, 80))
    assert state.at_frame(-3).frame_index == 0
    assert state.at_frame(99).frame_index == 9
    assert ViewState().at_frame(5).frame_index == 0


def test_every_tool_keeps_its_own_radius() -> None:
    state = ViewState.for_clip(10, (1080, 1920))
    wide = state.with_radius(50.0)
    assert wide.radius_px == 50.0
    assert replace(wide, tool=Tool.BRUSH).radius_px == replace(state, tool=Tool.BRUSH).radius_px


def test_default_radii_scale_with_the_frame() -> None:
    small, large = ViewState.for_clip(1, (480, 854)), ViewState.for_clip(1, (2160, 3840))
    assert large.radius_px == pytest.approx(small.radius_px * 4.5, abs=1)


@pytest.mark.parametrize("direction", [-1, 1])
def test_a_step_always_changes_the_radius_until_it_ends(direction: int) -> None:
    state = ViewState.for_clip(1, (480, 854))
    seen = [state.radius_px]
    for _ in range(100):
        state = state.with_stepped_radius(direction)
        seen.append(state.radius_px)
    end = MAX_RADIUS_PX if direction > 0 else MIN_RADIUS_PX
    assert seen[-1] == end
    steps = [after != before for before, after in pairwise(seen) if before != end]
    assert all(steps)


def test_a_step_of_the_radius_is_15_percent_and_at_least_half_a_pixel() -> None:
    state = ViewState.for_clip(1, (1080, 1920))
    assert state.with_radius(100.0).with_stepped_radius(1).radius_px == 115.0
    assert state.with_radius(100.0).with_stepped_radius(-1).radius_px == 85.0
    assert state.with_radius(1.0).with_stepped_radius(1).radius_px == 1.5


def test_tools_without_a_line_have_no_adjustable_radius() -> None:
    state = replace(ViewState(), tool=Tool.LASSO)
    assert state.with_radius(80) == state


def test_neighbours_in_the_list_have_different_colours() -> None:
    colours = [default_colour(i) for i in range(1, 31)]
    assert len(set(colours)) == 30


def test_hiding_and_showing_restores_the_state() -> None:
    state = ViewState()
    assert state.with_visibility(3, False).with_visibility(3, True) == state


def test_the_canvas_tools_are_the_sessions_tools_and_the_region() -> None:
    assert set(CANVAS_TOOLS) == {*TOOLS, REGION}


def test_a_region_has_no_line() -> None:
    assert not replace(ViewState(), tool=REGION).has_radius
