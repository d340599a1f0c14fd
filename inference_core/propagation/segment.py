"""Propagation along one segment: query -> affinity -> readout -> prob, one frame a yield.

It reads memory and frames and writes nothing. Fusion is the caller's: what is memorized is what propagation
gave, never the blend.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace

from torch import Tensor

from inference_core.propagation.memory import AnchorEntry, KeyValueMemory, MemoryOptions, WorkingMemory
from inference_core.propagation.object_merger import ObjectMerger
from inference_core.runtime.network_runner import NetworkRunner
from inference_core.state.frame_record import ObjectKey, PackedProb
from inference_core.state.segments import MemorizedFrame, Segment
from inference_core.types import UInt8Array
from model.interfaces import QueryFeatures


@dataclass(frozen=True, eq=False)
class PropagatedFrame:
    """One frame as propagation gives it, before any fusion.

    pixels  (H, W, 3) uint8 RGB at the source's size; image (1, 3, h, w) normalised; query its features.
    prob    (K, h, w) float32 in [0, 1]; packed is the same, as it is stored.
    """

    frame_index: int
    pixels: UInt8Array
    image: Tensor
    query: QueryFeatures
    prob: Tensor
    packed: PackedProb

    @property
    def memorized(self) -> MemorizedFrame:
        """What is needed to memorize the frame again."""
        return MemorizedFrame(self.frame_index, self.packed)


@dataclass(eq=False)
class SegmentPlan:
    """The input of a propagation along a segment.

    segment  where it goes; `rest` is what remains of it, for resuming.
    limits   see `Segment.limits`.
    anchors  memory entries, the segment's own anchor among them.
    start    (K, h, w) probabilities at the anchor.
    """

    segment: Segment
    limits: Mapping[ObjectKey, int | None]
    anchors: list[AnchorEntry]
    start: Tensor
    merger: ObjectMerger
    options: MemoryOptions
    rest: Segment | None = field(init=False)

    def __post_init__(self) -> None:
        self.rest = self.segment


def propagate(runner: NetworkRunner, plan: SegmentPlan) -> Generator[PropagatedFrame, None, None]:
    """Propagate frame by frame (MiVOS, section 3.2): read, decode, aggregate, memorize.

    A segment that was stopped goes on where it stopped and gives the same result as if it had not been.
    """
    segment = plan.segment
    working_memory = WorkingMemory(segment.anchor, plan.options.max_memory_frames, segment.memorized)
    memory = _fill_memory(runner, plan, working_memory)
    near = sorted(plan.anchors, key=lambda anchor: abs(anchor.frame_index - segment.anchor))
    target_models = runner.learn_target_models(
        [anchor.entry for anchor in near], [anchor.rows for anchor in near]
    )
    previous = plan.merger.codec.decode(segment.last.prob) if segment.last else plan.start
    frames = segment.frames(plan.limits)
    for frame_index in frames:
        pixels = runner.frames[frame_index]
        image = runner.image(pixels)
        query = runner.query(frame_index, image)
        readout = memory.read(runner.read, query, frame_index)
        own = runner.decode(query, readout, previous, target_models)
        # What is memorized is what can be stored: a resumed segment then continues bit for bit.
        packed, previous = plan.merger.merge(own, frame_index)
        propagated = PropagatedFrame(frame_index, pixels, image, query, previous, packed)
        if frame_index == frames[-1]:
            plan.rest = None
        else:
            _memorize(runner, memory, working_memory, propagated, plan.options)
            start = frame_index + segment.step
            plan.rest = replace(
                segment,
                start=start,
                objects=segment.rest(start, plan.limits),
                memorized=tuple(working_memory.frames),
                last=propagated.memorized,
            )
        yield propagated


def _memorize(
    runner: NetworkRunner,
    memory: KeyValueMemory,
    working_memory: WorkingMemory,
    frame: PropagatedFrame,
    options: MemoryOptions,
) -> None:
    entry = runner.memorize(frame.image, frame.query, frame.prob)
    if abs(frame.frame_index - working_memory.newest) < options.mem_every:
        memory.set_last(entry, frame.frame_index)
        return
    memory.add(entry, frame.frame_index)
    leaving = working_memory.add(frame.memorized)
    if leaving is not None:
        memory.drop(leaving)


def _fill_memory(runner: NetworkRunner, plan: SegmentPlan, working_memory: WorkingMemory) -> KeyValueMemory:
    """Fill the memory as it stood when the segment was stopped, or at the anchor."""
    segment, options, codec = plan.segment, plan.options, plan.merger.codec
    to_come = len(segment.frames(plan.limits)) // options.mem_every
    slots = min(options.max_memory_frames, len(segment.memorized) + to_come) + 1
    memory = KeyValueMemory(plan.anchors, plan.start.shape[0], slots)
    for frame in working_memory.frames:
        memory.add(runner.memorize_frame(frame.frame_index, codec.decode(frame.prob)), frame.frame_index)
    last = segment.last
    if last is not None and last.frame_index != working_memory.newest:
        memory.set_last(runner.memorize_frame(last.frame_index, codec.decode(last.prob)), last.frame_index)
    return memory
