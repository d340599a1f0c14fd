"""One round at work: walk an anchor's legs, fuse where another anchor waits, write what comes out."""

from __future__ import annotations

import time
from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from torch import Tensor

from inference_core.propagation.confidence import Witness, agree, with_agreements_of
from inference_core.propagation.fusion import Evidence, fuse_frame, split_change
from inference_core.propagation.memory import AnchorEntry, MemoryBank, nearest_anchors
from inference_core.propagation.segment import Competition, Walked, WalkPlan, walk
from inference_core.runtime.device import is_out_of_memory
from inference_core.runtime.session_context import Workshop
from inference_core.state.history import Transaction
from inference_core.state.mask_store import ObjectKey, PackedProb, Record
from inference_core.state.round import Round
from inference_core.state.segments import Leg
from inference_core.state.session_state import Anchor, Ledger
from inference_core.types import Agreement, UInt8Array


@dataclass(eq=False)
class RoundRunner:
    """Runs one round. Close the generator of `run` to stop it; `unfinished` then tells what is left."""

    workshop: Workshop
    bank: MemoryBank
    transaction: Transaction
    anchor: Anchor
    legs: tuple[Leg, ...]
    _ledger: Ledger = field(init=False)
    _rest: list[Leg] = field(init=False)
    _before: dict[int, Record | None] = field(default_factory=dict)
    _after: dict[int, Record | None] = field(default_factory=dict)
    _reached: set[int] = field(default_factory=set)
    _bank_length: int = 0
    _elapsed_s: float = 0.0

    def __post_init__(self) -> None:
        self._ledger = self.transaction.state.ledger
        self._rest = list(self.legs)

    @property
    def unfinished(self) -> tuple[Leg, ...]:
        """Legs, or what is left of them, that are still to be walked."""
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
            keys=self._ledger.keys,
            records_before={frame: self.anchor.base, **self._before},
            records_after={frame: self.anchor.record, **self._after},
            tracks=self.workshop.tracks,
        )

    @property
    def has_done_anything(self) -> bool:
        return bool(self._reached) or not self.legs

    def run(self) -> Generator[int, None, None]:
        """Walk every leg; yield each frame once its new mask can be read."""
        started = time.perf_counter()
        self._bank_length = len(self._ledger.anchors)
        while self._rest:
            self.workshop.engine.features.begin_sweep()
            for frame_index in self._walk_despite_full_memory():
                self._elapsed_s = time.perf_counter() - started
                yield frame_index

    def _walk_despite_full_memory(self) -> Generator[int, None, None]:
        """Walk the next leg; where memory runs out, do that frame again with what room there is."""
        legs_left = len(self._rest) - 1
        failures = 0
        while len(self._rest) > legs_left:
            try:
                for frame_index in self._walk():
                    failures = 0
                    yield frame_index
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                failures += 1
            # Outside of the handler, whose error still holds the tensors of the walk.
            if failures:
                self.workshop.out_of_memory.make_room(failures)

    def _walk(self) -> Generator[int, None, None]:
        """Walk the next leg, or what is left of it; yield each frame once it is written."""
        leg, *later = self._rest
        near = nearest_anchors(self._ledger.anchors, leg.anchor, self.bank.options.max_anchors)
        entries = self.bank.entries(near, self._ledger.active_keys)
        plan = self._plan(leg, entries)
        evidence = self._evidence(plan)
        witnesses = self._witnesses(plan)
        for walked in walk(self.workshop.engine, plan):
            self._write(walked, plan, evidence, witnesses)
            self._rest = [*([plan.rest] if plan.rest else []), *later]
            yield walked.frame_index
        self._rest = later  # also where the leg's objects had no frame left to go to

    def _plan(self, leg: Leg, entries: list[AnchorEntry]) -> WalkPlan:
        ledger = self._ledger
        store = self.workshop.prob_store(ledger)
        limits, unlocked = leg.limits(ledger.anchored), ledger.unlocked_keys
        rows = {
            row: limits[key]
            for row, key in enumerate(ledger.active_keys)
            if key in limits and key in unlocked
        }

        def stored(frame_index: int) -> PackedProb | None:
            record = self._before_walk(frame_index)
            return record.prob if record else None

        competition = Competition(rows, leg.step, store, stored)
        # As the frame is, not as it was committed: what propagations brought since is there to be seen.
        start = store.restore(stored(leg.anchor))
        return WalkPlan(leg, limits, entries, start, competition, self.bank.options)

    def _before_walk(self, frame_index: int) -> Record | None:
        """Return what a frame holds, its draft aside."""
        ledger, record = self.transaction.state.look(frame_index)
        draft = ledger.draft(frame_index)
        return draft.base if draft else record

    def _evidence(self, plan: WalkPlan) -> dict[int, Evidence]:
        """Return what fusion needs on the way to each anchor that an object runs towards."""
        leg, store, base = plan.leg, plan.competition.store, self.anchor.base
        limits = {limit for limit in plan.competition.limits.values() if limit is not None}
        if not limits:
            return {}
        change = split_change(
            store.restore(self.anchor.record.prob), store.restore(base.prob if base else None)
        )
        key = _entry_of(plan.anchors, leg.anchor).entry.key
        return {limit: Evidence(leg.anchor, limit, key, change) for limit in limits}

    def _witnesses(self, plan: WalkPlan) -> dict[int, Witness]:
        """Return the walk's own anchor and, where memory holds them, those that its objects run towards."""
        own = plan.leg.anchor
        witnesses = {own: Witness(own, _entry_of(plan.anchors, own).entry.key, plan.start)}
        read = {entry.frame_index for entry in plan.anchors}
        for limit in read.intersection(plan.competition.limits.values()):
            anchor = self._ledger.anchor(limit)
            assert anchor is not None, "it is in memory"
            prob = plan.competition.store.restore(anchor.record.prob)
            witnesses[limit] = Witness(limit, _entry_of(plan.anchors, limit).entry.key, prob)
        return witnesses

    def _agreements(
        self, walked: Walked, prob: Tensor, plan: WalkPlan, witnesses: Mapping[int, Witness]
    ) -> dict[int, Agreement]:
        """Ask for each row that the walk brought the nearer of the anchors that it lies between."""
        asked: dict[int, list[int]] = {}
        for row in plan.competition.free(walked.frame_index):
            near = (plan.leg.anchor, plan.competition.limits[row])
            frames = [frame for frame in near if frame is not None and frame in witnesses]
            nearest = min(frames, key=lambda frame: abs(frame - walked.frame_index))
            asked.setdefault(nearest, []).append(row)
        agreements: dict[int, Agreement] = {}
        for frame, rows in asked.items():
            said = agree(self.workshop.engine, walked.query, witnesses[frame], prob)
            agreements.update((row, said[row]) for row in rows)
        return agreements

    def _write(
        self,
        walked: Walked,
        plan: WalkPlan,
        evidence: Mapping[int, Evidence],
        witnesses: Mapping[int, Witness],
    ) -> None:
        """Give a frame its new mask."""
        frame_index = walked.frame_index
        ledger, record = self.transaction.state.look(frame_index)
        before = self._before_walk(frame_index)
        packed, prob = self._fuse(walked, plan, evidence, before)
        agreements = self._agreements(walked, prob, plan, witnesses)
        ids = self.workshop.derive_ids(packed, ledger, walked.pixels)
        rows = plan.competition.held(frame_index)
        if rows:
            held = [ledger.active_keys[row] for row in rows]
            ids = keep_held(ids, self.workshop.tracks.read_ids(before, held), held)
        after = replace(
            self.workshop.tracks.pack(packed, ids, is_firm=False),
            agreements=self._aligned(agreements, packed, before),
        )
        draft = ledger.draft(frame_index)
        if draft and record:
            ledger = ledger.with_draft(replace(draft, base=after))
            brought = {self._ledger.active_keys[row] for row in plan.competition.free(frame_index)}
            after = self._complete_draft(record, after, brought - draft.objects)
        if after is not record:
            self._before[frame_index], self._after[frame_index] = record, after
        self._reached.add(frame_index)
        self.transaction.write({frame_index: after} if after is not record else {}, ledger)

    def _aligned(
        self, agreements: Mapping[int, Agreement], packed: PackedProb, before: Record | None
    ) -> tuple[Agreement | None, ...]:
        """Bring the rows' agreements into the order of what is packed; held objects keep what they had."""
        by_key: dict[ObjectKey, Agreement | None] = {}
        if before is not None and before.agreements:
            by_key.update(zip(before.prob.known, before.agreements, strict=True))
        by_key.update((self._ledger.active_keys[row], agreement) for row, agreement in agreements.items())
        return tuple(by_key.get(key) for key in packed.known)

    def _complete_draft(self, record: Record, walked: Record, brought: Collection[ObjectKey]) -> Record:
        """A draft keeps what the editor drew; what a walk brought of other objects comes in behind that."""
        if not any(key in record.present or key in walked.present for key in brought):
            return record
        tracks = self.workshop.tracks
        keys = [key for key in self._ledger.active_keys if key in record.prob.known or key in brought]
        drawn = [key for key in keys if key not in brought]
        ids = tracks.read_ids(record, drawn)
        ids = np.where(ids > 0, ids, tracks.read_ids(walked, list(brought)))
        return with_agreements_of(self.workshop.firm_record(ids, keys), walked, drawn)

    def _fuse(
        self, walked: Walked, plan: WalkPlan, evidence: Mapping[int, Evidence], before: Record | None
    ) -> tuple[PackedProb, Tensor]:
        """Blend with what the frame held, for the objects that run towards an anchor and were there before.

        Returns it packed, and as (K, h, w) float32.
        """
        by_limit: dict[int, list[int]] = {}
        for row in plan.competition.free(walked.frame_index):
            limit, key = plan.competition.limits[row], self._ledger.active_keys[row]
            if limit is not None and before is not None and key in before.prob.known:
                by_limit.setdefault(limit, []).append(row)
        if before is None or not by_limit:
            return walked.packed, walked.prob
        old = plan.competition.store.restore(before.prob)
        own = walked.prob.clone()
        for limit, rows in by_limit.items():
            fused = fuse_frame(
                self.workshop.engine,
                walked.image,
                walked.query,
                (old, walked.prob),
                step=(evidence[limit], walked.frame_index),
            )
            own[rows] = fused[rows]
        return plan.competition.settle(own, walked.frame_index)


def _entry_of(entries: Sequence[AnchorEntry], frame_index: int) -> AnchorEntry:
    """Return an anchor's newest entry."""
    return [entry for entry in entries if entry.frame_index == frame_index][-1]


def keep_held(ids: UInt8Array, before: UInt8Array, held: Sequence[ObjectKey]) -> UInt8Array:
    """Give held objects exactly the pixels they had: ids (H, W) uint8, before with held objects alone."""
    out = ids.copy()
    out[np.isin(ids, [key.object_id for key in held])] = 0
    return np.where(before > 0, before, out)
