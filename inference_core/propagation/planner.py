"""One call of `Session.propagate`: which anchors in which order, a round for each, one undo step for all."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from inference_core.errors import NotReadyError, UserError
from inference_core.propagation.confidence import with_agreements_of
from inference_core.propagation.memory import MemoryBank
from inference_core.propagation.propagator import PropagatedFrame, propagate
from inference_core.runtime.device import is_out_of_memory
from inference_core.runtime.session_context import SessionContext
from inference_core.state.frame_record import FrameRecord, ObjectKey
from inference_core.state.history import StateStore, Transaction
from inference_core.state.round import RoundRecord
from inference_core.state.segments import Segment, plan_segments
from inference_core.state.session_state import AnchorFrame, Draft, SessionState
from inference_core.types import Direction, FrameMask, Progress


@dataclass(frozen=True)
class PropagationPlan:
    """A propagation as it was requested, see `Session.propagate`.

    on_resumed  is called when it goes on after a frame.
    """

    context: SessionContext
    bank: MemoryBank
    store: StateStore
    transaction: Transaction
    frame_index: int | None
    direction: Direction
    frame_range: tuple[int, int]
    on_resumed: Callable[[], None]

    @classmethod
    def plan(
        cls,
        context: SessionContext,
        bank: MemoryBank,
        store: StateStore,
        frame_index: int | None,
        direction: Direction | str,
        frame_range: tuple[int, int] | None,
        on_resumed: Callable[[], None],
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
        transaction = Transaction(store, "propagate")
        plan = cls(context, bank, store, transaction, frame_index, Direction(direction), chosen, on_resumed)
        plan._anchors_to_do(store.state)
        return plan

    def run(self) -> Generator[FrameMask, None, None]:
        """Commit and propagate; yield each frame as it is done. Closing keeps what is done as one step.

        So does an error; one before the first frame leaves everything as it was.
        What is propagated is what was there at the start. Other commands may come between two frames: they
        are steps behind this one, and what they lock is left alone from then on.
        """
        started = time.perf_counter()
        to_do = self._anchors_to_do(self.transaction.state)
        done, total = 0, self._count(to_do)
        try:
            for frame_index in filter(self._is_left, to_do):
                current = self._begin_round(frame_index)
                failures = 0
                while (segment := current.next_segment(self.store.state.locked_keys)) is not None:
                    try:
                        for propagated in self._propagate(current, segment):
                            current.add(propagated)
                            failures, done = 0, done + 1
                            progress = Progress(done, total, time.perf_counter() - started)
                            yield self._frame_mask(propagated.frame_index, progress)
                            self.on_resumed()
                            if current.has_locked(self.store.state.locked_keys):
                                break
                    except RuntimeError as error:
                        if not is_out_of_memory(error):
                            raise
                        failures += 1
                    # Outside of the handler, whose error still holds the tensors of the frame.
                    if failures:
                        self.context.out_of_memory.free_memory(failures)
        except Exception:
            if not done:
                self.transaction.revert()
            raise
        finally:
            self.transaction.close()

    def _anchors_to_do(self, state: SessionState) -> list[int]:
        """Return the frames to propagate from, in order."""
        if not state.active_keys:
            raise NotReadyError("Draw an object on a frame before propagating.")
        if all(tracked.is_locked for tracked in state.active):
            raise NotReadyError("Every object is locked: unlock one before propagating.")
        if self.frame_index is not None:
            framed = state.draft(self.frame_index) or state.anchor_frame(self.frame_index)
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
        state = self.transaction.state
        total = 0
        for frame_index in to_do:
            segments = self._segments(state, frame_index)
            if state.draft(frame_index) is not None:
                record = self.transaction.record(frame_index)
                assert record is not None, "a draft has a mask"
                state = state.commit(_committed(state, frame_index, record))
            total += sum(len(segment.frames(segment.limits(state.anchored))) for segment in segments)
        return total

    def _segments(self, state: SessionState, frame_index: int) -> tuple[Segment, ...]:
        """Return the segments from a frame: the unfinished ones, or all."""
        unfinished = [segment for segment in state.unfinished if segment.anchor == frame_index]
        draft, anchor = state.draft(frame_index), state.anchor_frame(frame_index)
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

    def _is_left(self, frame_index: int) -> bool:
        """Return whether there is still something to propagate from a frame.

        The segments of an anchor committed meanwhile may cover what was left of a cancelled propagation.
        """
        state = self.transaction.state
        is_draft = state.draft(frame_index) is not None
        return is_draft or self.frame_index is not None or bool(self._segments(state, frame_index))

    def _begin_round(self, frame_index: int) -> _RunningRound:
        """Commit a frame; what is to be propagated from there is unfinished from now on."""
        segments = self._segments(self.transaction.state, frame_index)
        anchor = self._commit(frame_index)
        state = self.transaction.state
        # Anchors committed since a propagation was cancelled may have left its objects no frame to go to.
        left = tuple(segment for segment in segments if segment.frames(segment.limits(state.anchored)))
        current = _RunningRound(self.transaction, anchor, left, bank_length=len(state.anchor_frames))
        self.transaction.write({}, lambda state: replace(state, unfinished=(*state.unfinished, *left)))
        if not segments:
            current.write()
        return current

    def _propagate(self, current: _RunningRound, segment: Segment) -> Generator[PropagatedFrame, None, None]:
        """Return a propagation along a segment, or what is left of it."""
        self.context.runner.features.begin_pass()
        return propagate(self.context, self.bank, self.transaction, current.anchor, segment)

    def _frame_mask(self, frame_index: int, progress: Progress) -> FrameMask:
        state, record = self.store.snapshot(frame_index)
        return FrameMask(frame_index, self.context.mask_store.read_ids(record, state.stacked_keys), progress)

    def _commit(self, frame_index: int) -> AnchorFrame:
        """Turn a draft into an anchor; a frame that is an anchor already stays as it is."""
        state, record = self.transaction.state, self.transaction.record(frame_index)
        draft = state.draft(frame_index)
        if draft is None:
            anchor = state.anchor_frame(frame_index)
            assert anchor is not None, "checked when planned"
            self.transaction.write({}, lambda state: state.without_resumable(frame_index))
            return anchor
        assert record is not None, "a draft has a mask"
        hard = self._harden(record, state, draft)
        anchor = _committed(state, frame_index, hard)
        keep_older = self.bank.options.keep_recorrected_entries
        changed = {} if hard is record else {frame_index: hard}

        def commit(state: SessionState) -> SessionState:
            drawn_since = state.draft(frame_index)
            if drawn_since is None:  # the frame was reset since
                return state
            committed = state.commit(anchor, keep_older=keep_older)
            if drawn_since.corrections == draft.corrections:
                return committed
            return committed.with_draft(replace(drawn_since, base=hard))

        self.transaction.write(changed, commit)
        return anchor

    def _harden(self, record: FrameRecord, state: SessionState, draft: Draft) -> FrameRecord:
        """Make a drafted frame's probabilities hard: what the user drew is certain."""
        if record.is_hard:
            return record
        ids = self.context.mask_store.read_ids(record, state.keys)
        known = [key for key in state.active_keys if key in record.prob.known]
        return with_agreements_of(self.context.record_from_ids(ids, known), record, draft.objects)


