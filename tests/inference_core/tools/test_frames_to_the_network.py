"""How deep the program's own calls lie between a session's command and the network of a tool."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
from torch import Tensor

from inference_core.tools.registry import TOOLS
from inference_core.tools.spec import StrokeShape
from tests.inference_core.fakes import fake_session, networks_of, stroke
from tests.project import PACKAGES, PROJECT

POINTS = {
    StrokeShape.LINE: [[30.0, 20.0], [44.0, 34.0]],
    StrokeShape.POINT: [[30.0, 20.0]],
    StrokeShape.POLYGON: [[30.0, 20.0], [44.0, 34.0], [30.0, 34.0]],
    StrokeShape.BOX: [[10.0, 6.0], [85.0, 58.0]],
}
OWN = tuple(PROJECT / package for package in PACKAGES)
MOST = 5


def frames_to_the_network(tool: str) -> list[list[str]]:
    """Draw with a tool; for each call of a network name the program's functions that led to it."""
    session = fake_session()
    session.add_object("red")
    network = networks_of(session)[2]
    works = network.predictions
    seen: list[list[str]] = []

    def watched(*planes: Tensor) -> Iterator[Tensor]:
        frames = inspect.stack(context=0)
        seen.append([f.function for f in frames if any(map(Path(f.filename).is_relative_to, OWN))])
        yield from works(*planes)

    network.predictions = watched  # type: ignore[method-assign, assignment]
    assert list(session.interact(stroke(tool, POINTS[TOOLS[tool].shape])))
    return seen


@pytest.mark.parametrize("tool", TOOLS)
def test_at_most_five_calls_lead_from_the_session_to_the_network(tool: str) -> None:
    for functions in frames_to_the_network(tool):
        assert functions[-1] == "_interact"
        assert len(functions) <= MOST, functions


def test_scribble_click_and_box_are_the_tools_that_call_a_network() -> None:
    assert [tool for tool in TOOLS if frames_to_the_network(tool)] == ["scribble", "click", "box"]
