"""One call of `Session.propagate`: which anchors in which order, a round for each, one undo step for all."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace

from inference_core.errors import NotReadyError, UserError
from inference_core.propagation.confidence import with_agreements_of
from inference_core.propagation.memory import MemoryBank
from inference_core.propagation.propagator import Propagator
from inference_core.runtime.session_context import SessionContext
from inference_core.state.frame_record import FrameRecord
from inference_core.state.history import StateStore, Transaction
from inference_core.state.segments import Segment, plan_segments
from inference_core.state.session_state import Anchor, Draft, SessionState
from inference_core.types import Direction, FrameMask, Progress


@dataclass(frozen=True)
class PropagationPlan:
    """A propagation as it was requested, see `Session.propagate`."""

    context: SessionContext
    bank: MemoryBank
    store: StateStore
    frame_index: int | None
    direction: Direction
    frame_range: tuple[int, int]

    @classmethod
    def plan(
        cls,
        context: SessionContext,
        bank: MemoryBank,
        store: StateStore,
        frame_index: int | None,
        direction: Direction | str,
        frame_range: tuple[int, int] | None,
    ) -> PropagationPlan:
        """Check a request against the session's state; raise a UserError where it cannot be fulfilled."""
        if direction not in tuple(Direction):
            raise UserError(f"Unknown direction {direction!r}: choose forward, backward or both.")
        last = len(context.runner.frames) - 1
        chosen = frame_range or (0, last)
        if not 0 <= chosen[0] <= chosen[1] <= last:
            raise UserError(f"The range {chosen[0]} to {chosen[1]} does not lie within frames 0 to {last}.")
        if frame_index is not None and not chosen[0] <= frame_index <= chosen[1]:
            raise UserError(f"Frame {frame_index} lies outside of the range {chosen[0]} to {chosen[1]}.")
        plan = cls(context, bank, store, frame_index, Direction(direction), chosen)
        plan._anchors_to_do(store.state)
        return plan

    def run(self) -> Generator[FrameMask, None, None]:
        """Commit and propagate; yield each frame as it is done. Closing keeps what is done as one step."""
        transaction = Transaction(self.store, "propagate")
        started = time.perf_counter()
        to_do = self._anchors_to_do(self.store.state)
        done, total = 0, self._count(to_do)
        try:
            for frame_index in to_do:
                for changed in self._run_round(frame_index, transaction):
                    done += 1
                    state, record = self.store.snapshot(changed)
                    ids = self.context.mask_store.read_ids(record, state.keys)
                    yield FrameMask(changed, ids, Progress(done, total, time.perf_counter() - started))
        finally:
            transaction.close()

    def _anchors_to_do(self, state: SessionState) -> list[int]:
        """Return the frames to propagate from, in order."""
        if not state.active_keys:
            raise NotReadyError("Draw an object on a frame before propagating.")
        if all(tracked.is_locked for tracked in state.active):
            raise NotReadyError("Every object is locked: unlock one before propagating.")
        if self.frame_index is not None:
            framed = state.draft(self.frame_index) or state.anchor(self.frame_index)
            if framed is None:
                raise NotReadyError(f"Draw on frame {self.frame_index} before propagating from it.")
            if not framed.objects & state.unlocked_keys:
                raise NotReadyError(
                    f"All objects drawn on frame {self.frame_index} are locked:"
                    " unlock one before propagating from it."
                )
            return [self.frame_index]
        first, last = self.frame_range
        drafts = [draft.frame_index for draft in state.drafts if draft.objects & state.unlocked_keys]
        waiting = dict.fromkeys(drafts + [segment.anchor for segment in state.resumable])
        to_do = [frame_index for frame_index in waiting if first <= frame_index <= last]
        if not to_do:
            raise NotReadyError(
                "Nothing has changed since the last propagation: correct a frame or name one to start from."
                if state.anchors
                else "Draw on a frame before propagating."
            )
        return to_do

    def _count(self, to_do: list[int]) -> int:
        """Return how many frames will be propagated."""
        state = self.store.state
        total = 0
        for frame_index in to_do:
            segments = self._segments(state, frame_index)
            if state.draft(frame_index) is not None:
                record = self.store.snapshot(frame_index)[1]
                assert record is not None, "a draft has a mask"
                state = state.commit(_committed(state, frame_index, record))
            total += sum(len(segment.frames(segment.limits(state.anchored))) for segment in segments)
        return total

    def _segments(self, state: SessionState, frame_index: int) -> tuple[Segment, ...]:
        """Return the segments from a frame: the unfinished ones, or all."""
        unfinished = [segment for segment in state.unfinished if segment.anchor == frame_index]
        draft, anchor = state.draft(frame_index), state.anchor(frame_index)
        if draft is not None:
            # What was unfinished of other objects starts again with the correction.
            objects = draft.objects.union(*(segment.objects for segment in unfinished))
        else:
            assert anchor is not None, "checked when planned"
            resumable = [segment for segment in state.resumable if segment.anchor == frame_index]
            bounded = (self._within_range(segment) for segment in resumable)
            left = tuple(segment for segment in bounded if segment is not None)
            if left or self.frame_index is None:
                return left
            objects = anchor.objects
        unlocked = objects & state.unlocked_keys
        return plan_segments(frame_index, unlocked, state.anchored, self.direction, self.frame_range)

    def _within_range(self, segment: Segment) -> Segment | None:
        if self.direction == (Direction.BACKWARD if segment.step > 0 else Direction.FORWARD):
            return None
        first, last = self.frame_range
        end = min(segment.end, last) if segment.step > 0 else max(segment.end, first)
        return replace(segment, end=end) if (end - segment.start) * segment.step >= 0 else None

    def _run_round(self, frame_index: int, transaction: Transaction) -> Generator[int, None, None]:
        before = self.store.state
        record_before = self.store.snapshot(frame_index)[1]
        segments = self._segments(before, frame_index)
        if not segments and before.draft(frame_index) is None and self.frame_index is None:
            return  # the segments of an anchor committed meanwhile cover what was left here
        anchor = self._commit(frame_index, transaction)
        runner = Propagator(self.context, self.bank, transaction, anchor, segments)
        try:
            with closing(runner.run()) as frames:
                yield from frames
        finally:
            if runner.has_done_anything:
                self._finish(runner, transaction)
            else:
                transaction.write({frame_index: record_before}, before)

    def _commit(self, frame_index: int, transaction: Transaction) -> Anchor:
        """Turn a draft into an anchor; a frame that is an anchor already stays as it is."""
        state, record = self.store.snapshot(frame_index)
        draft = state.draft(frame_index)
        if draft is None:
            anchor = state.anchor(frame_index)
            assert anchor is not None, "checked when planned"
            transaction.write({}, state.without_resumable(frame_index))
            return anchor
        assert record is not None, "a draft has a mask"
        hard = self._harden(record, state, draft)
        anchor = _committed(state, frame_index, hard)
        keep_older = self.bank.options.keep_recorrected_entries
        changed = {} if hard is record else {frame_index: hard}
        transaction.write(changed, state.commit(anchor, keep_older=keep_older))
        return anchor

    def _harden(self, record: FrameRecord, state: SessionState, draft: Draft) -> FrameRecord:
        """Make a drafted frame's probabilities hard: what the user drew is certain."""
        if record.is_hard:
            return record
        ids = self.context.mask_store.read_ids(record, state.keys)
        known = [key for key in state.active_keys if key in record.prob.known]
        return with_agreements_of(self.context.record_from_ids(ids, known), record, draft.objects)

    def _finish(self, runner: Propagator, transaction: Transaction) -> None:
        state = self.store.state
        transaction.write(
            {},
            replace(
                state,
                rounds=(*state.rounds, runner.finished),
                unfinished=(*state.unfinished, *runner.unfinished),
            ),
        )


def _committed(state: SessionState, frame_index: int, record: FrameRecord) -> Anchor:
    """Return a drafted frame as an anchor of its objects and of those of an earlier anchor there."""
    draft, earlier = state.draft(frame_index), state.anchor(frame_index)
    assert draft is not None, "only drafts are committed"
    objects = draft.objects | earlier.objects if earlier else draft.objects
    return Anchor(frame_index, record, draft.base, objects)
