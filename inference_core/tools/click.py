"""Clicks: points inside and outside of an object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inference_core.tools.crop import Crop
from inference_core.tools.rasterize import GuidanceMaps, disks_along
from inference_core.tools.spec import StrokeShape, ToolSpec
from inference_core.tools.strokes import collect_guidance, edit_with_strokes
from inference_core.tools.tool_input import Edited, ToolInput
from inference_core.types import BoolArray, Stroke

DISK_RADIUS_PX = 5.0
"""Radius of the disk that the network sees of a click, working pixels.

At 480 lines it becomes 2 of the compact network's 192 lines, which was trained with disks of 1 and 2.
"""

# Radius that a click sets by itself, source pixels: on a thin structure the disk would reach beyond it.
_CERTAIN_RADIUS_PX = 1.0


def click_guidance(strokes: Sequence[Stroke], object_id: int, crop: Crop) -> GuidanceMaps:
    """Draw the clicks of a stroke group as disks at the working size, for one object."""

    def draw(stroke: Stroke) -> BoolArray:
        return disks_along(crop.to_working(stroke.points), DISK_RADIUS_PX, crop.geometry.working)

    return collect_guidance(strokes, object_id, draw, crop.geometry.working)


def clicked_pixels(stroke: Stroke, size: tuple[int, ...]) -> BoolArray:
    """Return the source pixels (H, W) that a click sets by itself."""
    return disks_along(stroke.points, _CERTAIN_RADIUS_PX, size)


def click(given: ToolInput) -> Iterator[Edited]:
    """Predict from points."""
    return edit_with_strokes(given, "clicks", click_guidance, clicked_pixels)


TOOL = ToolSpec(
    name="click",
    title="Click",
    hint="Click into the object; right button: beside it",
    shortcut="C",
    icon='<path d="M9 9l4.5 11 1.8-4.7L20 13.500z"/>'
    '<path d="M6 2v3M2 6h3M3.2 3.200l2 2M10 4l-1.5 1.500M4 10l1.5-1.5"/>',
    shape=StrokeShape.POINT,
    edit=click,
    adds_up=True,
)
