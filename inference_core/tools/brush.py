"""Brush: the user paints the mask itself, pixel by pixel."""

from __future__ import annotations

from collections.abc import Iterator

from inference_core.tools.rasterize import disks_along
from inference_core.tools.spec import StrokeShape, ToolSpec
from inference_core.tools.tool_input import Edited, ToolInput


def paint(given: ToolInput) -> Iterator[Edited]:
    """Add or remove the pixels under a round brush of the stroke's radius."""
    yield given.painted(disks_along(given.stroke.points, given.stroke.radius_px, given.may_change.shape))


TOOL = ToolSpec(
    name="brush",
    title="Brush",
    hint="Paint the mask by hand; right button: wipe it out",
    shortcut="B",
    icon='<path d="M20 3.500c-4 2-8 6-10 9.500l2 2c3.5-2 6.5-7 8-11.500z"/>'
    '<path d="M9 14c-3 0-3.5 2-4 4-.3 1-1 1.5-2 2 3 1 8 .5 8-4z"/>',
    shape=StrokeShape.LINE,
    edit=paint,
    radius_share=12 / 480,
    is_painted=True,
)
