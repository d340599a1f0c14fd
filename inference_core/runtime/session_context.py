"""What tools and propagation work with in one session: the networks and the store of masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from inference_core.runtime.network_runner import Engine
from inference_core.runtime.out_of_memory import OutOfMemoryHandler
from inference_core.runtime.probability_codec import ProbStore
from inference_core.runtime.refine import agree_with, enlarge, refine, to_ids
from inference_core.state.mask_store import ObjectKey, PackedProb, Record, Tracks
from inference_core.state.session_state import Ledger
from inference_core.types import Float32Array, Region, UInt8Array

_Result = TypeVar("_Result")


@dataclass(frozen=True, eq=False)
class Workshop:
    """What tools and propagation work with; one for a session."""

    engine: Engine
    tracks: Tracks
    refine_edges: bool
    out_of_memory: OutOfMemoryHandler

    def prob_store(self, ledger: Ledger) -> ProbStore:
        return ProbStore(self.tracks, ledger.active_keys, self.engine.compute.device)

    def derive_ids(self, stored: PackedProb, ledger: Ledger, pixels: UInt8Array) -> UInt8Array:
        """Return ids (H, W) uint8 at the source's size."""
        keys = [key for key in ledger.keys if key in stored.planes]
        geometry = self.engine.geometry
        prob = self.tracks.to_float(geometry.crop(self.tracks.read_prob(stored, keys)))
        large = refine(prob, pixels) if self.refine_edges else enlarge(prob, geometry.source)
        return to_ids(large, [key.object_id for key in keys])

    def large_prob(self, record: Record | None, ledger: Ledger, pixels: UInt8Array) -> Float32Array:
        """Return (K+1, H, W) float32 at the source's size, background first; its argmax says what ids say."""
        geometry = self.engine.geometry
        packed = record.prob if record else None
        prob = self.tracks.to_float(geometry.crop(self.tracks.read_prob(packed, ledger.keys)))
        large = refine(prob, pixels) if self.refine_edges else enlarge(prob, geometry.source)
        rest = np.clip(1.0 - large.sum(axis=0, keepdims=True), 0.0, 1.0)
        both = np.concatenate([rest, large])
        both /= both.sum(axis=0, keepdims=True)
        ids = self.tracks.read_ids(record, ledger.keys)
        return agree_with(both, ids, [key.object_id for key in ledger.keys])

    def firm_record(
        self,
        ids: UInt8Array,
        keys: Sequence[ObjectKey],
        earlier: Record | None = None,
        reach: Region | None = None,
    ) -> Record:
        """Make a record whose probabilities say what ids (H, W) say: each object's share of every pixel.

        Outside of `reach` the probabilities of `earlier` stay.
        """
        geometry = self.engine.geometry
        planes = np.zeros((len(keys), *geometry.padded), np.float32)
        for row, key in enumerate(keys):
            mask = ids == key.object_id
            if mask.any():
                planes[row] = geometry.coverage(mask)
        stored = self.tracks.quantise(planes)
        is_firm = True
        if reach is not None and (reach.y1 - reach.y0, reach.x1 - reach.x0) != geometry.source:
            inside = np.zeros(geometry.source, np.bool_)
            inside[reach.y0 : reach.y1, reach.x0 : reach.x1] = True
            before = self.tracks.read_prob(earlier.prob if earlier else None, keys)
            stored = np.where(geometry.coverage(inside) > 0, stored, before)
            is_firm = earlier is None or earlier.is_firm
        return self.tracks.pack(self.tracks.pack_prob(stored, keys), ids, is_firm=is_firm)
