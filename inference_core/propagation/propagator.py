"""One round: propagate along an anchor's segments, fuse where another anchor waits, write what comes out."""

from __future__ import annotations

import time
from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from torch import Tensor

from inference_core.propagation.confidence import ReferenceMask, agree, with_agreements_of
from inference_core.propagation.fusion import ChangeAttention, fuse_frame, split_change
from inference_core.propagation.memory import AnchorEntry, MemoryBank, nearest_anchors
from inference_core.propagation.object_merger import ObjectMerger
from inference_core.propagation.segment import PropagatedFrame, SegmentPlan, propagate
from inference_core.runtime.device import is_out_of_memory
from inference_core.runtime.session_context import SessionContext
from inference_core.state.frame_record import FrameRecord, ObjectKey, PackedProb
from inference_core.state.history import Transaction
from inference_core.state.round import Round
from inference_core.state.segments import Segment
from inference_core.state.session_state import Anchor, SessionState
from inference_core.types import Agreement, UInt8Array


@dataclass(eq=False)
class Propagator:
    """Runs one round. Close the generator of `run` to stop it; `unfinished` is then what is left."""

    context: SessionContext
    bank: MemoryBank
    transaction: Transaction
    anchor: Anchor
    segments: tuple[Segment, ...]
    _state: SessionState = field(init=False)
    _rest: list[Segment] = field(init=False)
    _before: dict[int, FrameRecord | None] = field(default_factory=dict)
    _after: dict[int, FrameRecord | None] = field(default_factory=dict)
    _reached: set[int] = field(default_factory=set)
    _bank_length: int = 0
    _elapsed_s: float = 0.0

    def __post_init__(self) -> None:
        self._state = self.transaction.store.state
        self._rest = list(self.segments)

    @property
    def unfinished(self) -> tuple[Segment, ...]:
        """Segments, or what is left of them, that are still to be propagated."""
        return tuple(self._rest)

    @property
    def finished(self) -> Round:
        """What the round did."""
        frame = self.anchor.frame_index
        reached = self._reached | {frame}
        return Round(
            anchor=frame,
            first=min(reached),
            last=max(reached),
            changed_frames=tuple(sorted(self._after)),
            bank_length=self._bank_length,
            elapsed_s=self._elapsed_s,
            keys=self._state.keys,
            records_before={frame: self.anchor.base, **self._before},
            records_after={frame: self.anchor.record, **self._after},
            mask_store=self.context.mask_store,
        )

    @property
    def has_done_anything(self) -> bool:
        return bool(self._reached) or not self.segments

    def run(self) -> Generator[int, None, None]:
        """Propagate along every segment; yield each frame once its new mask can be read."""
        started = time.perf_counter()
        self._bank_length = len(self._state.anchors)
        while self._rest:
            self.context.runner.features.begin_pass()
            for frame_index in self._propagate_despite_full_memory():
                self._elapsed_s = time.perf_counter() - started
                yield frame_index

    def _propagate_despite_full_memory(self) -> Generator[int, None, None]:
        """Propagate along the next segment; where memory runs out, free some and do that frame again."""
        segments_left = len(self._rest) - 1
        failures = 0
        while len(self._rest) > segments_left:
            try:
                for frame_index in self._propagate():
                    failures = 0
                    yield frame_index
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                failures += 1
            # Outside of the handler, whose error still holds the tensors of the frame.
            if failures:
                self.context.out_of_memory.free_memory(failures)

    def _propagate(self) -> Generator[int, None, None]:
        """Propagate along the next segment, or what is left of it; yield each frame once it is written."""
        segment, *later = self._rest
        near = nearest_anchors(self._state.anchors, segment.anchor, self.bank.options.max_anchors)
        entries = self.bank.entries(near, self._state.active_keys)
        plan = self._plan(segment, entries)
        changes = self._change_attention(plan)
        references = self._references(plan)
        for propagated in propagate(self.context.runner, plan):
            self._write(propagated, plan, changes, references)
            self._rest = [*([plan.rest] if plan.rest else []), *later]
            yield propagated.frame_index
        self._rest = later  # also where the segment's objects had no frame left to go to

    def _plan(self, segment: Segment, entries: list[AnchorEntry]) -> SegmentPlan:
        state = self._state
        codec = self.context.codec(state)
        limits, unlocked = segment.limits(state.anchored), state.unlocked_keys
        rows = {
            row: limits[key] for row, key in enumerate(state.active_keys) if key in limits and key in unlocked
        }

        def stored(frame_index: int) -> PackedProb | None:
            record = self._before_draft(frame_index)
            return record.prob if record else None

        merger = ObjectMerger(rows, segment.step, codec, stored)
        # As the frame is now, not as it was committed: other objects may have been propagated to it since.
        start = codec.decode(stored(segment.anchor))
        return SegmentPlan(segment, limits, entries, start, merger, self.bank.options)

    def _before_draft(self, frame_index: int) -> FrameRecord | None:
        """Return what a frame holds without its draft."""
        state, record = self.transaction.store.snapshot(frame_index)
        draft = state.draft(frame_index)
        return draft.base if draft else record

    def _change_attention(self, plan: SegmentPlan) -> dict[int, ChangeAttention]:
        """Return what fusion needs, for each anchor that an object runs towards."""
        segment, codec, base = plan.segment, plan.merger.codec, self.anchor.base
        limits = {limit for limit in plan.merger.limits.values() if limit is not None}
        if not limits:
            return {}
        change = split_change(
            codec.decode(self.anchor.record.prob), codec.decode(base.prob if base else None)
        )
        key = _entry_of(plan.anchors, segment.anchor).entry.key
        return {limit: ChangeAttention(segment.anchor, limit, key, change) for limit in limits}

    def _references(self, plan: SegmentPlan) -> dict[int, ReferenceMask]:
        """Return the segment's anchor and, where memory holds them, those that its objects run towards."""
        own = plan.segment.anchor
        references = {own: ReferenceMask(own, _entry_of(plan.anchors, own).entry.key, plan.start)}
        read = {entry.frame_index for entry in plan.anchors}
        for limit in read.intersection(plan.merger.limits.values()):
            anchor = self._state.anchor(limit)
            assert anchor is not None, "it is in memory"
            prob = plan.merger.codec.decode(anchor.record.prob)
            references[limit] = ReferenceMask(limit, _entry_of(plan.anchors, limit).entry.key, prob)
        return references

    def _agreements(
        self,
        propagated: PropagatedFrame,
        prob: Tensor,
        plan: SegmentPlan,
        references: Mapping[int, ReferenceMask],
    ) -> dict[int, Agreement]:
        """Compare each row that was propagated with the nearer of the anchors that it lies between."""
        rows_of: dict[int, list[int]] = {}
        for row in plan.merger.free(propagated.frame_index):
            near = (plan.segment.anchor, plan.merger.limits[row])
            frames = [frame for frame in near if frame is not None and frame in references]
            nearest = min(frames, key=lambda frame: abs(frame - propagated.frame_index))
            rows_of.setdefault(nearest, []).append(row)
        agreements: dict[int, Agreement] = {}
        for frame, rows in rows_of.items():
            compared = agree(self.context.runner, propagated.query, references[frame], prob)
            agreements.update((row, compared[row]) for row in rows)
        return agreements

    def _write(
        self,
        propagated: PropagatedFrame,
        plan: SegmentPlan,
        changes: Mapping[int, ChangeAttention],
        references: Mapping[int, ReferenceMask],
    ) -> None:
        """Give a frame its new mask."""
        frame_index = propagated.frame_index
        state, record = self.transaction.store.snapshot(frame_index)
        before = self._before_draft(frame_index)
        packed, prob = self._fuse(propagated, plan, changes, before)
        agreements = self._agreements(propagated, prob, plan, references)
        ids = self.context.derive_ids(packed, state, propagated.pixels)
        rows = plan.merger.held(frame_index)
        if rows:
            held = [state.active_keys[row] for row in rows]
            ids = keep_held(ids, self.context.mask_store.read_ids(before, held), held)
        after = replace(
            self.context.mask_store.pack(packed, ids, is_hard=False),
            agreements=self._aligned(agreements, packed, before),
        )
        draft = state.draft(frame_index)
        if draft and record:
            state = state.with_draft(replace(draft, base=after))
            arrived = {self._state.active_keys[row] for row in plan.merger.free(frame_index)}
            after = self._complete_draft(record, after, arrived - draft.objects)
        if after is not record:
            self._before[frame_index], self._after[frame_index] = record, after
        self._reached.add(frame_index)
        self.transaction.write({frame_index: after} if after is not record else {}, state)

    def _aligned(
        self, agreements: Mapping[int, Agreement], packed: PackedProb, before: FrameRecord | None
    ) -> tuple[Agreement | None, ...]:
        """Return the rows' agreements in the order of what is packed; held objects keep what they had."""
        by_key: dict[ObjectKey, Agreement | None] = {}
        if before is not None and before.agreements:
            by_key.update(zip(before.prob.known, before.agreements, strict=True))
        by_key.update((self._state.active_keys[row], agreement) for row, agreement in agreements.items())
        return tuple(by_key.get(key) for key in packed.known)

    def _complete_draft(
        self, record: FrameRecord, propagated: FrameRecord, arrived: Collection[ObjectKey]
    ) -> FrameRecord:
        """A draft keeps what the user drew; other objects that were propagated come in behind that."""
        if not any(key in record.present or key in propagated.present for key in arrived):
            return record
        mask_store = self.context.mask_store
        keys = [key for key in self._state.active_keys if key in record.prob.known or key in arrived]
        drawn = [key for key in keys if key not in arrived]
        ids = mask_store.read_ids(record, drawn)
        ids = np.where(ids > 0, ids, mask_store.read_ids(propagated, list(arrived)))
        return with_agreements_of(self.context.record_from_ids(ids, keys), propagated, drawn)

    def _fuse(
        self,
        propagated: PropagatedFrame,
        plan: SegmentPlan,
        changes: Mapping[int, ChangeAttention],
        before: FrameRecord | None,
    ) -> tuple[PackedProb, Tensor]:
        """Blend with what the frame held, for the objects that run towards an anchor and were there before.

        Returns it packed, and as (K, h, w) float32.
        """
        by_limit: dict[int, list[int]] = {}
        for row in plan.merger.free(propagated.frame_index):
            limit, key = plan.merger.limits[row], self._state.active_keys[row]
            if limit is not None and before is not None and key in before.prob.known:
                by_limit.setdefault(limit, []).append(row)
        if before is None or not by_limit:
            return propagated.packed, propagated.prob
        old = plan.merger.codec.decode(before.prob)
        own = propagated.prob.clone()
        for limit, rows in by_limit.items():
            fused = fuse_frame(self.context.runner, propagated, old=old, change=changes[limit])
            own[rows] = fused[rows]
        return plan.merger.merge(own, propagated.frame_index)


def _entry_of(entries: Sequence[AnchorEntry], frame_index: int) -> AnchorEntry:
    """Return an anchor's newest entry."""
    return [entry for entry in entries if entry.frame_index == frame_index][-1]


def keep_held(ids: UInt8Array, before: UInt8Array, held: Sequence[ObjectKey]) -> UInt8Array:
    """Give held objects exactly the pixels they had: ids (H, W) uint8, before with held objects alone."""
    out = ids.copy()
    out[np.isin(ids, [key.object_id for key in held])] = 0
    return np.where(before > 0, before, out)
