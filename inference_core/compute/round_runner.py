"""One round at work: walk an anchor's legs, fuse where another anchor waits, write what comes out."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from torch import Tensor

from inference_core.advice import Witness, agree
from inference_core.compute.workshop import Workshop
from inference_core.device import is_out_of_memory
from inference_core.fusion import Evidence, fuse_frame, split_change
from inference_core.memory_bank import AnchorEntry, nearest_anchors
from inference_core.propagation import Competition, Walked, WalkPlan, walk
from inference_core.rounds import Round
from inference_core.state.history import Transaction
from inference_core.state.ledger import Anchor, Ledger
from inference_core.state.legs import Leg
from inference_core.tracks import ObjectKey, PackedProb, Record
from inference_core.values import Agreement, UInt8Array


@dataclass(eq=False)
class RoundRunner:
    """Runs one round. Close the generator of `run` to stop it; `unfinished` then tells what is left."""

    workshop: Workshop
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
                self.workshop.make_room(failures)

    def _walk(self) -> Generator[int, None, None]:
        """Walk the next leg, or what is left of it; yield each frame once it is written."""
        leg, *later = self._rest
        near = nearest_anchors(self._ledger.anchors, leg.anchor, self.workshop.options.max_anchors)
        entries = self.workshop.bank.entries(near, self._ledger.active_keys)
        plan = self._plan(leg, entries)
        evidence = self._evidence(leg, entries)
        witnesses = self._witnesses(plan)
        for walked in walk(self.workshop.engine, plan):
            self._write(walked, plan, evidence, witnesses)
            self._rest = [*([plan.rest] if plan.rest else []), *later]
            yield walked.frame_index

    def _plan(self, leg: Leg, entries: list[AnchorEntry]) -> WalkPlan:
        ledger, known = self._ledger, set(self.anchor.record.prob.known)
        store = self.workshop.prob_store(ledger)
        held = [
            row for row, tracked in enumerate(ledger.active) if tracked.is_locked or tracked.key not in known
        ]
        free = [row for row in range(len(ledger.active)) if row not in held]

        def stored(frame_index: int) -> PackedProb | None:
            record = self._before_walk(frame_index)
            return record.prob if record else None

        competition = Competition(free, held, store, stored)
        start = store.restore(self.anchor.record.prob)
        return WalkPlan(leg, entries, start, competition, self.workshop.options)

    def _before_walk(self, frame_index: int) -> Record | None:
        """Return what a frame holds, its draft aside."""
        ledger, record = self.transaction.state.look(frame_index)
        draft = ledger.draft(frame_index)
        return draft.base if draft else record

    def _evidence(self, leg: Leg, entries: list[AnchorEntry]) -> tuple[Evidence, frozenset[int]] | None:
        """Return what fusion needs and the rows that the anchor at the leg's end knows; None without one."""
        limit = self._ledger.anchor(leg.limit) if leg.limit is not None else None
        if limit is None:
            return None
        store = self.workshop.prob_store(self._ledger)
        base = self.anchor.base
        change = split_change(
            store.restore(self.anchor.record.prob), store.restore(base.prob if base else None)
        )
        key = _entry_of(entries, leg.anchor).entry.key
        known = set(limit.record.prob.known)
        rows = frozenset(row for row, name in enumerate(self._ledger.active_keys) if name in known)
        return Evidence(leg.anchor, limit.frame_index, key, change), rows

    def _witnesses(self, plan: WalkPlan) -> list[Witness]:
        """Return the walk's own anchor, and the one at its end where that knows all that is walked."""
        leg, store = plan.leg, plan.competition.store
        own = Witness(leg.anchor, _entry_of(plan.anchors, leg.anchor).entry.key, plan.start)
        limit = self._ledger.anchor(leg.limit) if leg.limit is not None else None
        is_read = any(entry.frame_index == leg.limit for entry in plan.anchors)
        if limit is None or not is_read or set(self.anchor.record.prob.known) - set(limit.record.prob.known):
            return [own]
        key = _entry_of(plan.anchors, limit.frame_index).entry.key
        return [own, Witness(limit.frame_index, key, store.restore(limit.record.prob))]

    def _write(
        self,
        walked: Walked,
        plan: WalkPlan,
        evidence: tuple[Evidence, frozenset[int]] | None,
        witnesses: Sequence[Witness],
    ) -> None:
        """Give a frame its new mask."""
        frame_index = walked.frame_index
        ledger, record = self.transaction.state.look(frame_index)
        before = self._before_walk(frame_index)
        packed, prob = self._fuse(walked, plan, evidence, before)
        nearest = min(witnesses, key=lambda witness: abs(witness.frame_index - frame_index))
        agreements = agree(self.workshop.engine, walked.query, nearest, prob)
        ids = self.workshop.derive_ids(packed, ledger, walked.pixels)
        if plan.competition.held:
            held = [ledger.active_keys[row] for row in plan.competition.held]
            ids = keep_held(ids, self.workshop.tracks.read_ids(before, held), held)
        after = replace(
            self.workshop.tracks.pack(packed, ids, is_firm=False),
            agreements=self._aligned(agreements, packed, plan, before),
        )
        draft = ledger.draft(frame_index)
        if draft and record:
            ledger = ledger.with_draft(replace(draft, base=after))
            after = self._complete_draft(record, after)
        if after is not record:
            self._before[frame_index], self._after[frame_index] = record, after
        self._reached.add(frame_index)
        self.transaction.write({frame_index: after} if after is not record else {}, ledger)

    def _aligned(
        self, agreements: Sequence[Agreement], packed: PackedProb, plan: WalkPlan, before: Record | None
    ) -> tuple[Agreement | None, ...]:
        """Bring the rows' agreements into the order of what is packed; held objects keep what they had."""
        by_key: dict[ObjectKey, Agreement | None] = {}
        if before is not None and before.agreements:
            by_key.update(zip(before.prob.known, before.agreements, strict=True))
        by_key.update((plan.competition.store.keys[row], agreements[row]) for row in plan.competition.free)
        return tuple(by_key.get(key) for key in packed.known)

    def _complete_draft(self, record: Record, walked: Record) -> Record:
        """A draft keeps what the editor drew; objects of which it says nothing come in behind that."""
        missing = [key for key in walked.present if key not in record.prob.known]
        if not missing:
            return record
        tracks = self.workshop.tracks
        ids = tracks.read_ids(record, record.prob.known)
        ids = np.where(ids > 0, ids, tracks.read_ids(walked, missing))
        known = {*record.prob.known, *missing}
        return self.workshop.firm_record(ids, [key for key in self._ledger.active_keys if key in known])

    def _fuse(
        self,
        walked: Walked,
        plan: WalkPlan,
        evidence: tuple[Evidence, frozenset[int]] | None,
        before: Record | None,
    ) -> tuple[PackedProb, Tensor]:
        """Blend with what the frame held, for the objects of which that and the other anchor know.

        Returns it packed, and as (K, h, w) float32.
        """
        if evidence is None or before is None:
            return walked.packed, walked.prob
        known = set(before.prob.known)
        rows = [row for row in sorted(evidence[1]) if self._ledger.active_keys[row] in known]
        if not set(rows) & set(plan.competition.free):
            return walked.packed, walked.prob
        old = plan.competition.store.restore(before.prob)
        fused = fuse_frame(
            self.workshop.engine,
            walked.image,
            walked.query,
            (old, walked.prob),
            step=(evidence[0], walked.frame_index),
        )
        own = walked.prob.clone()
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
