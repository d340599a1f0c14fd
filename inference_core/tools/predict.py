"""From guidance maps to new ids: run the network, merge the objects, apply the strokes themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from inference_core.runtime.network_runner import NetworkRunner
from inference_core.runtime.refine import enlarge, refine
from inference_core.tools.crop import Crop
from inference_core.tools.rasterize import GuidanceMaps
from inference_core.types import BoolArray, Float32Array, Stroke, Tool, UInt8Array


@dataclass(frozen=True, eq=False)
class PromptInput:
    """The input of one prediction.

    tool           the tool of the strokes; it decides which network of the family predicts.
    pixels         (H, W, 3) uint8 RGB, the whole frame; ids (H, W) uint8, its masks now.
    object_id      the object of the strokes; contested: objects that they were drawn over.
    guidance_maps  returns the guidance maps of an object at the crop's working size.
    start          (H, W) uint8, the masks before the first of the strokes; None where that is `ids`.
    """

    tool: Tool
    pixels: UInt8Array
    ids: UInt8Array
    object_id: int
    contested: tuple[int, ...]
    guidance_maps: Callable[[int], GuidanceMaps]
    start: UInt8Array | None = None


def predict(
    runner: NetworkRunner, crop: Crop, prompt: PromptInput, *, refine_edges: bool
) -> Iterator[UInt8Array]:
    """Yield new ids (H', W') uint8 of the crop's region, each better than those before.

    The object takes background, and pixels of contested objects where it is more probable than they are; what
    it no longer covers becomes background. All other pixels stay.
    """
    before = crop.cut(prompt.ids)
    for prob in _predict_prob(runner, crop, prompt, refine_edges=refine_edges):
        ids = before.copy()
        own = prob[0]
        may_take = (ids == 0) | (ids == prompt.object_id)
        for row, object_id in enumerate(prompt.contested, start=1):
            may_take |= (ids == object_id) & (own > prob[row])
        takes = own > 0.5
        ids[(ids == prompt.object_id) & ~takes] = 0
        ids[may_take & takes] = prompt.object_id
        yield ids


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


def _predict_prob(
    runner: NetworkRunner, crop: Crop, prompt: PromptInput, *, refine_edges: bool
) -> Iterator[Float32Array]:
    """Yield each object's own probability (K, H', W') at the region's source pixels."""
    geometry = crop.geometry
    object_ids = (prompt.object_id, *prompt.contested)
    pixels = np.ascontiguousarray(crop.cut(prompt.pixels))
    guidance = [prompt.guidance_maps(object_id) for object_id in object_ids]
    masks = _masks_before(crop, prompt, object_ids)
    previous = np.stack([geometry.coverage(mask) > 0.5 for mask in masks])
    positive = _stack(crop, [c.positive for c in guidance])
    negative = _stack(crop, [c.negative for c in guidance])
    before, yes, no = (
        torch.from_numpy(plane).to(runner.compute.device).float() for plane in (previous, positive, negative)
    )
    for prob in runner.interact(prompt.tool, runner.image(pixels, geometry), before, yes, no):
        small = np.ascontiguousarray(geometry.crop(prob.cpu().numpy()))
        yield refine(small, pixels) if refine_edges else enlarge(small, geometry.source)


def _masks_before(crop: Crop, prompt: PromptInput, object_ids: Sequence[int]) -> list[BoolArray]:
    """Return each object's mask as it was before the strokes; the last prediction where it had none.

    All strokes are predicted from together. To correct the prediction from those before instead would let
    every small mistake grow: after the robot's scribbles on propagated masks of four clips that gave a mean
    J of 0.766, this gives 0.802 (before them 0.707).
    """
    now = crop.cut(prompt.ids)
    start = now if prompt.start is None else crop.cut(prompt.start)
    return [(start if (start == name).any() else now) == name for name in object_ids]


def _stack(crop: Crop, planes: Sequence[BoolArray]) -> BoolArray:
    padded: BoolArray = crop.geometry.pad(np.stack(planes))
    return padded
