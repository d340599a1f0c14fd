"""Map between source pixels and canvas pixels. Pure maths: no Qt, no numpy.

Three coordinate systems. *View*: canvas pixels from its top left corner. *Source*: the continuous plane of
the frame, whose pixel (x, y) covers [x, x+1) by [y, y+1). *Points*: those of strokes, where whole numbers are
pixel centres; a point is its source position minus half a pixel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from gui.state.view_state import Zoom
from inference_core.types import Region

Position = tuple[float, float]
Size = tuple[int, int]

MIN_SCALE = 1 / 16
MAX_SCALE = 64.0
"""From an 8K frame that fits into 480 pixels to a pixel as large as a thumbnail."""
FIT_MARGIN = 0.96
"""Share of the canvas that a fitted frame takes, so that its edges can be seen and drawn beyond."""
KEEP_VISIBLE_PX = 48
"""Panning keeps at least this much of the frame on the canvas."""


@dataclass(frozen=True)
class Viewport:
    """The visible part of the frame: view = source * scale - offset.

    source  (height, width) of the frame; view (height, width) of the canvas.
    scale   canvas pixels per source pixel; offset whole canvas pixels, as scroll bars count.
    """

    source: Size
    view: Size
    scale: float = 1.0
    offset: tuple[int, int] = (0, 0)

    def to_view(self, position: Position) -> Position:
        """Map a source position (x, y) to the canvas."""
        return position[0] * self.scale - self.offset[0], position[1] * self.scale - self.offset[1]

    def to_source(self, position: Position) -> Position:
        """Map a canvas position (x, y) to the source."""
        return (position[0] + self.offset[0]) / self.scale, (position[1] + self.offset[1]) / self.scale

    def to_point(self, position: Position) -> Position:
        """Map a canvas position to a stroke's point: whole numbers are centres of source pixels."""
        x, y = self.to_source(position)
        return x - 0.5, y - 0.5

    def fitted(self) -> Viewport:
        """Show the whole frame, centred."""
        height, width = self.source
        return self.showing((0.0, 0.0, float(width), float(height)))

    def showing(self, box: tuple[float, float, float, float]) -> Viewport:
        """Show the box (x0, y0, x1, y1) of the source as large as it fits, centred."""
        x0, y0, x1, y1 = box
        fit_scale = min(self.view[1] / max(x1 - x0, 1e-6), self.view[0] / max(y1 - y0, 1e-6))
        return replace(self, scale=_clamped_scale(fit_scale * FIT_MARGIN)).centred(
            ((x0 + x1) / 2, (y0 + y1) / 2)
        )

    def centred(self, position: Position) -> Viewport:
        """Centre the canvas on a source position."""
        offset_x = position[0] * self.scale - self.view[1] / 2
        offset_y = position[1] * self.scale - self.view[0] / 2
        return replace(self, offset=(round(offset_x), round(offset_y)))

    def zoomed_to(self, zoom: Zoom) -> Viewport:
        """Show the source at a scale, centred on a position."""
        return replace(self, scale=_clamped_scale(zoom.scale)).centred(zoom.centre).clamped()

    def zoomed(self, factor: float, at: Position) -> Viewport:
        """Change the scale by a factor; the source under the canvas position `at` stays under it."""
        scale = _clamped_scale(self.scale * factor)
        x, y = self.to_source(at)
        return replace(
            self, scale=scale, offset=(round(x * scale - at[0]), round(y * scale - at[1]))
        ).clamped()

    def panned(self, delta: Position) -> Viewport:
        """Move the frame by a canvas distance (x, y)."""
        return replace(
            self, offset=(round(self.offset[0] - delta[0]), round(self.offset[1] - delta[1]))
        ).clamped()

    def resized(self, view: Size) -> Viewport:
        """Change the canvas size; the source position at its centre stays there."""
        middle = self.to_source((self.view[1] / 2, self.view[0] / 2))
        return replace(self, view=view).centred(middle).clamped()

    def clamped(self) -> Viewport:
        """Clamp the offset so that at least a strip of the frame stays on the canvas."""
        height, width = self.source
        return replace(
            self,
            offset=(
                _clamped_offset(self.offset[0], self.view[1], width * self.scale),
                _clamped_offset(self.offset[1], self.view[0], height * self.scale),
            ),
        )


def region_between(first: Position, second: Position, source: Size) -> Region | None:
    """Return the region between two source positions, clamped to the frame; None if a side is below 4 px."""
    height, width = source
    x0, x1 = sorted((first[0], second[0]))
    y0, y1 = sorted((first[1], second[1]))
    region = Region(
        max(0, math.floor(x0)), max(0, math.floor(y0)), min(width, math.ceil(x1)), min(height, math.ceil(y1))
    )
    if region.x1 - region.x0 < 4 or region.y1 - region.y0 < 4:
        return None
    return region


def _clamped_scale(scale: float) -> float:
    return min(max(scale, MIN_SCALE), MAX_SCALE)


def _clamped_offset(offset: int, view: int, extent: float) -> int:
    strip = min(KEEP_VISIBLE_PX, round(extent), view)
    return min(max(offset, strip - view), round(extent) - strip)
