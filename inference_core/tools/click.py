"""Clicks: points inside and outside of an object."""

from __future__ import annotations

from collections.abc import Sequence

from inference_core.tools.crop import Crop
from inference_core.tools.rasterize import GuidanceMaps, disks_along
from inference_core.tools.scribble import collect_guidance
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


def clicked_pixels(stroke: Stroke, size: tuple[int, int]) -> BoolArray:
    """Return the source pixels (H, W) that a click sets by itself."""
    return disks_along(stroke.points, _CERTAIN_RADIUS_PX, size)
