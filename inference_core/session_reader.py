"""What can be read of a session: sizes, objects, masks, confidence, history."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from inference_core.errors import InvalidInteractionError
from inference_core.propagation.confidence import agreements_of, confidence_of, confidences_of
from inference_core.propagation.suggest import frame_to_correct
from inference_core.runtime.session_context import SessionContext
from inference_core.state.history import StateStore
from inference_core.state.round import Round
from inference_core.types import (
    Agreement,
    Float32Array,
    FrameInfo,
    Frames,
    HistoryEntry,
    NumberedFrames,
    ObjectInfo,
    UInt8Array,
)
from model.family import Calibration


class SessionReader:
    """The part of a session that any thread may read, also while a command runs.

    frames       the clip.
    context      its networks and its masks.
    store        its state, records and history.
    calibration  of the networks: from agreement to confidence.
    """

    def __init__(
        self, frames: Frames, context: SessionContext, store: StateStore, calibration: Calibration
    ) -> None:
        self._frames = frames
        self._context = context
        self._store = store
        self._calibration = calibration

    @property
    def frame_count(self) -> int:
        return len(self._frames)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the source."""
        return self._context.mask_store.size

    @property
    def working_size(self) -> tuple[int, int]:
        """(height, width) that the networks see."""
        return self._context.runner.geometry.working

    @property
    def device(self) -> str:
        return self._context.runner.compute.device.type

    @property
    def dtype(self) -> str:
        return str(self._context.runner.compute.dtype).removeprefix("torch.")

    @property
    def objects(self) -> tuple[ObjectInfo, ...]:
        """The objects, in the order of their rows in `prob`."""
        return tuple(tracked.info for tracked in self._store.state.objects)

    @property
    def anchors(self) -> tuple[int, ...]:
        """Committed frames, ascending."""
        return tuple(sorted({anchor.frame_index for anchor in self._store.state.anchors}))

    @property
    def drafts(self) -> tuple[int, ...]:
        """Frames corrected and not yet propagated, in the order of drawing."""
        return tuple(draft.frame_index for draft in self._store.state.drafts)

    @property
    def unfinished(self) -> tuple[int, ...]:
        """Anchors whose propagation was cancelled and can be resumed, ascending."""
        return tuple(sorted({segment.anchor for segment in self._store.state.resumable}))

    @property
    def rounds(self) -> tuple[Round, ...]:
        """The propagations so far, oldest first; undone ones are not among them."""
        mask_store = self._context.mask_store
        return tuple(Round.of(record, mask_store) for record in self._store.state.rounds)

    @property
    def kept_bytes(self) -> int:
        """Bytes of query features that later rounds need not compute again."""
        return self._context.runner.features.nbytes

    @property
    def can_undo(self) -> bool:
        return self._store.can_undo

    @property
    def undo_count(self) -> int:
        """How many steps can be taken back."""
        return self._store.undo_count

    @property
    def history(self) -> tuple[HistoryEntry, ...]:
        """Every step from the first to the last: those that were done, then those that were undone."""
        done, undone = self._store.steps()
        return (*(step.done_entry for step in done), *(step.undone_entry for step in reversed(undone)))

    @property
    def can_redo(self) -> bool:
        return self._store.can_redo

    @property
    def version(self) -> int:
        """A number that grows with every change."""
        return self._store.version

    def ids(self, frame_index: int) -> UInt8Array:
        """Return a copy of a frame's masks (H, W) uint8 at the source's size."""
        self._check_frame(frame_index)
        read_ids = self._context.mask_store.read_ids
        return self._store.read(frame_index, lambda state, record: read_ids(record, state.stacked_keys))

    def prob(self, frame_index: int) -> Float32Array:
        """Return (K+1, H, W) float32 at the source's size, background first, then the objects in their order.

        Each pixel sums to 1, and its argmax agrees with `ids`.
        """
        self._check_frame(frame_index)
        pixels, large_prob = self._frames[frame_index], self._context.large_prob
        return self._store.read(frame_index, lambda state, record: large_prob(record, state, pixels))

    def frame_info(self, frame_index: int) -> FrameInfo:
        """Return a frame's number in its source, and whether it is damaged, as far as the clip knows yet."""
        self._check_frame(frame_index)
        return self._frame_infos[frame_index]

    def present(self, frame_index: int) -> tuple[int, ...]:
        """Return the ids of the objects that have pixels on a frame, without reading its mask."""
        self._check_frame(frame_index)
        state, record = self._store.snapshot(frame_index)
        return tuple(key.object_id for key in record.present if key in state.keys) if record else ()

    def agreements(self, frame_index: int) -> dict[int, Agreement | None]:
        """Return how each object's mask agrees with its anchor's, by id; None where the user gave it."""
        self._check_frame(frame_index)
        return agreements_of(*self._store.snapshot(frame_index), frame_index)

    def confidence(self, frame_index: int) -> dict[int, float]:
        """Return the J to expect of each object's mask, in [0, 1], by id; 1 for what the user gave.

        An object that is unknown on the frame is left out.
        """
        agreements = self.agreements(frame_index)
        return {
            object_id: confidence_of(agreement, self._calibration)
            for object_id, agreement in agreements.items()
        }

    def confidences(self) -> list[dict[int, float]]:
        """Return `confidence` of every frame, of one moment: much quicker than frame by frame."""
        return confidences_of(*self._store.snapshot_all(), range(len(self._frames)), self._calibration)

    def next_to_correct(self) -> int | None:
        """Return the frame whose correction is likely to help most; None where no frame or object is left."""
        return frame_to_correct(*self._store.snapshot_all(), len(self._frames), self._calibration)

    # -- inside ----------------------------------------------------------------------------------------------

    @cached_property
    def _frame_infos(self) -> tuple[FrameInfo, ...]:
        return tuple(map(self._info, range(len(self._frames))))

    @cached_property
    def _info(self) -> Callable[[int], FrameInfo]:
        return self._frames.info if isinstance(self._frames, NumberedFrames) else FrameInfo

    def _check_frame(self, frame_index: int) -> None:
        if not 0 <= frame_index < len(self._frames):
            last = len(self._frames) - 1
            raise InvalidInteractionError(
                f"There is no frame {frame_index}: the clip has frames 0 to {last}."
            )
