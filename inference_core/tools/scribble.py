"""Scribbles: lines on what belongs to an object and on what does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from inference_core.tools.crop import Crop
from inference_core.tools.rasterize import GuidanceMaps, disks_along
from inference_core.types import BoolArray, Stroke

# A line thinner than this at the working size would slip through the network's first stride.
_THINNEST_PX = 1.0


def scribble_guidance(strokes: Sequence[Stroke], object_id: int, crop: Crop) -> GuidanceMaps:
    """Draw the lines of a stroke group at the working size, for one object."""

    def draw(stroke: Stroke) -> BoolArray:
        radius = max(stroke.radius_px * crop.scale, _THINNEST_PX)
        return disks_along(crop.to_working(stroke.points), radius, crop.geometry.working)

    return collect_guidance(strokes, object_id, draw, crop.geometry.working)


def scribbled_pixels(stroke: Stroke, size: tuple[int, int]) -> BoolArray:
    """Return the source pixels (H, W) that a line itself covers."""
    return disks_along(stroke.points, stroke.radius_px, size)


def collect_guidance(
    strokes: Sequence[Stroke], object_id: int, draw: Callable[[Stroke], BoolArray], size: tuple[int, int]
) -> GuidanceMaps:
    """Draw strokes over one another, the newest on top. What adds to another object is negative here."""
    positive, negative = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    for stroke in strokes:
        is_own = stroke.object_id == object_id
        if not is_own and not stroke.is_positive:
            continue
        drawn = draw(stroke)
        added, removed = (positive, negative) if is_own and stroke.is_positive else (negative, positive)
        added |= drawn
        removed &= ~drawn
    return GuidanceMaps(positive, negative)