@dataclass(eq=False)
class _RunningRound:
    """A round under way, written to the state frame by frame. left: its segments, or what is left of them."""

    transaction: Transaction
    anchor: AnchorFrame
    left: tuple[Segment, ...]
    bank_length: int
    _reached: set[int] = field(default_factory=set)
    _before: dict[int, FrameRecord | None] = field(default_factory=dict)
    _after: dict[int, FrameRecord | None] = field(default_factory=dict)
    _earlier: tuple[RoundRecord, ...] = field(init=False)
    _started: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        self._earlier = self.transaction.state.rounds

    def next_segment(self, locked: AbstractSet[ObjectKey]) -> Segment | None:
        """Return the next segment; objects that are locked now stay unfinished."""
        while self.left:
            segment = self.left[0]
            free = segment.objects - locked
            if free == segment.objects:
                return segment
            parts = tuple(replace(segment, objects=part) for part in (free, segment.objects - free) if part)
            self._replace_first(parts[:1] if free else (), unfinished=parts)
        return None

    def has_locked(self, locked: AbstractSet[ObjectKey]) -> bool:
        """Return whether an object of the segment under way is locked now."""
        return bool(self.left and self.left[0].objects & locked)

    def add(self, propagated: PropagatedFrame) -> None:
        """Add a frame of the first segment."""
        frame_index = propagated.frame_index
        self._reached.add(frame_index)
        if propagated.after is not propagated.before:
            self._before[frame_index], self._after[frame_index] = propagated.before, propagated.after
        rest = (propagated.rest,) if propagated.rest else ()
        self._replace_first(rest, unfinished=rest)
        self.write()

    def write(self) -> None:
        """Write what the round has done so far."""
        frame = self.anchor.frame_index
        done = RoundRecord(
            anchor=frame,
            first=min(self._reached | {frame}),
            last=max(self._reached | {frame}),
            changed_frames=tuple(sorted(self._after)),
            bank_length=self.bank_length,
            elapsed_s=time.perf_counter() - self._started,
            keys=self.transaction.state.keys,
            records_before={frame: self.anchor.base, **self._before},
            records_after={frame: self.anchor.record, **self._after},
        )
        self.transaction.write({}, lambda state: replace(state, rounds=(*self._earlier, done)))

    def _replace_first(self, left: tuple[Segment, ...], *, unfinished: tuple[Segment, ...]) -> None:
        """Replace the first segment, in the state by what is unfinished of it."""
        first, self.left = self.left[0], (*left, *self.left[1:])

        def change(state: SessionState) -> SessionState:
            # After a later step, objects of the segment may be gone.
            kept: list[Segment] = []
            for segment in state.unfinished:
                same = (segment.anchor, segment.start, segment.end) == (first.anchor, first.start, first.end)
                if not same or not segment.objects & first.objects:
                    kept.append(segment)
                    continue
                parts = (replace(part, objects=part.objects & segment.objects) for part in unfinished)
                kept += [part for part in parts if part.objects]
            return replace(state, unfinished=tuple(kept))

        self.transaction.write({}, change)


def _committed(state: SessionState, frame_index: int, record: FrameRecord) -> AnchorFrame:
    """Return a drafted frame as an anchor of its objects and of those of an earlier anchor there."""
    draft, earlier = state.draft(frame_index), state.anchor_frame(frame_index)
    assert draft is not None, "only drafts are committed"
    objects = draft.objects | earlier.objects if earlier else draft.objects
    return AnchorFrame(frame_index, record, draft.base, objects)
