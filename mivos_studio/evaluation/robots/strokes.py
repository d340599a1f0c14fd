"""Convert what the robots draw to strokes, and give them to a session."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inference_core.session import Session
from inference_core.tools.rasterize import disks_along
from inference_core.types import BoolArray, Interaction, Stroke, Tool, UInt8Array
from mivos_studio.evaluation.robots.click import RobotClick, next_click
from mivos_studio.evaluation.robots.scribble import Scribble, draw_scribbles

CLICK_RADIUS_PX = 5.0
"""As wide as the click tool's disk at 480 lines."""
SCRIBBLE_RADIUS_PX = 1.5
"""The protocol's lines are one pixel wide and run up to the outline; a wider brush would cross it."""


@dataclass(frozen=True, eq=False)
class StrokeMasks:
    """All strokes for one object so far, as pixels (H, W); the newest is on top."""

    positive: BoolArray
    negative: BoolArray

    @classmethod
    def blank(cls, size: tuple[int, int]) -> StrokeMasks:
        """Return empty masks for an image of this (height, width)."""
        return cls(np.zeros(size, dtype=bool), np.zeros(size, dtype=bool))

    def with_stroke(self, stroke: Stroke) -> StrokeMasks:
        """Return the masks with one more stroke."""
        height, width = self.positive.shape
        drawn = disks_along(stroke.points, stroke.radius_px, (height, width))
        if stroke.is_positive:
            return StrokeMasks(self.positive | drawn, self.negative & ~drawn)
        return StrokeMasks(self.positive & ~drawn, self.negative | drawn)


def click_stroke(click: RobotClick, frame_index: int, object_id: int) -> Stroke:
    """Turn a robot's click into a stroke."""
    points = np.array([[click.x, click.y]], dtype=np.float32)
    return Stroke(frame_index, object_id, points, CLICK_RADIUS_PX, click.is_positive)


def scribble_stroke(scribble: Scribble, frame_index: int, ids: UInt8Array) -> Stroke | None:
    """Turn a robot's line into a stroke, given the frame's present ids (H, W).

    A line on the background is a negative stroke of the object that most of it lies on; None without one.
    """
    height, width = ids.shape
    corners = scribble.pixels((height, width))
    points = corners.astype(np.float32)
    if scribble.object_id:
        return Stroke(frame_index, scribble.object_id, points, SCRIBBLE_RADIUS_PX)
    below = np.bincount(ids[corners[:, 1], corners[:, 0]], minlength=2)[1:]
    if not below.any():
        return None
    return Stroke(frame_index, int(below.argmax()) + 1, points, SCRIBBLE_RADIUS_PX, is_positive=False)


def scribbled_strokes(
    truth: UInt8Array, ids: UInt8Array, object_ids: tuple[int, ...], frame_index: int
) -> list[Stroke]:
    """Let the scribble robot correct a frame: truth and ids (H, W)."""
    scribbles = draw_scribbles(truth, ids, object_ids)
    strokes = [scribble_stroke(scribble, frame_index, ids) for scribble in scribbles]
    return [stroke for stroke in strokes if stroke is not None]


def clicked_strokes(
    truth: UInt8Array, ids: UInt8Array, object_ids: tuple[int, ...], frame_index: int
) -> list[Stroke]:
    """Let the click robot correct a frame with one click for each object that is wrong."""
    clicks = [(object_id, next_click(truth == object_id, ids == object_id, [])) for object_id in object_ids]
    return [click_stroke(click, frame_index, object_id) for object_id, click in clicks if click]


def apply(session: Session, tool: Tool, stroke: Stroke) -> None:
    """Give a session one stroke and wait for its mask."""
    session.interact(Interaction(tool, stroke)).run()
