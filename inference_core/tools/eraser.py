"""Eraser: a brush that only removes."""

from __future__ import annotations

from inference_core.tools.brush import paint
from inference_core.tools.spec import StrokeShape, ToolSpec

TOOL = ToolSpec(
    name="eraser",
    title="Eraser",
    hint="Wipe the mask out by hand",
    shortcut="E",
    icon='<path d="M4 15L13.5 5.500a1.5 1.5 0 0 1 2 0l4 4a1.5 1.5 0 0 1 0 2L12 19H8z"/>'
    '<path d="M8.5 10.500l6 6M8 19h12"/>',
    shape=StrokeShape.LINE,
    edit=paint,
    radius_share=16 / 480,
    is_painted=True,
    only_removes=True,
)
