"""What a project remembers of the window comes back; what makes no sense is left out."""

from __future__ import annotations

import json

import pytest

from gui.state.overlay import ViewMode
from gui.state.saved_view import restored_state, restored_zoom, written_view
from gui.state.view_state import ViewState, Zoom

FRESH = ViewState.for_clip(12, (480, 854))


def test_a_view_comes_back_from_json_as_it_was() -> None:
    state = restored_state(FRESH, {"tool": "brush", "object": 3, "view_mode": "outline"})
    state = state.at_frame(7).with_visibility(2, is_visible=False).with_radius(33)
    state = state.with_panel("history", is_open=True)
    saved = json.loads(json.dumps(written_view(state, Zoom(2.5, (10.0, 20.5)))))
    assert restored_state(FRESH, saved) == state
    assert state.view_mode is ViewMode.OUTLINE
    assert state.radii["brush"] == 33
    assert restored_zoom(saved) == Zoom(2.5, (10.0, 20.5))


@pytest.mark.parametrize(
    "saved",
    [
        None,
        5,
        [],
        {},
        {"frame": "1", "object": None, "tool": "saw", "view_mode": 3, "hidden": 5, "radii": [], "zoom": 2},
        {
            "hidden": ["a"],
            "panels": "history",
            "radii": {"brush": 1e9, "scribble": "wide", "saw": 3},
            "zoom": [0, 1, 2],
        },
        {"zoom": [float("nan"), 1, 2]},
        {"zoom": [10**400, 1, 2], "radii": {"brush": 10**400}},
        {"tool": ["brush"], "zoom": [1, 2]},
        {"frame": True, "object": False, "hidden": [True], "radii": {"brush": True}, "zoom": [True, 1, 2]},
    ],
)
def test_what_is_not_valid_stays_as_it_is(saved: object) -> None:
    assert restored_state(FRESH, saved) == FRESH
    assert restored_zoom(saved) is None


def test_a_frame_past_the_end_becomes_the_last() -> None:
    assert restored_state(FRESH, {"frame": 99}).frame_index == 11
