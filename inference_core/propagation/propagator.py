"""Propagation along one segment: read, decode, aggregate, memorize, fuse, write, one frame a yield."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from torch import Tensor

from inference_core.propagation.confidence import ReferenceMask, SegmentReferences
from inference_core.propagation.frame_writer import FrameWriter
from inference_core.propagation.fusion import SegmentFusion, split_change
from inference_core.propagation.memory import AnchorEntry, MemoryBank, nearest_anchors
from inference_core.propagation.object_merger import ObjectMerger
from inference_core.propagation.segment_memory import SegmentMemory
from inference_core.runtime.probability_codec import ProbabilityCodec
from inference_core.runtime.session_context import SessionContext
from inference_core.state.frame_record import FrameRecord, PackedProb
from inference_core.state.history import Transaction
from inference_core.state.segments import MemorizedFrame, Segment
from inference_core.state.session_state import AnchorFrame, SessionState


@dataclass(frozen=True, eq=False)
class PropagatedFrame:
    """One frame that was propagated and written.

    before, after  its record before and now; the same where the user's draft covers what was propagated.
    rest           what remains of the segment, None at its end. Propagating that gives the same frames, bit
                   for bit, as if the propagation had not been stopped here.
    """

    frame_index: int
    before: FrameRecord | None
    after: FrameRecord
    rest: Segment | None


def propagate(
    context: SessionContext, bank: MemoryBank, transaction: Transaction, anchor: AnchorFrame, segment: Segment
) -> Generator[PropagatedFrame, None, None]:
    """Propagate from an anchor along a segment, or what is left of it (MiVOS, sections 3.2 and 3.4).

    anchor  the segment's own, as it was just committed: what the user changed there steers fusion.
    """
    runner, state = context.runner, transaction.state
    codec, writer = context.codec(state), FrameWriter(context, transaction, state.active_keys)
    limits = segment.limits(state.anchored)
    frames = segment.frames(limits)
    merger = _merger(segment, state, writer, codec)
    near = nearest_anchors(state.anchor_frames, segment.anchor, bank.options.max_anchors)
    entries = bank.entries(near, state.active_keys)
    memory = SegmentMemory(runner, codec, entries, segment, bank.options, to_come=len(frames))
    nearest_first = sorted(entries, key=lambda entry: abs(entry.frame_index - segment.anchor))
    target_models = runner.learn_target_models(
        [entry.entry for entry in nearest_first], [entry.rows for entry in nearest_first]
    )
    # As the anchor's frame is now, not as it was committed: other objects may have come there since.
    start = codec.decode(merger.stored(segment.anchor))
    previous = codec.decode(segment.last.prob) if segment.last else start
    references = _references(start, segment, entries, state, context, merger)
    fusion = _fusion(anchor, segment, entries, context, merger)
    for frame_index in frames:
        pixels = runner.frames[frame_index]
        image = runner.image(pixels)
        query = runner.query(frame_index, image)
        readout = memory.read(runner.read, query, frame_index)
        own = runner.decode(query, readout, previous, target_models)
        # What is memorized is what can be stored, so that a stopped segment goes on bit for bit; and never
        # the blend, so that errors of the fusion are not propagated.
        packed, previous = merger.merge(own, frame_index)
        rest = None
        if frame_index != frames[-1]:
            last = MemorizedFrame(frame_index, packed)
            memory.memorize(runner.memorize(image, query, previous), last)
            rest = segment.rest(limits, memory.memorized, last)
        prob, held = previous, merger.stored(frame_index)
        fused = fusion.fuse(frame_index, image, query, prob, held) if fusion and held else None
        if fused is not None:
            packed, prob = fused
        agreements = references.agreements(frame_index, query, prob, merger.free(frame_index))
        before, after = writer.write(frame_index, pixels, packed, agreements)
        yield PropagatedFrame(frame_index, before, after, rest)


def _merger(
    segment: Segment, state: SessionState, writer: FrameWriter, codec: ProbabilityCodec
) -> ObjectMerger:
    limits = segment.limits(state.anchored)
    rows = {row: limits[key] for row, key in enumerate(codec.keys) if key in limits}

    def stored(frame_index: int) -> PackedProb | None:
        record = writer.before_draft(frame_index)
        return record.prob if record else None

    return ObjectMerger(rows, segment.step, codec, stored)


def _references(
    start: Tensor,
    segment: Segment,
    entries: Sequence[AnchorEntry],
    state: SessionState,
    context: SessionContext,
    merger: ObjectMerger,
) -> SegmentReferences:
    """Return the segment's anchor and, where memory holds them, those that its objects run towards."""
    own = segment.anchor
    masks = {own: ReferenceMask(own, _key_of(entries, own), start)}
    for limit in {entry.frame_index for entry in entries}.intersection(merger.limits.values()):
        anchor = state.anchor_frame(limit)
        assert anchor is not None, "it is in memory"
        masks[limit] = ReferenceMask(limit, _key_of(entries, limit), merger.codec.decode(anchor.record.prob))
    return SegmentReferences(context.runner, own, masks, merger.limits)


def _fusion(
    anchor: AnchorFrame,
    segment: Segment,
    entries: Sequence[AnchorEntry],
    context: SessionContext,
    merger: ObjectMerger,
) -> SegmentFusion | None:
    """Return what fuses the segment's frames; None where no object runs towards another anchor."""
    if all(limit is None for limit in merger.limits.values()):
        return None
    base = merger.codec.decode(anchor.base.prob if anchor.base else None)
    change = split_change(merger.codec.decode(anchor.record.prob), base)
    return SegmentFusion(context.runner, merger, segment.anchor, _key_of(entries, segment.anchor), change)


def _key_of(entries: Sequence[AnchorEntry], frame_index: int) -> Tensor:
    """Return the key of an anchor's newest entry."""
    return [entry.entry.key for entry in entries if entry.frame_index == frame_index][-1]
