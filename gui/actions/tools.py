"""The Tools menu: one action for each tool, the line's width, the region."""

from __future__ import annotations

from gui.actions.spec import ActionSpec
from gui.state.view_state import CanvasTool


def _tool(tool: CanvasTool, text: str, key: str, tooltip: str) -> ActionSpec:
    return ActionSpec(
        f"tool_{tool}", text, "Tools", lambda window: window.edit.choose_tool(tool), (key,), tooltip,
        checked=lambda context: context.view.tool is tool, group="tool",
    )  # fmt: skip


TOOLS_ACTIONS = (
    _tool(CanvasTool.SCRIBBLE, "Scribble", "S", "Draw roughly inside the object; right button: outside it"),
    _tool(CanvasTool.CLICK, "Click", "C", "Click into the object; right button: beside it"),
    _tool(CanvasTool.BRUSH, "Brush", "B", "Paint the mask by hand; right button: wipe it out"),
    _tool(CanvasTool.ERASER, "Eraser", "E", "Wipe the mask out by hand"),
    _tool(CanvasTool.LASSO, "Lasso", "L", "Fill an outline; right button: empty it"),
    _tool(CanvasTool.BOX, "Box", "X", "Drag a box around the object; right button: empty it"),
    _tool(CanvasTool.REGION, "Region", "R", "Drag a region to work in close up; nothing outside it changes"),
    ActionSpec(
        "thinner", "Thinner", "Tools", lambda window: window.edit.step_radius(-1), ("[",), "A thinner line",
        group="radius",
    ),
    ActionSpec(
        "wider", "Wider", "Tools", lambda window: window.edit.step_radius(1), ("]",), "A wider line",
        group="radius",
    ),
    ActionSpec(
        "escape", "Leave region", "Tools", lambda window: window.edit.escape(), ("Esc",),
        "Abort the stroke under way, or leave the region and show the whole frame", group="region",
    ),
)  # fmt: skip
