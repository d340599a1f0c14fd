"""The tools, in the order of their buttons. A new one is a module with a `ToolSpec`, and an entry here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inference_core.errors import InvalidInteractionError
from inference_core.tools import box, brush, click, eraser, lasso, scribble
from inference_core.tools.crop import check_region
from inference_core.types import Interaction, UInt8Array

if TYPE_CHECKING:
    from inference_core.state.session_state import SessionState

TOOLS = {
    spec.name: spec
    for spec in (scribble.TOOL, click.TOOL, brush.TOOL, eraser.TOOL, lasso.TOOL, box.TOOL)
}  # fmt: skip
"""Every tool by its name."""


def check_interaction(interaction: Interaction, state: SessionState, size: tuple[int, int]) -> None:
    """Raise unless an interaction fits the session's objects and its frames (H, W)."""
    spec = TOOLS.get(interaction.tool)
    if spec is None:
        raise InvalidInteractionError(
            f"There is no tool {interaction.tool}: choose one of {', '.join(TOOLS)}."
        )
    stroke = interaction.stroke
    points = np.asarray(stroke.points)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise InvalidInteractionError("A stroke needs points as (N, 2) numbers, x before y.")
    least = spec.shape.least_points
    if len(points) < least:
        raise InvalidInteractionError(
            f"The tool {interaction.tool} needs at least {least} points, not {len(points)}."
        )
    if not stroke.radius_px > 0:
        raise InvalidInteractionError(f"The radius must be above 0 pixels, not {stroke.radius_px}.")
    if interaction.region is not None:
        check_region(interaction.region, size)
    tracked = state.find(stroke.object_id)
    if tracked.is_locked:
        raise InvalidInteractionError(f"{tracked.name} is locked: unlock it to change it.")


def changed_objects(before: UInt8Array, after: UInt8Array) -> frozenset[int]:
    """Return the ids of the objects that gained or lost pixels between two masks (H, W) uint8."""
    differs = before != after
    return frozenset(np.union1d(before[differs], after[differs]).tolist()) - {0}
