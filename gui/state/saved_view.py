"""What a project remembers of the window: values that JSON can hold, read back as far as they make sense."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from math import isfinite
from types import MappingProxyType
from typing import TypeGuard

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
        "panels": sorted(state.open_panels),
        "zoom": None if zoom is None else [zoom.scale, *zoom.centre],
    }


def restored_state(state: ViewState, saved: object) -> ViewState:
    """Return a state of a clip with what was saved; what is not valid stays as it is."""
    if not isinstance(saved, Mapping):
        return state
    frame_index, object_id, tool = saved.get("frame"), saved.get("object"), saved.get("tool")
    if _is_number(frame_index):
        state = state.at_frame(frame_index)
    if _is_number(object_id):
        state = replace(state, object_id=object_id)
    if tool in CANVAS_TOOLS:
        state = replace(state, tool=str(tool))
    with suppress(ValueError):
        state = replace(state, view_mode=ViewMode(str(saved.get("view_mode"))))
    hidden = saved.get("hidden")
    if isinstance(hidden, list):
        state = replace(state, hidden=frozenset(filter(_is_number, hidden)))
    panels = saved.get("panels")
    if isinstance(panels, list):
        state = replace(state, open_panels=frozenset(each for each in panels if isinstance(each, str)))
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
    scale, x, y = map(_finite, zoom)
    if scale is None or x is None or y is None or scale <= 0:
        return None
    return Zoom(scale, (x, y))


def _is_number(value: object) -> TypeGuard[int]:
    """Whether a value is a whole number; true and false are ones of Python's, but not of JSON's."""
    return isinstance(value, int) and not isinstance(value, bool)


def _finite(value: object) -> float | None:
    """Return a number as a float; None for anything else."""
    if not isinstance(value, float) and not _is_number(value):
        return None
    with suppress(OverflowError):
        return float(value) if isfinite(value) else None
    return None


def _is_radius(value: object) -> bool:
    radius = _finite(value)
    return radius is not None and MIN_RADIUS_PX <= radius <= MAX_RADIUS_PX
