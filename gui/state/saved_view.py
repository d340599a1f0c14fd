"""What a project remembers of the window: values that JSON can hold, read back as far as they make sense."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from math import isfinite
from types import MappingProxyType

from gui.state.overlay import ViewMode
from gui.state.view_state import CANVAS_TOOLS, MAX_RADIUS_PX, MIN_RADIUS_PX, ViewState, Zoom


def written_view(state: ViewState, zoom: Zoom | None) -> dict[str, object]:
    """Return the window's state and zoom as JSON values; zoom None stands for the whole frame."""
    return {
        "frame": state.frame_index,
        "object": state.object_id,
        "tool": str(state.tool),
        "radii": {str(tool): radius for tool, radius in state.radii.items()},
        "view_mode": str(state.view_mode),
        "hidden": sorted(state.hidden),
        "zoom": None if zoom is None else [zoom.scale, *zoom.centre],
    }


def restored_state(state: ViewState, saved: object) -> ViewState:
    """Return a state of a clip with what was saved; what is not valid stays as it is."""
    if not isinstance(saved, Mapping):
        return state
    frame_index, object_id, tool = saved.get("frame"), saved.get("object"), saved.get("tool")
    if isinstance(frame_index, int):
        state = state.at_frame(frame_index)
    if isinstance(object_id, int):
        state = replace(state, object_id=object_id)
    if tool in CANVAS_TOOLS:
        state = replace(state, tool=str(tool))
    with suppress(ValueError):
        state = replace(state, view_mode=ViewMode(str(saved.get("view_mode"))))
    hidden = saved.get("hidden")
    if isinstance(hidden, list):
        state = replace(state, hidden=frozenset(each for each in hidden if isinstance(each, int)))
    radii = saved.get("radii")
    if isinstance(radii, Mapping):
        valid = {each: float(radii[each]) for each in state.radii if _is_radius(radii.get(each))}
        state = replace(state, radii=MappingProxyType({**state.radii, **valid}))
    return state


def restored_zoom(saved: object) -> Zoom | None:
    """Return the zoom that was saved; None for the whole frame, and where it is not valid."""
    zoom = saved.get("zoom") if isinstance(saved, Mapping) else None
    if not isinstance(zoom, list) or len(zoom) != 3:
        return None
    try:
        scale, x, y = map(float, zoom)
    except (TypeError, ValueError, OverflowError):
        return None
    return Zoom(scale, (x, y)) if scale > 0 and isfinite(scale) and isfinite(x) and isfinite(y) else None


def _is_radius(value: object) -> bool:
    return isinstance(value, int | float) and MIN_RADIUS_PX <= value <= MAX_RADIUS_PX
