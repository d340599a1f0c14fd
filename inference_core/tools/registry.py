"""One interaction on one frame: which tool, which part of the frame, which pixels may change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from inference_core.errors import InvalidInteractionError
from inference_core.runtime.session_context import SessionContext
from inference_core.state.frame_record import FrameRecord
from inference_core.state.session_state import SessionState, StrokeGroup
from inference_core.tools.box import box_guidance, box_region, surroundings
from inference_core.tools.click import click_guidance, clicked_pixels
from inference_core.tools.crop import Crop, check_region, open_crop
from inference_core.tools.lasso import enclosed_pixels
from inference_core.tools.paint import adds, painted_pixels
from inference_core.tools.predict import PromptInput, apply_hard_strokes, contested_objects, predict
from inference_core.tools.scribble import scribble_guidance, scribbled_pixels
from inference_core.types import BoolArray, Interaction, Region, Stroke, Tool, UInt8Array

_LEAST_POINTS = {Tool.BOX: 2, Tool.LASSO: 3}
_ACCUMULATING = {
    Tool.SCRIBBLE: (scribble_guidance, scribbled_pixels),
    Tool.CLICK: (click_guidance, clicked_pixels),
}
_PAINTING = {Tool.BRUSH: painted_pixels, Tool.ERASER: painted_pixels, Tool.LASSO: enclosed_pixels}


@dataclass(frozen=True, eq=False)
class Edited:
    """The result of an interaction: ids (H, W) uint8, its stroke group, the part that may have changed."""

    ids: UInt8Array
    strokes: StrokeGroup | None
    reach: Region


def check_interaction(interaction: Interaction, state: SessionState, size: tuple[int, int]) -> None:
    """Raise unless an interaction fits the session's objects and its frames (H, W)."""
    stroke = interaction.stroke
    points = np.asarray(stroke.points)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise InvalidInteractionError("A stroke needs points as (N, 2) numbers, x before y.")
    least = _LEAST_POINTS.get(interaction.tool, 1)
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


@dataclass(frozen=True, eq=False)
class _Frame:
    """The frame that is edited.

    pixels (H, W, 3) uint8 RGB; ids (H, W) uint8, its masks now; may_change (H, W) bool.
    """

    pixels: UInt8Array
    ids: UInt8Array
    may_change: BoolArray


def changed_objects(before: UInt8Array, after: UInt8Array) -> frozenset[int]:
    """Return the ids of the objects that gained or lost pixels between two masks (H, W) uint8."""
    differs = before != after
    return frozenset(np.union1d(before[differs], after[differs]).tolist()) - {0}


def edit(
    context: SessionContext,
    interaction: Interaction,
    state: SessionState,
    pixels: UInt8Array,
    record: FrameRecord | None,
) -> Iterator[Edited]:
    """Compute what an interaction changes on a frame; yields again where a better prediction follows.

    pixels (H, W, 3) uint8 RGB; record holds the frame's masks now. Locked objects' pixels always win.
    """
    ids = context.mask_store.read_ids(record, state.keys)
    locked = [tracked.object_id for tracked in state.objects if tracked.is_locked]
    crop = open_crop(context.runner, interaction.region)
    may_change = np.zeros(ids.shape, np.bool_)
    may_change[crop.window] = ~np.isin(crop.cut(ids), locked)
    frame = _Frame(pixels, ids, may_change)
    if interaction.tool in _PAINTING:
        yield Edited(_paint(interaction, ids, may_change), None, crop.region)
    elif interaction.tool == Tool.BOX:
        yield from _edit_box(context, interaction.stroke, crop, frame)
    else:
        group = _continued(interaction, state, record)
        yield from _edit_with_strokes(context, group, state, crop, frame)


def _paint(interaction: Interaction, ids: UInt8Array, may_change: BoolArray) -> UInt8Array:
    stroke = interaction.stroke
    covered = _PAINTING[interaction.tool](stroke, ids.shape) & may_change
    out = ids.copy()
    if adds(interaction.tool, stroke):
        out[covered] = stroke.object_id
    else:
        out[covered & (ids == stroke.object_id)] = 0
    return out


def _continued(interaction: Interaction, state: SessionState, record: FrameRecord | None) -> StrokeGroup:
    """Scribbles and clicks: strokes of one tool add up until the frame is committed or the tool changes."""
    draft = state.draft(interaction.frame_index)
    earlier = draft.strokes if draft else None
    if earlier is None or earlier.tool != interaction.tool:
        return StrokeGroup(interaction.tool, (interaction.stroke,), record)
    return StrokeGroup(interaction.tool, (*earlier.strokes, interaction.stroke), earlier.start)


def _edit_with_strokes(
    context: SessionContext,
    group: StrokeGroup,
    state: SessionState,
    crop: Crop,
    frame: _Frame,
) -> Iterator[Edited]:
    """Predict from all strokes of a group together; the newest says which object they are about."""
    ids, may_change = frame.ids, frame.may_change
    strokes, object_id = group.strokes, group.strokes[-1].object_id
    draw, cover = _ACCUMULATING[group.tool]
    covered = _cached(cover, ids.shape)
    contested = contested_objects(strokes, object_id, np.where(may_change, ids, 0), covered)
    prompt = PromptInput(
        group.tool,
        frame.pixels,
        ids,
        object_id,
        contested,
        lambda of_object: draw(strokes, of_object, crop),
        start=context.mask_store.read_ids(group.start, state.keys),
    )
    unlocked = [stroke for stroke in strokes if not state.find(stroke.object_id).is_locked]
    for predicted in predict(context.runner, crop, prompt, refine_edges=context.refine_edges):
        out = ids.copy()
        out[crop.window] = np.where(crop.cut(may_change), predicted, crop.cut(ids))
        apply_hard_strokes(out, unlocked, covered, may_change)
        yield Edited(out, group, crop.region)


def _edit_box(context: SessionContext, stroke: Stroke, bounds: Crop, frame: _Frame) -> Iterator[Edited]:
    """Predict from a box: the network sees it and its surroundings; only the inside of the box changes."""
    ids = frame.ids
    box = box_region(stroke, bounds.region)
    crop = open_crop(context.runner, surroundings(box, bounds.region))
    prompt = PromptInput(Tool.BOX, frame.pixels, ids, stroke.object_id, (), lambda _: box_guidance(box, crop))
    inside = np.zeros(ids.shape, np.bool_)
    inside[box.y0 : box.y1, box.x0 : box.x1] = True
    for predicted in predict(context.runner, crop, prompt, refine_edges=context.refine_edges):
        whole = ids.copy()
        whole[crop.window] = predicted
        yield Edited(np.where(inside & frame.may_change, whole, ids), None, box)


def _cached(
    cover: Callable[[Stroke, tuple[int, int]], BoolArray], size: tuple[int, ...]
) -> Callable[[Stroke], BoolArray]:
    """Draw each stroke once."""
    drawn: dict[int, BoolArray] = {}

    def covered(stroke: Stroke) -> BoolArray:
        if id(stroke) not in drawn:
            drawn[id(stroke)] = cover(stroke, (size[0], size[1]))
        return drawn[id(stroke)]

    return covered
