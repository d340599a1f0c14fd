"""All panels around the canvas, in the order in which those of one place are laid out."""

from __future__ import annotations

from gui.panels import (
    banner,
    history_panel,
    object_panel,
    propagation_panel,
    status_line,
    timeline,
    transport,
    view_bar,
)
from gui.panels.spec import PanelSpec, Place
from gui.panels.tool_panel import ToolPanel

PANELS: tuple[PanelSpec, ...] = (
    PanelSpec("tools", Place.LEFT, lambda context: ToolPanel(context.actions)),
    PanelSpec("view_bar", Place.TOP, view_bar.build),
    PanelSpec("banner", Place.OVER, banner.build),
    PanelSpec("objects", Place.SIDE, object_panel.build, stretch=1),
    PanelSpec("history", Place.SIDE, history_panel.build, stretch=1, is_optional=True),
    PanelSpec("propagation", Place.SIDE, propagation_panel.build),
    PanelSpec("transport", Place.BOTTOM, transport.build),
    PanelSpec("timeline", Place.BOTTOM, timeline.build, stretch=1),
    PanelSpec("status_line", Place.STATUS, status_line.build),
)
