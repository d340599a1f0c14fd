"""The parts of the window that show the work, handed on together."""

from __future__ import annotations

from dataclasses import dataclass

from gui.canvas.canvas import Canvas
from gui.panels.banner import Banner
from gui.panels.object_panel import ObjectPanel
from gui.panels.propagation_panel import PropagationPanel
from gui.panels.status_line import StatusLine
from gui.panels.timeline import Timeline


@dataclass(frozen=True)
class Views:
    """The widgets that the controller speaks to."""

    canvas: Canvas
    timeline: Timeline
    objects: ObjectPanel
    propagation: PropagationPanel
    status: StatusLine
    banner: Banner
