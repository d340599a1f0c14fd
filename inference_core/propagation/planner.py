"""One Propagate: which anchors in which order, one round each, and one undo step for all of it."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace

from inference_core.errors import NotReadyError, UserError
from inference_core.propagation.confidence import with_agreements_of
from inference_core.propagation.memory import MemoryBank
from inference_core.propagation.propagator import RoundRunner
from inference_core.runtime.session_context import Workshop
from inference_core.state.history import State, Transaction
from inference_core.state.mask_store import Record
from inference_core.state.segments import Leg, plan_legs
from inference_core.state.session_state import Anchor, Draft, Ledger
from inference_core.types import Direction, FrameMask, Progress


@dataclass(frozen=True)
class Campaign:
    """What was asked for: see `Session.propagate`."""

    workshop: Workshop
    bank: MemoryBank
    state: State
    frame_index: int | None
    direction: Direction
    frame_range: tuple[int, int]

    @classmethod
    def plan(
        cls,
        workshop: Workshop,
        bank: MemoryBank,
        state: State,
        frame_index: int | None,
        direction: Direction | str,
        frame_range: tuple[int, int] | None,
    ) -> Campaign:
        """Check a wish against the session as it stands; raise a sentence where it cannot be met."""
        if direction not in tuple(Direction):
            raise UserError(f"Unknown direction {direction!r}: choose forward, backward or both.")
        last = len(workshop.engine.frames) - 1
        chosen = frame_range or (0, last)
        if not 0 <= chosen[0] <= chosen[1] <= last:
            raise UserError(f"The range {chosen[0]} to {chosen[1]} does not lie within frames 0 to {last}.")
        if frame_index is not None and not chosen[0] <= frame_index <= chosen[1]:
            raise UserError(f"Frame {frame_index} lies outside of the range {chosen[0]} to {chosen[1]}.")
        campaign = cls(workshop, bank, state, frame_index, Direction(direction), chosen)
        campaign._anchors_to_do(state.ledger)
        return campaign

    def run(self) -> Generator[FrameMask, None, None]:
        """Commit and walk; yield each frame as it is done. Closing keeps what is done as one step."""
        transaction = Transaction(self.state, "propagate")
        started = time.perf_counter()
        to_do = self._anchors_to_do(self.state.ledger)
        done, total = 0, self._count(to_do)
        try:
            for frame_index in to_do:
                for changed in self._run_round(frame_index, transaction):
                    done += 1
                    ledger, record = self.state.look(changed)
                    ids = self.workshop.tracks.read_ids(record, ledger.keys)
                    yield FrameMask(changed, ids, Progress(done, total, time.perf_counter() - started))
        finally:
            transaction.close()

    def _anchors_to_do(self, ledger: Ledger) -> list[int]:
        """Return the frames to propagate from, in order."""
        if not ledger.active_keys:
            raise NotReadyError("Draw an object on a frame before propagating.")
        if all(tracked.is_locked for tracked in ledger.active):
            raise NotReadyError("Every object is locked: unlock one before propagating.")
        if self.frame_index is not None:
            framed = ledger.draft(self.frame_index) or ledger.anchor(self.frame_index)
            if framed is None:
                raise NotReadyError(f"Draw on frame {self.frame_index} before propagating from it.")
            if not framed.objects & ledger.unlocked_keys:
                raise NotReadyError(
                    f"All objects drawn on frame {self.frame_index} are locked:"
                    " unlock one before propagating from it."
                )
            return [self.frame_index]
        first, last = self.frame_range
        drafts = [draft.frame_index for draft in ledger.drafts if draft.objects & ledger.unlocked_keys]
        waiting = dict.fromkeys(drafts + [leg.anchor for leg in ledger.resumable])
        to_do = [frame_index for frame_index in waiting if first <= frame_index <= last]
        if not to_do:
            raise NotReadyError(
                "Nothing has changed since the last propagation: correct a frame or name one to start from."
                if ledger.anchors
                else "Draw on a frame before propagating."
            )
        return to_do

    def _count(self, to_do: list[int]) -> int:
        """Return how many frames will be walked."""
        ledger = self.state.ledger
        total = 0
        for frame_index in to_do:
            legs = self._legs(ledger, frame_index)
            if ledger.draft(frame_index) is not None:
                record = self.state.look(frame_index)[1]
                assert record is not None, "a draft has a mask"
                ledger = ledger.commit(_committed(ledger, frame_index, record))
            total += sum(len(leg.frames(leg.limits(ledger.anchored))) for leg in legs)
        return total

    def _legs(self, ledger: Ledger, frame_index: int) -> tuple[Leg, ...]:
        """Return the legs from a frame: what is unfinished there, or everything."""
        unfinished = [leg for leg in ledger.unfinished if leg.anchor == frame_index]
        draft, anchor = ledger.draft(frame_index), ledger.anchor(frame_index)
        if draft is not None:
            # What was unfinished of other objects begins anew with the correction.
            objects = draft.objects.union(*(leg.objects for leg in unfinished))
        else:
            assert anchor is not None, "checked when planned"
            resumable = [leg for leg in ledger.resumable if leg.anchor == frame_index]
            bounded = (self._within_range(leg) for leg in resumable)
            left = tuple(leg for leg in bounded if leg is not None)
            if left or self.frame_index is None:
                return left
            objects = anchor.objects
        carried = objects & ledger.unlocked_keys
        return plan_legs(frame_index, carried, ledger.anchored, self.direction, self.frame_range)

    def _within_range(self, leg: Leg) -> Leg | None:
        if self.direction == (Direction.BACKWARD if leg.step > 0 else Direction.FORWARD):
            return None
        first, last = self.frame_range
        end = min(leg.end, last) if leg.step > 0 else max(leg.end, first)
        return replace(leg, end=end) if (end - leg.start) * leg.step >= 0 else None

    def _run_round(self, frame_index: int, transaction: Transaction) -> Generator[int, None, None]:
        before = self.state.ledger
        record_before = self.state.look(frame_index)[1]
        legs = self._legs(before, frame_index)
        if not legs and before.draft(frame_index) is None and self.frame_index is None:
            return  # an anchor committed meanwhile has taken over what was left here
        anchor = self._commit(frame_index, transaction)
        runner = RoundRunner(self.workshop, self.bank, transaction, anchor, legs)
        try:
            with closing(runner.run()) as frames:
                yield from frames
        finally:
            if runner.has_done_anything:
                self._finish(runner, transaction)
            else:
                transaction.write({frame_index: record_before}, before)

    def _commit(self, frame_index: int, transaction: Transaction) -> Anchor:
        """Turn a draft into an anchor; an anchor that is one already stays as it is."""
        ledger, record = self.state.look(frame_index)
        draft = ledger.draft(frame_index)
        if draft is None:
            anchor = ledger.anchor(frame_index)
            assert anchor is not None, "checked when planned"
            transaction.write({}, ledger.without_resumable(frame_index))
            return anchor
        assert record is not None, "a draft has a mask"
        firm = self._firm(record, ledger, draft)
        anchor = _committed(ledger, frame_index, firm)
        keep_older = self.bank.options.keep_recorrected_entries
        changed = {} if firm is record else {frame_index: firm}
        transaction.write(changed, ledger.commit(anchor, keep_older=keep_older))
        return anchor

    def _firm(self, record: Record, ledger: Ledger, draft: Draft) -> Record:
        """What the editor has drawn is certain: the frame's probabilities now say what its ids say."""
        if record.is_firm:
            return record
        ids = self.workshop.tracks.read_ids(record, ledger.keys)
        known = [key for key in ledger.active_keys if key in record.prob.known]
        return with_agreements_of(self.workshop.firm_record(ids, known), record, draft.objects)

    def _finish(self, runner: RoundRunner, transaction: Transaction) -> None:
        ledger = self.state.ledger
        transaction.write(
            {},
            replace(
                ledger,
                rounds=(*ledger.rounds, runner.finished),
                unfinished=(*ledger.unfinished, *runner.unfinished),
            ),
        )


def _committed(ledger: Ledger, frame_index: int, record: Record) -> Anchor:
    """Return a drafted frame as an anchor: it goes on speaking of what an earlier anchor there spoke of."""
    draft, earlier = ledger.draft(frame_index), ledger.anchor(frame_index)
    assert draft is not None, "only drafts are committed"
    objects = draft.objects | earlier.objects if earlier else draft.objects
    return Anchor(frame_index, record, draft.base, objects)
