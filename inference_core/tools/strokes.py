"""Tools whose strokes add up: the network sees all of a draft, and the strokes' own pixels are set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from inference_core.tools.crop import Crop
from inference_core.tools.predict import Prompt, predict
from inference_core.tools.rasterize import GuidanceMaps
from inference_core.tools.tool_input import Edited, NetworkName, ToolInput
from inference_core.types import BoolArray, Stroke, UInt8Array

Cover = Callable[[Stroke, tuple[int, ...]], BoolArray]
"""Returns the source pixels that a stroke sets by itself, in a frame of a size: (H, W) bool."""


def edit_with_strokes(
    given: ToolInput,
    network: NetworkName,
    draw: Callable[[Sequence[Stroke], int, Crop], GuidanceMaps],
    cover: Cover,
) -> Iterator[Edited]:
    """Predict from all strokes together; the newest says which object they are about.

    draw  returns the guidance maps of strokes for an object on a crop.
    """
    ids, may_change, crop, strokes = given.ids, given.may_change, given.crop, given.strokes
    object_id = given.stroke.object_id
    covered = _cached(cover, ids.shape)
    contested = contested_objects(strokes, object_id, np.where(may_change, ids, 0), covered)
    prompt = Prompt(network, crop, lambda of_object: draw(strokes, of_object, crop), contested)
    unlocked = [stroke for stroke in strokes if stroke.object_id not in given.locked]
    for predicted in predict(given, prompt):
        out = ids.copy()
        out[crop.window] = np.where(crop.cut(may_change), predicted, crop.cut(ids))
        apply_hard_strokes(out, unlocked, covered, may_change)
        yield Edited(out, crop.region)


def collect_guidance(
    strokes: Sequence[Stroke], object_id: int, draw: Callable[[Stroke], BoolArray], size: tuple[int, int]
) -> GuidanceMaps:
    """Draw strokes over one another, the newest on top. What adds to another object is negative here."""
    positive, negative = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    for stroke in strokes:
        is_own = stroke.object_id == object_id
        if not is_own and not stroke.is_positive:
            continue
        drawn = draw(stroke)
        added, removed = (positive, negative) if is_own and stroke.is_positive else (negative, positive)
        added |= drawn
        removed &= ~drawn
    return GuidanceMaps(positive, negative)


def contested_objects(
    strokes: Sequence[Stroke], object_id: int, ids: UInt8Array, cover: Callable[[Stroke], BoolArray]
) -> tuple[int, ...]:
    """Return the objects in ids (H, W) that positive strokes of an object were drawn over."""
    found: set[int] = set()
    for stroke in strokes:
        if stroke.object_id == object_id and stroke.is_positive:
            found.update(np.unique(ids[cover(stroke)]).tolist())
    return tuple(sorted(found - {0, object_id}))


def apply_hard_strokes(
    ids: UInt8Array, strokes: Sequence[Stroke], cover: Callable[[Stroke], BoolArray], may_change: BoolArray
) -> None:
    """Set the strokes' own pixels, in the order drawn; changes ids (H, W) in place."""
    for stroke in strokes:
        covered = cover(stroke) & may_change
        if stroke.is_positive:
            ids[covered] = stroke.object_id
        else:
            ids[covered & (ids == stroke.object_id)] = 0


def _cached(cover: Cover, size: tuple[int, ...]) -> Callable[[Stroke], BoolArray]:
    """Draw each stroke once."""
    drawn: dict[int, BoolArray] = {}

    def covered(stroke: Stroke) -> BoolArray:
        if id(stroke) not in drawn:
            drawn[id(stroke)] = cover(stroke, size)
        return drawn[id(stroke)]

    return covered
