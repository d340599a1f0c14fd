"""The View menu: how masks are shown, the zoom, and the panels that may be hidden."""

from __future__ import annotations

from gui.actions.spec import ActionSpec
from gui.state.overlay import ViewMode


def _view(mode: ViewMode, text: str, tooltip: str) -> ActionSpec:
    return ActionSpec(
        f"view_{mode}", text, "View", lambda window: window.navigator.set_view_mode(mode), (), tooltip,
        checked=lambda context: context.view.view_mode is mode, is_one_of_group=True, group="mode",
    )  # fmt: skip


def _panel(name: str, text: str, shortcut: str, tooltip: str) -> ActionSpec:
    return ActionSpec(
        f"show_{name}", text, "View", lambda window: window.navigator.toggle_panel(name), (shortcut,),
        tooltip, checked=lambda context: name in context.view.open_panels, group="panels",
    )  # fmt: skip


VIEW_ACTIONS = (
    _view(ViewMode.OVERLAY, "Overlay", "Colours over the image"),
    _view(ViewMode.OUTLINE, "Outline", "Only the outlines over the image"),
    _view(ViewMode.MATTE, "Matte", "Objects white, everything else black"),
    _view(ViewMode.SOURCE, "Source", "The image alone"),
    ActionSpec(
        "next_view", "Next view", "View", lambda window: window.navigator.next_view_mode(), ("V",),
        "The next view", group="next",
    ),
    ActionSpec(
        "zoom_in", "Zoom in", "View", lambda window: window.navigator.zoom(1.25), ("Ctrl++", "Ctrl+="),
        "Enlarge", group="zoom",
    ),
    ActionSpec(
        "zoom_out", "Zoom out", "View", lambda window: window.navigator.zoom(0.8), ("Ctrl+-",), "Reduce",
        group="zoom",
    ),
    ActionSpec(
        "fit", "Fit", "View", lambda window: window.navigator.fit(), ("F", "Ctrl+0"), "Show the whole frame",
        group="zoom",
    ),
    _panel("history", "History", "Shift+H", "Every step; a click goes there"),
)  # fmt: skip
