"""Brush and eraser: the user paints the mask itself, pixel by pixel."""

from __future__ import annotations

from inference_core.tools.rasterize import disks_along
from inference_core.types import BoolArray, Stroke, Tool


def painted_pixels(stroke: Stroke, size: tuple[int, int]) -> BoolArray:
    """Return the source pixels (H, W) under a round brush of the stroke's radius."""
    return disks_along(stroke.points, stroke.radius_px, size)


def adds(tool: Tool, stroke: Stroke) -> bool:
    """Return whether a painted stroke adds to its object; an eraser never does."""
    return stroke.is_positive and tool != Tool.ERASER
