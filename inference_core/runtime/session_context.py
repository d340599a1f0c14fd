"""What tools and propagation share in one session: the networks and the store of masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from inference_core.runtime.network_runner import NetworkRunner
from inference_core.runtime.out_of_memory import OutOfMemoryHandler
from inference_core.runtime.probability_codec import ProbabilityCodec
from inference_core.runtime.refine import agree_with, enlarge, refine, to_ids
from inference_core.state.frame_record import FrameRecord, ObjectKey, PackedProb
from inference_core.state.mask_store import MaskStore
from inference_core.state.session_state import SessionState
from inference_core.types import Float32Array, Region, UInt8Array

_Result = TypeVar("_Result")


@dataclass(frozen=True, eq=False)
class SessionContext:
    """The networks, the mask store and the conversions between them; one for a session."""

    runner: NetworkRunner
    mask_store: MaskStore
    refine_edges: bool
    out_of_memory: OutOfMemoryHandler

    def codec(self, state: SessionState) -> ProbabilityCodec:
        return ProbabilityCodec(self.mask_store, state.active_keys, self.runner.compute.device)

    def derive_ids(self, stored: PackedProb, state: SessionState, pixels: UInt8Array) -> UInt8Array:
        """Return ids (H, W) uint8 at the source's size."""
        keys = [key for key in state.keys if key in stored.planes]
        geometry = self.runner.geometry
        prob = self.mask_store.to_float(geometry.crop(self.mask_store.read_prob(stored, keys)))
        large = refine(prob, pixels) if self.refine_edges else enlarge(prob, geometry.source)
        return to_ids(large, [key.object_id for key in keys])

    def large_prob(self, record: FrameRecord | None, state: SessionState, pixels: UInt8Array) -> Float32Array:
        """Return (K+1, H, W) float32 at the source's size, background first; its argmax agrees with ids."""
        geometry = self.runner.geometry
        packed = record.prob if record else None
        prob = self.mask_store.to_float(geometry.crop(self.mask_store.read_prob(packed, state.keys)))
        large = refine(prob, pixels) if self.refine_edges else enlarge(prob, geometry.source)
        rest = np.clip(1.0 - large.sum(axis=0, keepdims=True), 0.0, 1.0)
        both = np.concatenate([rest, large])
        both /= both.sum(axis=0, keepdims=True)
        ids = self.mask_store.read_ids(record, state.stacked_keys)
        return agree_with(both, ids, [key.object_id for key in state.keys])

    def record_from_ids(
        self,
        ids: UInt8Array,
        keys: Sequence[ObjectKey],
        earlier: FrameRecord | None = None,
        reach: Region | None = None,
    ) -> FrameRecord:
        """Make a record from ids (H, W): probabilities are each object's share of every working pixel.

        Outside of `reach` the probabilities of `earlier` stay.
        """
        geometry = self.runner.geometry
        planes = np.zeros((len(keys), *geometry.padded), np.float32)
        for row, key in enumerate(keys):
            mask = ids == key.object_id
            if mask.any():
                planes[row] = geometry.coverage(mask)
        stored = self.mask_store.quantise(planes)
        is_hard = True
        if reach is not None and (reach.y1 - reach.y0, reach.x1 - reach.x0) != geometry.source:
            inside = np.zeros(geometry.source, np.bool_)
            inside[reach.y0 : reach.y1, reach.x0 : reach.x1] = True
            before = self.mask_store.read_prob(earlier.prob if earlier else None, keys)
            stored = np.where(geometry.coverage(inside) > 0, stored, before)
            is_hard = earlier is None or earlier.is_hard
        return self.mask_store.pack(self.mask_store.pack_prob(stored, keys), ids, is_hard=is_hard)
