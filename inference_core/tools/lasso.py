"""Lasso: a closed line whose inside is added or removed."""

from __future__ import annotations

from inference_core.tools.rasterize import filled_polygon
from inference_core.types import BoolArray, Stroke


def enclosed_pixels(stroke: Stroke, size: tuple[int, int]) -> BoolArray:
    """Return the source pixels (H, W) inside the polygon, its outline included."""
    return filled_polygon(stroke.points, size)
