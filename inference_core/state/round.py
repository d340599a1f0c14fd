"""What a round of propagation changed, to show and to compare it. Undo is in `state.history`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from inference_core.errors import UserError
from inference_core.state.blob_store import BlobDiscardedError
from inference_core.state.frame_record import FrameRecord, ObjectKey
from inference_core.state.mask_store import MaskStore
from inference_core.types import UInt8Array


@dataclass(frozen=True)
class RoundRecord:
    """One propagation from one anchor, as it is kept; see `Round` for what the fields are.

    keys                          the objects that there were.
    records_before, records_after of the changed frames and of the anchor.
    """

    anchor: int
    first: int
    last: int
    changed_frames: tuple[int, ...]
    bank_length: int
    elapsed_s: float
    keys: tuple[ObjectKey, ...]
    records_before: Mapping[int, FrameRecord | None]
    records_after: Mapping[int, FrameRecord | None]


@dataclass(frozen=True)
class Round:
    """One propagation from one anchor.

    first, last     the frames that the round reached, the anchor included.
    changed_frames  frames whose masks it wrote, in order of frame.
    bank_length     entries in the memory bank while it ran, its own anchor's included.
    elapsed_s       seconds from the commitment to the last frame.
    """

    anchor: int
    first: int
    last: int
    changed_frames: tuple[int, ...]
    bank_length: int
    elapsed_s: float
    _record: RoundRecord = field(repr=False)
    _mask_store: MaskStore = field(repr=False)

    @classmethod
    def of(cls, record: RoundRecord, mask_store: MaskStore) -> Round:
        """Return what is kept of a round, with the store that its masks are read from."""
        return cls(
            record.anchor,
            record.first,
            record.last,
            record.changed_frames,
            record.bank_length,
            record.elapsed_s,
            record,
            mask_store,
        )

    def ids_before(self, frame_index: int) -> UInt8Array:
        """Return ids (H, W) uint8 of a changed frame, or of the anchor, before the round."""
        return self._ids(self._record.records_before, frame_index)

    def ids_after(self, frame_index: int) -> UInt8Array:
        """Return ids (H, W) uint8 of a changed frame, or of the anchor, after the round."""
        return self._ids(self._record.records_after, frame_index)

    def _ids(self, records: Mapping[int, FrameRecord | None], frame_index: int) -> UInt8Array:
        if frame_index not in records:
            raise UserError(
                f"The round from frame {self.anchor} did not change frame {frame_index}: "
                f"it reached frames {self.first} to {self.last}."
            )
        try:
            return self._mask_store.read_ids(records[frame_index], self._record.keys)
        except BlobDiscardedError:
            raise UserError(
                f"The round from frame {self.anchor} was undone, and its masks have been discarded since."
            ) from None
