"""The parts of the window that show the work, handed on together."""

from __future__ import annotations

from dataclasses import dataclass

from gui.widgets.banner import Banner
from gui.widgets.canvas import Canvas
from gui.widgets.object_panel import ObjectPanel
from gui.widgets.propagation_panel import PropagationPanel
from gui.widgets.status_line import StatusLine
from gui.widgets.timeline import Timeline


@dataclass(frozen=True)
class Views:
    """The widgets that the controller speaks to."""

    canvas: Canvas
    timeline: Timeline
    objects: ObjectPanel
    propagation: PropagationPanel
    status: StatusLine
    banner: Banner
