"""One interaction on one frame: which tool, which part of the frame, which pixels may change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from inference_core.errors import InvalidInteractionError
from inference_core.runtime.session_context import Workshop
from inference_core.state.mask_store import Record
from inference_core.state.session_state import Gesture, Ledger
from inference_core.tools.box import box_cues, box_guess, box_region, surroundings
from inference_core.tools.click import click_cues, clicked_pixels
from inference_core.tools.crop import Canvas, check_region, open_canvas
from inference_core.tools.lasso import enclosed_pixels
from inference_core.tools.paint import adds, painted_pixels
from inference_core.tools.predict import Question, answers, contested_objects, obey
from inference_core.tools.scribble import scribble_cues, scribbled_pixels
from inference_core.types import BoolArray, Interaction, Region, Stroke, Tool, UInt8Array

_LEAST_POINTS = {Tool.BOX: 2, Tool.LASSO: 3}
_ACCUMULATING = {Tool.SCRIBBLE: (scribble_cues, scribbled_pixels), Tool.CLICK: (click_cues, clicked_pixels)}
_PAINTING = {Tool.BRUSH: painted_pixels, Tool.ERASER: painted_pixels, Tool.LASSO: enclosed_pixels}


@dataclass(frozen=True, eq=False)
class Edited:
    """What an interaction leaves: ids (H, W) uint8, strokes seen together, the part that may have changed."""

    ids: UInt8Array
    gesture: Gesture | None
    reach: Region


def check_interaction(interaction: Interaction, ledger: Ledger, size: tuple[int, int]) -> None:
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
    tracked = ledger.find(stroke.object_id)
    if tracked.is_locked:
        raise InvalidInteractionError(f"{tracked.name} is locked: unlock it to change it.")


def changed_objects(before: UInt8Array, after: UInt8Array) -> frozenset[int]:
    """Return the ids of the objects that gained or lost pixels between two masks (H, W) uint8."""
    differs = before != after
    return frozenset(np.union1d(before[differs], after[differs]).tolist()) - {0}


def edit(
    workshop: Workshop, interaction: Interaction, ledger: Ledger, pixels: UInt8Array, record: Record | None
) -> Iterator[Edited]:
    """Work out what an interaction changes on a frame, perhaps once more and better.

    pixels (H, W, 3) uint8 RGB; record holds the frame's masks now. Locked objects' pixels always win.
    """
    ids = workshop.tracks.read_ids(record, ledger.keys)
    locked = [tracked.object_id for tracked in ledger.objects if tracked.is_locked]
    canvas = open_canvas(workshop.engine, interaction.region)
    may_change = np.zeros(ids.shape, np.bool_)
    may_change[canvas.window] = ~np.isin(canvas.cut(ids), locked)
    if interaction.tool in _PAINTING:
        yield Edited(_paint(interaction, ids, may_change), None, canvas.region)
    elif interaction.tool == Tool.BOX:
        yield from _edit_box(workshop, interaction.stroke, canvas, (pixels, ids, may_change))
    else:
        gesture = _continued(interaction, ledger, record)
        yield from _edit_with_strokes(workshop, gesture, ledger, canvas, (pixels, ids, may_change))


def _paint(interaction: Interaction, ids: UInt8Array, may_change: BoolArray) -> UInt8Array:
    stroke = interaction.stroke
    covered = _PAINTING[interaction.tool](stroke, ids.shape) & may_change
    out = ids.copy()
    if adds(interaction.tool, stroke):
        out[covered] = stroke.object_id
    else:
        out[covered & (ids == stroke.object_id)] = 0
    return out


def _continued(interaction: Interaction, ledger: Ledger, record: Record | None) -> Gesture:
    """Scribbles and clicks: strokes of one tool add up until the frame is committed or the tool changes."""
    draft = ledger.draft(interaction.frame_index)
    earlier = draft.gesture if draft else None
    if earlier is None or earlier.tool != interaction.tool:
        return Gesture(interaction.tool, (interaction.stroke,), record)
    return Gesture(interaction.tool, (*earlier.strokes, interaction.stroke), earlier.start)


def _edit_with_strokes(
    workshop: Workshop,
    gesture: Gesture,
    ledger: Ledger,
    canvas: Canvas,
    scene: tuple[UInt8Array, UInt8Array, BoolArray],
) -> Iterator[Edited]:
    """Answer all strokes of a gesture together; the newest says which object is asked about."""
    pixels, ids, may_change = scene
    strokes, object_id = gesture.strokes, gesture.strokes[-1].object_id
    draw, cover = _ACCUMULATING[gesture.tool]
    covered = _remembered(cover, ids.shape)
    contested = contested_objects(strokes, object_id, np.where(may_change, ids, 0), covered)
    question = Question(
        gesture.tool,
        pixels,
        ids,
        object_id,
        contested,
        lambda asked: draw(strokes, asked, canvas),
        start=workshop.tracks.read_ids(gesture.start, ledger.keys),
    )
    unlocked = [stroke for stroke in strokes if not ledger.find(stroke.object_id).is_locked]
    for answered in answers(workshop.engine, canvas, question, refine_edges=workshop.refine_edges):
        out = ids.copy()
        out[canvas.window] = np.where(canvas.cut(may_change), answered, canvas.cut(ids))
        obey(out, unlocked, covered, may_change)
        yield Edited(out, gesture, canvas.region)


def _edit_box(
    workshop: Workshop, stroke: Stroke, bounds: Canvas, scene: tuple[UInt8Array, UInt8Array, BoolArray]
) -> Iterator[Edited]:
    """A box looks closer: the network sees it and its surroundings; only the inside of the box changes."""
    pixels, ids, may_change = scene
    box = box_region(stroke, bounds.region)
    canvas = open_canvas(workshop.engine, surroundings(box, bounds.region))
    guess = box_guess(box, ids.shape)
    question = Question(Tool.BOX, pixels, ids, stroke.object_id, (), lambda _: box_cues(box, canvas), guess)
    inside = np.zeros(ids.shape, np.bool_)
    inside[box.y0 : box.y1, box.x0 : box.x1] = True
    for answered in answers(workshop.engine, canvas, question, refine_edges=workshop.refine_edges):
        whole = ids.copy()
        whole[canvas.window] = answered
        yield Edited(np.where(inside & may_change, whole, ids), None, box)


def _remembered(
    cover: Callable[[Stroke, tuple[int, int]], BoolArray], size: tuple[int, ...]
) -> Callable[[Stroke], BoolArray]:
    """Rasterise each stroke once."""
    drawn: dict[int, BoolArray] = {}

    def covered(stroke: Stroke) -> BoolArray:
        if id(stroke) not in drawn:
            drawn[id(stroke)] = cover(stroke, (size[0], size[1]))
        return drawn[id(stroke)]

    return covered
