"""One interaction on one frame: which strokes are predicted together, which pixels may change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from inference_core.runtime.refine import enlarge, refine
from inference_core.runtime.session_context import SessionContext
from inference_core.state.frame_record import FrameRecord
from inference_core.state.session_state import SessionState, StrokeGroup
from inference_core.tools.crop import Crop
from inference_core.tools.registry import TOOLS
from inference_core.tools.tool_input import Edited, NetworkName, ToolInput
from inference_core.types import BoolArray, Float32Array, Interaction, Region, Tool, UInt8Array


def stroke_group(
    interaction: Interaction, state: SessionState, record: FrameRecord | None
) -> StrokeGroup | None:
    """Return the strokes that an interaction is predicted from together; None where its tool's do not add up.

    Strokes of one tool add up until the frame is committed or the tool changes. record holds the frame's
    masks now.
    """
    if not TOOLS[interaction.tool].adds_up:
        return None
    draft = state.draft(interaction.frame_index)
    earlier = draft.strokes if draft else None
    if earlier is None or earlier.tool != interaction.tool:
        return StrokeGroup(str(interaction.tool), (interaction.stroke,), record)
    return StrokeGroup(earlier.tool, (*earlier.strokes, interaction.stroke), earlier.start)


def label_of(interaction: Interaction, name: str, size: tuple[int, int]) -> str:
    """Return what an interaction is called after "Undo ", on an object of this name; size (height, width).

    The window removes boxes, and marks an object as absent, with a negative lasso of four corners.
    """
    stroke = interaction.stroke
    points = np.asarray(stroke.points)
    low, high = points.min(axis=0), points.max(axis=0)
    is_box = len(points) == 4 and ((points == low) | (points == high)).all()
    if interaction.tool != Tool.LASSO or stroke.is_positive or not is_box:
        return f"{interaction.tool} on {name}"
    is_all = (low <= 0).all() and (high >= (size[1] - 1, size[0] - 1)).all()
    return f"mark {name} as not here" if is_all and interaction.region is None else f"{Tool.BOX} on {name}"


def edit(
    context: SessionContext,
    interaction: Interaction,
    group: StrokeGroup | None,
    state: SessionState,
    pixels: UInt8Array,
    record: FrameRecord | None,
) -> Iterator[Edited]:
    """Return an iterator that computes what an interaction changes; each result is better than those before.

    group is the interaction's `stroke_group`; pixels (H, W, 3) uint8 RGB; record holds the frame's masks now.
    Locked objects' pixels always win.
    """
    spec = TOOLS[interaction.tool]
    strokes = group.strokes if group else (interaction.stroke,)
    if spec.only_removes:
        strokes = tuple(replace(stroke, is_positive=False) for stroke in strokes)
    ids = context.mask_store.read_ids(record, state.keys)
    locked = frozenset(key.object_id for key in state.locked_keys)
    predictor = SessionPredictor(context)
    crop = predictor.crop(interaction.region)
    may_change = np.zeros(ids.shape, np.bool_)
    may_change[crop.window] = ~np.isin(crop.cut(ids), list(locked))
    start = context.mask_store.read_ids(group.start, state.keys) if group else ids
    return spec.edit(ToolInput(strokes, pixels, ids, start, may_change, locked, crop, predictor))


@dataclass(frozen=True, eq=False)
class SessionPredictor:
    """The networks of a session as its tools reach them, see `Predictor`."""

    context: SessionContext

    def crop(self, region: Region | None) -> Crop:
        """Return the crop of a region, or of the whole frame where it is None."""
        runner = self.context.runner
        if region is None:
            height, width = runner.geometry.source
            return Crop(Region(0, 0, width, height), runner.geometry)
        size = (region.y1 - region.y0, region.x1 - region.x0)
        return Crop(region, runner.crop_geometry(size))

    def interact(
        self,
        network: NetworkName,
        crop: Crop,
        pixels: UInt8Array,
        *,
        previous: BoolArray,
        positive: BoolArray,
        negative: BoolArray,
    ) -> Iterator[Float32Array]:
        """Return the runner's predictions, which free memory of the device where it runs out."""
        return self.context.runner.interact(
            network,
            crop.geometry,
            pixels,
            previous=previous,
            positive=positive,
            negative=negative,
            free_memory=self.context.out_of_memory.free_memory,
        )

    def enlarge(self, prob: Float32Array, pixels: UInt8Array) -> Float32Array:
        """Enlarge probabilities (K, h, w) to the size of pixels (H', W', 3), edges snapped to the image's."""
        if self.context.refine_edges:
            return refine(prob, pixels)
        return enlarge(prob, (pixels.shape[0], pixels.shape[1]))
