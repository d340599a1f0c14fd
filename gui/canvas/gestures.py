"""Mouse gestures on the canvas, from press to release: draw a stroke, select a region, pan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PyQt5.QtCore import QRectF
from PyQt5.QtWidgets import QGraphicsScene

from gui.canvas.canvas_items import RegionItem, region_rect
from gui.canvas.stroke_item import StrokeItem
from gui.canvas.viewport import Position, Viewport, region_between
from inference_core.tools.spec import StrokeShape
from inference_core.types import Interaction, Region


class Gesture(Protocol):
    """One drag. Positions are canvas pixels; the viewport is the current one."""

    def move(self, viewport: Viewport, position: Position) -> None:
        """Handle a mouse move."""

    def finish(self) -> None:
        """Emit the result: the button was released."""

    def abort(self) -> None:
        """Discard the gesture and its preview."""


class StrokeGesture:
    """Draws a stroke with the pen that was set when the button went down."""

    def __init__(
        self, scene: QGraphicsScene, item: StrokeItem, emit: Callable[[Interaction, StrokeItem], None]
    ) -> None:
        self._scene = scene
        self._item = item
        self._emit = emit
        scene.addItem(item)

    def move(self, viewport: Viewport, position: Position) -> None:
        """Add a point to the line; a click or a box's corner moves with the mouse until the release."""
        x, y = viewport.to_point(position)
        if self._item.spec.shape is StrokeShape.BOX:
            height, width = viewport.source
            x, y = min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0)
        self._item.add_point(x, y)

    def finish(self) -> None:
        """Emit the interaction; its preview stays until its mask is shown."""
        interaction = self._item.interaction()
        if interaction is None:
            self.abort()
        else:
            self._emit(interaction, self._item)

    def abort(self) -> None:
        """Remove the preview."""
        self._scene.removeItem(self._item)


class RegionGesture:
    """Selects a region between the press and the mouse."""

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
        """Show the region up to the mouse."""
        self._region = region_between(self._start, viewport.to_source(position), viewport.source)
        if self._region is not None:
            height, width = viewport.source
            self._item.show_region(QRectF(0, 0, width, height), region_rect(self._region))

    def finish(self) -> None:
        """Emit the region, or None if it is too small."""
        self._emit(self._region)

    def abort(self) -> None:
        """Emit None: the previous region stays."""
        self._emit(None)


class PanGesture:
    """Pans the view with the mouse."""

    def __init__(self, start: Position, pan: Callable[[Position], None]) -> None:
        self._last = start
        self._pan = pan

    def move(self, viewport: Viewport, position: Position) -> None:
        """Pan by the mouse's movement."""
        del viewport  # panning needs canvas positions only
        self._pan((position[0] - self._last[0], position[1] - self._last[1]))
        self._last = position

    def finish(self) -> None:
        """Do nothing: every move has been applied already."""

    def abort(self) -> None:
        """Do nothing: panning changes no data."""
