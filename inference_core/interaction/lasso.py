"""Lasso: a closed line whose inside is added or removed."""

from __future__ import annotations

from inference_core.interaction.raster import filled_polygon
from inference_core.values import BoolArray, Stroke


def enclosed_pixels(stroke: Stroke, size: tuple[int, int]) -> BoolArray:
    """Return the source pixels (H, W) inside the polygon, its outline included."""
    return filled_polygon(stroke.points, size)
