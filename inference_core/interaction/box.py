"""A box around an object: the network is told no along the outside of its sides and yes at its centre."""

from __future__ import annotations

import cv2
import numpy as np

from inference_core.interaction.raster import Cues
from inference_core.interaction.region import Canvas
from inference_core.values import BoolArray, Region, Stroke

# Surroundings that the network sees, as a share of the box's sides, and the least of it.
_MARGIN_SHARE = 0.2
_MARGIN_PX = 16
# The cues, as the network saw them in training: lines about as thick as scribbles, an ellipse well inside.
_FRAME_PX = 3
_CORE_SHARE = 0.25


def box_region(stroke: Stroke, bounds: Region) -> Region:
    """Return the box between two opposite corners, cut to `bounds`, at least one pixel."""
    (x0, y0), (x1, y1) = stroke.points.min(axis=0), stroke.points.max(axis=0)
    left = int(np.clip(np.floor(x0), bounds.x0, bounds.x1 - 1))
    top = int(np.clip(np.floor(y0), bounds.y0, bounds.y1 - 1))
    right = int(np.clip(np.ceil(x1), left, bounds.x1 - 1))
    bottom = int(np.clip(np.ceil(y1), top, bounds.y1 - 1))
    return Region(left, top, right + 1, bottom + 1)


def surroundings(box: Region, bounds: Region) -> Region:
    """Return the box with a margin around it, cut to `bounds`."""
    across = max(_MARGIN_PX, round((box.x1 - box.x0) * _MARGIN_SHARE))
    down = max(_MARGIN_PX, round((box.y1 - box.y0) * _MARGIN_SHARE))
    return Region(
        max(bounds.x0, box.x0 - across),
        max(bounds.y0, box.y0 - down),
        min(bounds.x1, box.x1 + across),
        min(bounds.y1, box.y1 + down),
    )


def box_cues(box: Region, canvas: Canvas) -> Cues:
    """Draw the cues of a box at the working size of a canvas."""
    corners = np.array([[box.x0, box.y0], [box.x1 - 1, box.y1 - 1]], np.float32)
    (x0, y0), (x1, y1) = np.rint(canvas.to_working(corners)).astype(int).tolist()
    outside = np.zeros(canvas.geometry.working, np.uint8)
    cv2.rectangle(outside, (x0 - _FRAME_PX, y0 - _FRAME_PX), (x1 + _FRAME_PX, y1 + _FRAME_PX), 1, _FRAME_PX)
    outside[max(y0, 0) : y1 + 1, max(x0, 0) : x1 + 1] = 0
    core = np.zeros(canvas.geometry.working, np.uint8)
    axes = (max(1, round((x1 - x0) / 2 * _CORE_SHARE)), max(1, round((y1 - y0) / 2 * _CORE_SHARE)))
    cv2.ellipse(core, ((x0 + x1) // 2, (y0 + y1) // 2), axes, 0, 0, 360, 1, cv2.FILLED)
    positive: BoolArray = core.astype(np.bool_)
    return Cues(positive, outside.astype(np.bool_) & ~positive)
