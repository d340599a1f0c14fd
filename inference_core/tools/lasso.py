"""Lasso: a closed line whose inside is added or removed."""

from __future__ import annotations

from collections.abc import Iterator

from inference_core.tools.rasterize import filled_polygon
from inference_core.tools.spec import StrokeShape, ToolSpec
from inference_core.tools.tool_input import Edited, ToolInput


def fill(given: ToolInput) -> Iterator[Edited]:
    """Add or remove the pixels inside the polygon, its outline included."""
    yield given.painted(filled_polygon(given.stroke.points, given.may_change.shape))


TOOL = ToolSpec(
    name="lasso",
    title="Lasso",
    hint="Fill an outline; right button: empty it",
    shortcut="L",
    icon='<path d="M12 4c5 0 8.5 2.3 8.5 5.300S17 15 12 15s-8.5-2.5-8.5-5.500S7 4 12 4z"/>'
    '<path d="M6.5 14c-1.5 1-1.2 3 .5 3s2 1.5 0 4"/>',
    shape=StrokeShape.POLYGON,
    edit=fill,
)
