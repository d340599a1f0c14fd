"""Reads the masks of a saved session without opening the session: no network is needed."""

from __future__ import annotations

from collections.abc import Callable

from inference_core.state.mask_store import MaskStore
from inference_core.state.snapshot import SessionSnapshot
from inference_core.types import MemoryBudget, ScratchStore, UInt8Array

_NO_PROBABILITIES = (1, 1)


def ids_of(state: SessionSnapshot, storage: ScratchStore) -> Callable[[int], UInt8Array]:
    """Return what reads a frame's masks: (H, W) uint8 ids at the source's size, as `Session.ids` does."""
    store = MaskStore(state.size, _NO_PROBABILITIES, state.settings.prob_dtype, MemoryBudget(), storage)
    store.blobs.adopt(state.blobs(), next_blob=state.next_blob)
    keys = state.state.stacked_keys
    return lambda frame_index: store.read_ids(state.records.get(frame_index), keys)
