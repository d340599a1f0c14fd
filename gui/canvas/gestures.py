"""What a drag on the canvas does, from the press to the release: draw, choose a region, move the picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PyQt5.QtCore import QRectF
from PyQt5.QtWidgets import QGraphicsScene

from gui.canvas.canvas_items import RegionItem, region_rect
from gui.canvas.stroke_item import StrokeItem
from gui.canvas.viewport import Position, Viewport, region_between
from gui.state.view_state import CanvasTool
from inference_core.types import Interaction, Region


class Gesture(Protocol):
    """One drag. Positions are canvas pixels; the viewport is the one at that moment."""

    def move(self, viewport: Viewport, position: Position) -> None:
        """Follow the mouse."""

    def finish(self) -> None:
        """The button went up: say what was meant."""

    def abort(self) -> None:
        """It was not meant: leave nothing behind."""


class StrokeGesture:
    """Draws with the pen that was held when the button went down."""

    def __init__(
        self, scene: QGraphicsScene, item: StrokeItem, emit: Callable[[Interaction, StrokeItem], None]
    ) -> None:
        self._scene = scene
        self._item = item
        self._emit = emit
        scene.addItem(item)

    def move(self, viewport: Viewport, position: Position) -> None:
        """Carry the line on; a click or a corner goes along until it is let go."""
        x, y = viewport.to_point(position)
        if self._item.pen.tool is CanvasTool.BOX:
            height, width = viewport.source
            x, y = min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0)
        self._item.add_point(x, y)

    def finish(self) -> None:
        """Hand the stroke over; its preview stays until it has been answered."""
        interaction = self._item.interaction()
        if interaction is None:
            self.abort()
        else:
            self._emit(interaction, self._item)

    def abort(self) -> None:
        """Take the preview away."""
        self._scene.removeItem(self._item)


class RegionGesture:
    """Spans a region between the press and the mouse."""

    def __init__(
        self,
        item: RegionItem,
        viewport: Viewport,
        start: Position,
        emit: Callable[[Region | None], None],
    ) -> None:
        self._item = item
        self._start = viewport.to_source(start)
        self._emit = emit
        self._region: Region | None = None

    def move(self, viewport: Viewport, position: Position) -> None:
        """Show the region as it would be."""
        self._region = region_between(self._start, viewport.to_source(position), viewport.source)
        if self._region is not None:
            height, width = viewport.source
            self._item.show_region(QRectF(0, 0, width, height), region_rect(self._region))

    def finish(self) -> None:
        """Say which region was chosen; one too small to work in is no choice."""
        self._emit(self._region)

    def abort(self) -> None:
        """Leave the region as it was."""
        self._emit(None)


class PanGesture:
    """Moves the picture along with the mouse."""

    def __init__(self, start: Position, pan: Callable[[Position], None]) -> None:
        self._last = start
        self._pan = pan

    def move(self, viewport: Viewport, position: Position) -> None:
        """Move by as much as the mouse has moved."""
        del viewport  # a pan is measured on the canvas alone
        self._pan((position[0] - self._last[0], position[1] - self._last[1]))
        self._last = position

    def finish(self) -> None:
        """Nothing is left to say: every step has been taken."""

    def abort(self) -> None:
        """A pan changes nothing that would have to be taken back."""
