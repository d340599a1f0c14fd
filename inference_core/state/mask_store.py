"""Packs masks into frame records and reads them back: the one place that stores ids and prob."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference_core.state.blob_store import BlobStore
from inference_core.state.frame_record import Blob, FrameRecord, MaskLayer, ObjectKey, PackedProb
from inference_core.state.mask_codec import decode_ids, decode_planes, encode_ids, encode_planes
from inference_core.types import BoolArray, Float32Array, MemoryBudget, ScratchStore, UInt8Array


class MaskStore:
    """Packs and reads records of one clip. Safe from any thread.

    size         (H, W) of the source; padded_size (h, w) of the probabilities.
    prob_dtype   "uint8" (255 steps) or "float32".
    budget       bytes that may be held in memory.
    scratch      stores the rest.
    """

    def __init__(
        self,
        size: tuple[int, int],
        padded_size: tuple[int, int],
        prob_dtype: str,
        budget: MemoryBudget,
        scratch: ScratchStore | None,
    ) -> None:
        self.size = size
        self.padded_size = padded_size
        self.dtype: np.dtype[Any] = np.dtype(prob_dtype)
        self.blobs = BlobStore(scratch, budget_bytes=budget.contents)
        self._decoded: OrderedDict[Blob, UInt8Array] = OrderedDict()
        self._decoded_bytes = 0
        self._decoded_budget_bytes = budget.decoded
        self._shared_keys: dict[tuple[ObjectKey, ...], tuple[ObjectKey, ...]] = {}
        self._lock = threading.Lock()

    @property
    def decoded_bytes(self) -> int:
        """Bytes of decoded masks now held."""
        return self._decoded_bytes

    def quantise(self, prob: Float32Array) -> NDArray[Any]:
        """Convert probabilities to what is stored: (..., h, w) float32 in [0, 1] -> the same in `dtype`."""
        if self.dtype == np.uint8:
            quantised: NDArray[Any] = np.rint(prob * 255.0).astype(np.uint8)
            return quantised
        return prob

    def to_float(self, stored: NDArray[Any]) -> Float32Array:
        """Invert `quantise`, up to its rounding."""
        if self.dtype == np.uint8:
            return stored.astype(np.float32) * np.float32(1.0 / 255.0)
        return stored.astype(np.float32, copy=False)

    def pack_prob(self, stored: NDArray[Any], known: Sequence[ObjectKey]) -> PackedProb:
        """Pack quantised probabilities (K, h, w) of the objects `known`, in that order."""
        rows = [row for row in range(len(known)) if stored[row].any()]
        chosen = stored if len(rows) == len(known) else stored[rows]
        planes = (known[row] for row in rows)
        return PackedProb(self._share(known), self._share(planes), self.blobs.put(encode_planes(chosen)))

    def pack(self, prob: PackedProb, ids: UInt8Array, *, is_hard: bool) -> FrameRecord:
        """Make a record of packed probabilities and ids (H, W) uint8 of the same objects."""
        content, present = encode_ids(ids)
        by_id = {key.object_id: key for key in prob.known}
        layer = MaskLayer(self._share(by_id[value] for value in present), self.blobs.put(content))
        return FrameRecord(prob, (layer,), is_hard)

    def only(self, record: FrameRecord, keys: Collection[ObjectKey]) -> FrameRecord:
        """Return a record of some of its objects alone, without any loss."""
        known = [key for key in record.prob.known if key in keys]
        if len(known) == len(record.prob.known):
            return record
        agreements = zip(record.prob.known, record.agreements, strict=False)
        return FrameRecord(
            self.pack_prob(self.read_prob(record.prob, known), known),
            tuple(self._layer_of(layer, known) for layer in record.layers),
            record.is_hard,
            tuple(agreement for key, agreement in agreements if key in keys),
        )

    def read_prob(self, packed: PackedProb | None, keys: Sequence[ObjectKey]) -> NDArray[Any]:
        """Return stored probabilities (K, h, w) of the objects `keys`; zeros for those not known."""
        out = np.zeros((len(keys), *self.padded_size), self.dtype)
        if packed is None or not packed.planes:
            return out
        planes = decode_planes(
            self.blobs.get(packed.blob), (len(packed.planes), *self.padded_size), self.dtype
        )
        plane_of = {key: row for row, key in enumerate(packed.planes)}
        for row, key in enumerate(keys):
            if key in plane_of:
                out[row] = planes[plane_of[key]]
        return out

    def read_ids(self, record: FrameRecord | None, keys: Sequence[ObjectKey]) -> UInt8Array:
        """Return ids (H, W) uint8 that may be written to; objects not among `keys` are background.

        Where objects overlap, the later of `keys` covers the earlier.
        """
        if record is None:
            return np.zeros(self.size, np.uint8)
        if len(record.layers) > 1:
            ids = np.zeros(self.size, np.uint8)
            for key in keys:
                ids[self.read_mask(record, key)] = key.object_id
            return ids
        ids = self._label_map(record.layers[0].blob).copy()
        for removed in set(record.present) - set(keys):
            ids[ids == removed.object_id] = 0
        return ids

    def read_mask(self, record: FrameRecord, key: ObjectKey) -> BoolArray:
        """Return one object's whole mask (H, W) bool, also where another object covers it."""
        for layer in record.layers:
            if key in layer.objects:
                mask: BoolArray = self._label_map(layer.blob) == key.object_id
                return mask
        return np.zeros(self.size, np.bool_)

    def _layer_of(self, layer: MaskLayer, keys: Collection[ObjectKey]) -> MaskLayer:
        """Return a layer of some of its objects alone."""
        ids = self._label_map(layer.blob)
        left = [key for key in layer.objects if key in keys]
        content, _ = encode_ids(np.where(np.isin(ids, [key.object_id for key in left]), ids, np.uint8(0)))
        return MaskLayer(self._share(left), self.blobs.put(content))

    def _share(self, keys: Iterable[ObjectKey]) -> tuple[ObjectKey, ...]:
        """Return one tuple of these keys for all records, so that memory holds it once."""
        wanted = tuple(keys)
        return self._shared_keys.setdefault(wanted, wanted)

    def _label_map(self, blob: Blob) -> UInt8Array:
        with self._lock:
            cached = self._decoded.get(blob)
            if cached is not None:
                self._decoded.move_to_end(blob)
                return cached
        ids = decode_ids(self.blobs.get(blob), self.size)
        with self._lock:
            if blob not in self._decoded:
                self._decoded[blob] = ids
                self._decoded_bytes += ids.nbytes
            while self._decoded_bytes > self._decoded_budget_bytes and len(self._decoded) > 1:
                self._decoded_bytes -= self._decoded.popitem(last=False)[1].nbytes
        return ids
