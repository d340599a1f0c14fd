"""Colour a frame's ids for the canvas: one table look-up per pixel, premultiplied, only in the changed box.

Pure numpy; Qt blends. An overlay is (H, W) uint32 in the layout of ARGB32_Premultiplied, 0xAARRGGBB.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from inference_core.types import UInt8Array

UInt32Array = NDArray[np.uint32]
Colour = tuple[int, int, int]
Box = tuple[int, int, int, int]
"""Columns x0..x1-1, rows y0..y1-1, as (x0, y0, x1, y1)."""

FILL_ALPHA = 0.42
"""Opacity of a mask's colour: the footage stays visible through it, by eye."""
OUTLINE = 256
"""Added to the id of a pixel that touches another id: the second half of the look-up table."""


@dataclass(frozen=True, eq=False)
class RenderedFrame:
    """A frame for the canvas: image and overlay, (H, W) uint32, RGB32 and ARGB32 premultiplied.

    box  where the overlay differs from the previous one of the same frame; None means anywhere.
    """

    frame_index: int
    image: UInt32Array
    overlay: UInt32Array
    box: Box | None = None


class ViewMode(StrEnum):
    """What the canvas shows."""

    OVERLAY = "overlay"
    OUTLINE = "outline"
    MATTE = "matte"
    SOURCE = "source"


@dataclass(frozen=True)
class OverlayStyle:
    """How ids become colours: one colour per object id, and the ids that are hidden."""

    colours: Mapping[int, Colour]
    mode: ViewMode = ViewMode.OVERLAY
    hidden: Collection[int] = field(default_factory=frozenset)

    def table(self) -> UInt32Array:
        """Build the look-up table, (512,) uint32 premultiplied: ids inside, then ids on an outline."""
        table = np.zeros(2 * OUTLINE, np.uint32)
        if self.mode is ViewMode.MATTE:
            table[:] = premultiplied((0, 0, 0), 1.0)
        for object_id, colour in self.colours.items():
            if object_id not in self.hidden:
                table[object_id], table[object_id + OUTLINE] = _inside_and_outline(colour, self.mode)
        return table


def premultiplied(colour: Colour, alpha: float) -> int:
    """Pack a colour, 0..255 each, with an alpha in [0, 1] as 0xAARRGGBB, premultiplied."""
    red, green, blue = (round(part * alpha) for part in colour)
    return (round(255 * alpha) << 24) | (red << 16) | (green << 8) | blue


def paint(ids: UInt8Array, table: UInt32Array, overlay: UInt32Array, box: Box | None = None) -> None:
    """Write the colours of ids (H, W) into the overlay (H, W), only inside the box if one is given."""
    x0, y0, x1, y1 = box or (0, 0, ids.shape[1], ids.shape[0])
    if not ids.any():
        overlay[y0:y1, x0:x1] = table[0]
        return
    # One more row and column on each side: a pixel's outline depends on its neighbours.
    top, left = max(0, y0 - 1), max(0, x0 - 1)
    codes = outline_codes(ids[top : y1 + 1, left : x1 + 1])[y0 - top : y1 - top, x0 - left : x1 - left]
    # mode="clip" saves the bounds check; codes are below 512 by construction.
    np.take(table, codes, out=overlay[y0:y1, x0:x1], mode="clip")


def outline_codes(ids: UInt8Array) -> NDArray[np.uint16]:
    """Add OUTLINE to the id of every pixel that touches another id. (H, W) uint8 -> (H, W) uint16."""
    on_edge = np.zeros(ids.shape, np.bool_)
    across = ids[:, 1:] != ids[:, :-1]
    on_edge[:, 1:] |= across
    on_edge[:, :-1] |= across
    down = ids[1:] != ids[:-1]
    on_edge[1:] |= down
    on_edge[:-1] |= down
    codes = ids.astype(np.uint16)
    codes |= on_edge.astype(np.uint16) << np.uint16(8)
    return codes


def changed_box(before: UInt8Array, after: UInt8Array) -> Box | None:
    """Return the smallest box around the changed pixels, one pixel wider for the outlines; None if equal."""
    differs = before != after
    rows = np.flatnonzero(differs.any(axis=1))
    if rows.size == 0:
        return None
    columns = np.flatnonzero(differs[rows[0] : rows[-1] + 1].any(axis=0))
    height, width = after.shape
    return (
        max(0, int(columns[0]) - 1),
        max(0, int(rows[0]) - 1),
        min(width, int(columns[-1]) + 2),
        min(height, int(rows[-1]) + 2),
    )


def rgb32(image: UInt8Array) -> UInt32Array:
    """Pack an image (H, W, 3) uint8 RGB as (H, W) uint32 0xFFRRGGBB, which Qt paints without conversion."""
    height, width = image.shape[:2]
    packed = np.empty((height, width, 4), np.uint8)
    packed[..., 0] = image[..., 2]
    packed[..., 1] = image[..., 1]
    packed[..., 2] = image[..., 0]
    packed[..., 3] = 255
    return packed.view(np.dtype("<u4"))[..., 0].astype(np.uint32, copy=False)


def _inside_and_outline(colour: Colour, mode: ViewMode) -> tuple[int, int]:
    if mode is ViewMode.OVERLAY:
        return premultiplied(colour, FILL_ALPHA), premultiplied(colour, 1.0)
    if mode is ViewMode.OUTLINE:
        return 0, premultiplied(colour, 1.0)
    if mode is ViewMode.MATTE:
        white = premultiplied((255, 255, 255), 1.0)
        return white, white
    return 0, 0
