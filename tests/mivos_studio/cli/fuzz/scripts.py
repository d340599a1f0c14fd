"""Hypothesis strategies for scripts: mostly right, so that they reach the session; some parts are wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from msgspec.structs import fields as fields_of

from inference_core.tools.registry import TOOLS
from mivos_studio.project.steps import STEP_KINDS
from tests.mivos_studio.cli.fuzz.mutation import WRONG
from tests.mivos_studio.cli.fuzz.seeds import FRAMES, HEIGHT, WIDTH

_OBJECTS = (1, 2)
_MOST_STEPS = 6

_x = st.one_of(st.integers(-5, WIDTH + 5), st.floats(0, WIDTH), st.sampled_from((-1e9, 1e9, 1e-30, WIDTH)))
_y = st.one_of(st.integers(-5, HEIGHT + 5), st.floats(0, HEIGHT), st.sampled_from((-1e9, 1e9, 0.5, HEIGHT)))
_frame = st.integers(0, FRAMES - 1)
_object = st.sampled_from(_OBJECTS)
_points = st.lists(st.tuples(_x, _y).map(list), min_size=1, max_size=6)
_text = st.one_of(st.sampled_from(("name", "é", "x" * 200)), st.text(max_size=10))

VALUES: dict[str, SearchStrategy[Any]] = {
    "frame": _frame,
    "object": _object,
    "name": _text,
    "file": st.just("mask.png"),
    "colour": st.lists(st.integers(0, 255), min_size=3, max_size=3),
    "direction": st.sampled_from(("forward", "backward", "both")),
    "range": st.lists(_frame, min_size=2, max_size=2).map(sorted),
    "stop_after": st.integers(1, 3),
    "meanwhile": st.just([{"after": 1, "do": "lock", "object": 1}]),
}
"""Values of the keys of steps. A key that is not here gets one that is likely wrong."""

_wrong = st.sampled_from(WRONG)


def _keys(verb: str) -> tuple[tuple[str, bool], ...]:
    """Return the keys of a kind of step, and whether each has to be there."""
    if verb in ("lock", "unlock"):
        return (("object", True),)
    return tuple((field.encode_name, field.required) for field in fields_of(STEP_KINDS[verb]))


def _step(draw: DrawFn) -> Any:
    verb = draw(st.sampled_from(sorted(STEP_KINDS)))
    step: dict[str, Any] = {"do": verb}
    if verb in TOOLS:
        step |= _stroke(draw, verb)
    else:
        for key, is_required in _keys(verb):
            if is_required or draw(st.booleans()):
                step[key] = draw(VALUES.get(key, _wrong))
    if draw(st.integers(0, 14)) == 0:
        step[draw(st.sampled_from((*step, "frame", "other")))] = draw(_wrong)
    return step


def _stroke(draw: DrawFn, tool: str) -> dict[str, Any]:
    count = {"click": 1, "box": 2}.get(tool)
    points = draw(_points)
    keys: dict[str, Any] = {"frame": draw(_frame), "object": draw(_object), "points": (points * 2)[:count]}
    optional: dict[str, Callable[[], Any]] = {
        "radius_px": lambda: draw(st.one_of(st.floats(0.1, 20), st.sampled_from((1e-9, 1e9)))),
        "positive": lambda: draw(st.booleans()),
        "region": lambda: [*sorted(draw(st.tuples(_x, _x))), *sorted(draw(st.tuples(_y, _y)))],
    }
    return keys | {key: make() for key, make in optional.items() if draw(st.integers(0, 2)) == 0}


def scripts() -> SearchStrategy[dict[str, Any]]:
    """Return a strategy for scripts on a clip of FRAMES frames; the file mask.png is beside them."""
    step = st.composite(_step)()
    return st.fixed_dictionaries(
        {
            "version": st.just(1),
            "objects": st.just([{"id": object_id} for object_id in _OBJECTS]),
            "steps": st.lists(step, max_size=_MOST_STEPS),
        }
    )
