"""What a tool is given, what it returns, and the protocol by which it reaches the networks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from inference_core.tools.crop import Crop
from inference_core.types import BoolArray, Float32Array, Region, Stroke, UInt8Array

NetworkName = Literal["interaction", "clicks"]
"""A network of the family: "interaction" for scribbles, "clicks" for clicks and boxes."""


class Predictor(Protocol):
    """The interaction networks of a session: numpy arrays in and out."""

    def crop(self, region: Region | None) -> Crop:
        """Return the crop of a region, or of the whole frame where it is None."""
        ...

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
        """Yield each object's own probability (K, h, w) float32 in [0, 1], each better than those before.

        pixels    (H', W', 3) uint8 RGB, contiguous: the crop at the source's pixels.
        previous  (K, h, w) bool, the objects' masks before; positive, negative the same of guidance maps.
                  h, w are the padded working size of the crop.
        """
        ...

    def enlarge(self, prob: Float32Array, pixels: UInt8Array) -> Float32Array:
        """Enlarge probabilities (K, h, w) of the working size, without padding, to pixels (H', W', 3)."""
        ...


@dataclass(frozen=True, eq=False)
class Edited:
    """A result of a tool: ids (H, W) uint8 of the frame, and the part of it that may have changed."""

    ids: UInt8Array
    reach: Region


@dataclass(frozen=True, eq=False)
class ToolInput:
    """One stroke, and the frame on which it was drawn.

    strokes     oldest first: of a tool whose strokes add up, all of the draft; else the newest alone. Those
                of a tool that only removes are negative.
    pixels      (H, W, 3) uint8 RGB, the whole frame.
    ids         (H, W) uint8, its masks now.
    start       (H, W) uint8, its masks before the first of the strokes.
    may_change  (H, W) bool: the pixels inside the region that belong to no locked object.
    locked      the ids of the locked objects.
    crop        the region of the interaction, or the whole frame.
    predictor   the networks.
    """

    strokes: tuple[Stroke, ...]
    pixels: UInt8Array
    ids: UInt8Array
    start: UInt8Array
    may_change: BoolArray
    locked: frozenset[int]
    crop: Crop
    predictor: Predictor

    @property
    def stroke(self) -> Stroke:
        """The newest stroke: it says which object this is about."""
        return self.strokes[-1]

    def painted(self, covered: BoolArray) -> Edited:
        """Add pixels (H, W) bool to the object, or remove them where the stroke is negative."""
        stroke, ids = self.stroke, self.ids.copy()
        changed = covered & self.may_change
        if stroke.is_positive:
            ids[changed] = stroke.object_id
        else:
            ids[changed & (ids == stroke.object_id)] = 0
        return Edited(ids, self.crop.region)
