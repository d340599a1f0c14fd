"""Soft aggregation of the objects of one frame, where some of them may not change (MiVOS, section 3.2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

from inference_core.runtime.probability_codec import ProbabilityCodec
from inference_core.state.frame_record import PackedProb
from inference_core.state.segments import is_before
from model.layers.aggregate import aggregate


@dataclass(frozen=True, eq=False)
class ObjectMerger:
    """Merges the objects of a frame: those that are propagated share what the others leave.

    limits  for the row of every object of the segment, the frame of the next anchor of that object, None
            where there is none. From there on the object stays as it is, as do locked objects and those that
            are not propagated.
    step    the direction of the segment, 1 or -1.
    stored  gives what a frame holds now, None for nothing.
    """

    limits: Mapping[int, int | None]
    step: int
    codec: ProbabilityCodec
    stored: Callable[[int], PackedProb | None]

    def free(self, frame_index: int) -> list[int]:
        """Return the rows that are propagated to a frame."""
        return [row for row, limit in self.limits.items() if is_before(frame_index, limit, self.step)]

    def held(self, frame_index: int) -> list[int]:
        """Return the rows that stay as they are on a frame."""
        free = self.free(frame_index)
        return [row for row in range(len(self.codec.keys)) if row not in free]

    def merge(self, own: Tensor, frame_index: int) -> tuple[PackedProb, Tensor]:
        """Turn each object's own probability (K, h, w) into its share of every pixel.

        Returns it packed, and as (K, h, w) float32 as it will be decoded; with the background each pixel sums
        to 1. Held rows are as they were.
        """
        free, held = self.free(frame_index), self.held(frame_index)
        if not held:
            return self.codec.encode(aggregate(own)[1:])
        packed = self.stored(frame_index)
        out = self.codec.decode(packed)
        left = (1.0 - out[held].sum(dim=0)).clamp(0.0, 1.0)
        out[free] = aggregate(own[free] * left)[1:] * left
        known = {self.codec.keys[row] for row in free} | set(packed.known if packed else ())
        return self.codec.encode(out, known)
