"""Scribbles: lines on what belongs to an object and on what does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inference_core.tools.crop import Crop
from inference_core.tools.rasterize import GuidanceMaps, disks_along
from inference_core.tools.spec import StrokeShape, ToolSpec
from inference_core.tools.strokes import collect_guidance, edit_with_strokes
from inference_core.tools.tool_input import Edited, ToolInput
from inference_core.types import BoolArray, Stroke

# A line thinner than this at the working size would slip through the network's first stride.
_THINNEST_PX = 1.0


def scribble_guidance(strokes: Sequence[Stroke], object_id: int, crop: Crop) -> GuidanceMaps:
    """Draw the lines of a stroke group at the working size, for one object."""

    def draw(stroke: Stroke) -> BoolArray:
        radius = max(stroke.radius_px * crop.scale, _THINNEST_PX)
        return disks_along(crop.to_working(stroke.points), radius, crop.geometry.working)

    return collect_guidance(strokes, object_id, draw, crop.geometry.working)


def scribbled_pixels(stroke: Stroke, size: tuple[int, ...]) -> BoolArray:
    """Return the source pixels (H, W) that a line itself covers."""
    return disks_along(stroke.points, stroke.radius_px, size)


def scribble(given: ToolInput) -> Iterator[Edited]:
    """Predict from lines."""
    return edit_with_strokes(given, "interaction", scribble_guidance, scribbled_pixels)


TOOL = ToolSpec(
    name="scribble",
    title="Scribble",
    hint="Draw roughly inside the object; right button: outside it",
    shortcut="S",
    icon='<path d="M3 17c2-9 5-12 7-10s-3 9 0 10 4-9 7-9 0 7 4 6"/>',
    shape=StrokeShape.LINE,
    edit=scribble,
    radius_share=3 / 480,
    adds_up=True,
)
