"""Writes a propagated frame's masks: held objects stay to the pixel, and so does what was drafted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from inference_core.propagation.confidence import with_agreements_of
from inference_core.runtime.session_context import SessionContext
from inference_core.state.frame_record import FrameRecord, ObjectKey, PackedProb
from inference_core.state.history import Transaction
from inference_core.state.session_state import SessionState
from inference_core.types import Agreement, UInt8Array


@dataclass(frozen=True, eq=False)
class FrameWriter:
    """Writes the frames of one segment. keys: the session's objects, in the order of their rows."""

    context: SessionContext
    transaction: Transaction
    keys: tuple[ObjectKey, ...]

    def before_draft(self, frame_index: int) -> FrameRecord | None:
        """Return what a frame holds without its draft."""
        draft = self.transaction.state.draft(frame_index)
        return draft.base if draft else self.transaction.record(frame_index)

    def write(
        self, frame_index: int, pixels: UInt8Array, packed: PackedProb, agreements: Mapping[int, Agreement]
    ) -> tuple[FrameRecord | None, FrameRecord]:
        """Give a frame new masks; return its records before and after.

        pixels (H, W, 3) uint8 RGB; agreements of the rows that were propagated, the others are held.
        """
        mask_store = self.context.mask_store
        state, record = self.transaction.state, self.transaction.record(frame_index)
        before = self.before_draft(frame_index)
        ids = self.context.derive_ids(packed, state, pixels)
        arrived = frozenset(self.keys[row] for row in agreements)
        held = [key for key in self.keys if key not in arrived]
        if held:
            ids = keep_held(ids, mask_store.read_ids(before, held), held)
        propagated = replace(
            mask_store.pack(packed, ids, is_hard=False), agreements=self._aligned(agreements, packed, before)
        )

        def change(state: SessionState) -> SessionState:
            draft = state.draft(frame_index)
            return state.with_draft(replace(draft, base=propagated)) if draft else state

        def drafted(_: int, state: SessionState, record: FrameRecord) -> FrameRecord:
            draft = state.draft(frame_index)
            return (
                self._complete_draft(record, propagated, arrived - draft.objects, state) if draft else record
            )

        after = drafted(frame_index, state, record) if record and state.draft(frame_index) else propagated
        self.transaction.write({frame_index: after} if after is not record else {}, change, drafted)
        return record, after

    def _aligned(
        self, agreements: Mapping[int, Agreement], packed: PackedProb, before: FrameRecord | None
    ) -> tuple[Agreement | None, ...]:
        """Return the rows' agreements in the order of what is packed; held objects keep what they had."""
        by_key: dict[ObjectKey, Agreement | None] = {}
        if before is not None and before.agreements:
            by_key.update(zip(before.prob.known, before.agreements, strict=True))
        by_key.update((self.keys[row], agreement) for row, agreement in agreements.items())
        return tuple(by_key.get(key) for key in packed.known)

    def _complete_draft(
        self,
        record: FrameRecord,
        propagated: FrameRecord,
        arrived: Collection[ObjectKey],
        state: SessionState,
    ) -> FrameRecord:
        """A draft keeps what the user drew; other objects that were propagated come in behind that.

        state  the draft's; an object that was removed before the draft was drawn is not in it.
        """
        arrived = [key for key in arrived if key in state.keys]
        if not any(key in record.present or key in propagated.present for key in arrived):
            return record
        mask_store = self.context.mask_store
        keys = [key for key in state.active_keys if key in record.prob.known or key in arrived]
        drawn = [key for key in keys if key not in arrived]
        ids = mask_store.read_ids(record, drawn)
        ids = np.where(ids > 0, ids, mask_store.read_ids(propagated, arrived))
        return with_agreements_of(self.context.record_from_ids(ids, keys), propagated, drawn)


def keep_held(ids: UInt8Array, before: UInt8Array, held: Sequence[ObjectKey]) -> UInt8Array:
    """Give held objects exactly the pixels they had: ids (H, W) uint8, before with held objects alone."""
    out = ids.copy()
    out[np.isin(ids, [key.object_id for key in held])] = 0
    return np.where(before > 0, before, out)
