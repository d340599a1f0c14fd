"""The Tools menu: one action for each tool, the line's width, the region."""

from __future__ import annotations

from gui.actions.spec import ActionSpec
from gui.state.view_state import REGION
from inference_core.tools.registry import TOOLS


def _tool(tool: str, text: str, key: str, tooltip: str) -> ActionSpec:
    return ActionSpec(
        f"tool_{tool}", text, "Tools", lambda window: window.edit.choose_tool(tool), (key,), tooltip,
        checked=lambda context: context.view.tool == tool, is_one_of_group=True, group="tool",
    )  # fmt: skip


TOOLS_ACTIONS = (
    *(_tool(spec.name, spec.title, spec.shortcut, spec.hint) for spec in TOOLS.values()),
    _tool(REGION, "Region", "R", "Drag a region to work in close up; nothing outside it changes"),
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
