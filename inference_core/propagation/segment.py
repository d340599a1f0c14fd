"""The walk: query -> affinity -> readout -> prob, one frame a yield.

It reads memory and frames and writes nothing. Fusion is the caller's: what a walk remembers is what it saw
itself, never the blend.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace

from torch import Tensor

from inference_core.propagation.memory import AnchorEntry, MemoryOptions, Promotions, WalkMemory
from inference_core.runtime.network_runner import Engine
from inference_core.runtime.probability_codec import ProbStore
from inference_core.state.mask_store import ObjectKey, PackedProb
from inference_core.state.segments import Carried, Leg, is_before
from inference_core.types import UInt8Array
from model.interfaces import QueryFeatures
from model.layers.aggregate import aggregate


@dataclass(frozen=True, eq=False)
class Competition:
    """How objects share a frame: the free ones compete for what the held ones leave.

    limits  for the row of every object that the walk carries, the frame of the next anchor that speaks of
            it, None where there is none. From there on it is held, as are locked objects and those that the
            walk does not carry.
    step    the walk's direction, 1 or -1.
    stored  gives what a frame holds now, None for nothing.
    """

    limits: Mapping[int, int | None]
    step: int
    store: ProbStore
    stored: Callable[[int], PackedProb | None]

    def free(self, frame_index: int) -> list[int]:
        """Return the rows that the walk brings to a frame."""
        return [row for row, limit in self.limits.items() if is_before(frame_index, limit, self.step)]

    def held(self, frame_index: int) -> list[int]:
        """Return the rows that stay as they are on a frame."""
        free = self.free(frame_index)
        return [row for row in range(len(self.store.keys)) if row not in free]

    def settle(self, own: Tensor, frame_index: int) -> tuple[PackedProb, Tensor]:
        """Turn each object's own probability (K, h, w) into its share of every pixel.

        Returns it packed, and as (K, h, w) float32 as it will come back; with the background each pixel sums
        to 1. Held rows are as they were.
        """
        free, held = self.free(frame_index), self.held(frame_index)
        if not held:
            return self.store.keep(aggregate(own)[1:])
        packed = self.stored(frame_index)
        out = self.store.restore(packed)
        room = (1.0 - out[held].sum(dim=0)).clamp(0.0, 1.0)
        out[free] = aggregate(own[free] * room)[1:] * room
        known = {self.store.keys[row] for row in free} | set(packed.known if packed else ())
        return self.store.keep(out, known)


@dataclass(frozen=True, eq=False)
class Walked:
    """One frame of a walk: its source pixels, network image, features and probabilities before any fusion."""

    frame_index: int
    pixels: UInt8Array
    image: Tensor
    query: QueryFeatures
    prob: Tensor
    packed: PackedProb


@dataclass(eq=False)
class WalkPlan:
    """What a walk needs to know.

    leg       where it goes; `rest` is what remains of it, for resuming.
    limits    see `Leg.limits`.
    anchors   memory entries, the walk's own anchor among them.
    start     (K, h, w) probabilities at the anchor.
    """

    leg: Leg
    limits: Mapping[ObjectKey, int | None]
    anchors: list[AnchorEntry]
    start: Tensor
    competition: Competition
    options: MemoryOptions
    rest: Leg | None = field(init=False)

    def __post_init__(self) -> None:
        self.rest = self.leg


def walk(engine: Engine, plan: WalkPlan) -> Generator[Walked, None, None]:
    """Walk a leg frame by frame (MiVOS, inference): read, decode, compete, memorise.

    A leg that was stopped goes on where it stopped and gives the same result as if it had not been.
    """
    leg = plan.leg
    promotions = Promotions(leg.anchor, plan.options.max_promoted, leg.promoted)
    memory = _recall(engine, plan, promotions)
    near = sorted(plan.anchors, key=lambda anchor: abs(anchor.frame_index - leg.anchor))
    targets = engine.learn_targets([anchor.entry for anchor in near], [anchor.rows for anchor in near])
    previous = plan.competition.store.restore(leg.last.prob) if leg.last else plan.start
    frames = leg.frames(plan.limits)
    for frame_index in frames:
        pixels = engine.frames[frame_index]
        image = engine.image(pixels)
        query = engine.query(frame_index, image)
        own = engine.decode(query, memory.read(engine.read, query, frame_index), previous, targets)
        # What is remembered is what can be stored: a resumed walk then continues bit for bit.
        packed, previous = plan.competition.settle(own, frame_index)
        is_last = frame_index == frames[-1]
        carried = Carried(frame_index, packed)
        if not is_last:
            _memorise(engine, memory, promotions, (carried, image, query, previous), plan.options)
            start = frame_index + leg.step
            objects = leg.rest(start, plan.limits)
            plan.rest = replace(
                leg, start=start, objects=objects, promoted=tuple(promotions.carried), last=carried
            )
        else:
            plan.rest = None
        yield Walked(frame_index, pixels, image, query, previous, packed)


def _memorise(
    engine: Engine,
    memory: WalkMemory,
    promotions: Promotions,
    walked: tuple[Carried, Tensor, QueryFeatures, Tensor],
    options: MemoryOptions,
) -> None:
    carried, image, query, prob = walked
    entry = engine.memorise(image, query, prob)
    if abs(carried.frame_index - promotions.newest) < options.mem_every:
        memory.remember_last(entry, carried.frame_index)
        return
    memory.promote(entry, carried.frame_index)
    leaving = promotions.add(carried)
    if leaving is not None:
        memory.drop_promoted(leaving)


def _recall(engine: Engine, plan: WalkPlan, promotions: Promotions) -> WalkMemory:
    """Fill the memory as it stood when the leg was stopped, or at the anchor."""
    leg, options = plan.leg, plan.options
    to_come = len(leg.frames(plan.limits)) // options.mem_every
    slots = min(options.max_promoted, len(leg.promoted) + to_come) + 1
    memory = WalkMemory(plan.anchors, plan.start.shape[0], slots)
    for carried in promotions.carried:
        entry = engine.memorise_frame(carried.frame_index, plan.competition.store.restore(carried.prob))
        memory.promote(entry, carried.frame_index)
    if leg.last is not None and leg.last.frame_index != promotions.newest:
        entry = engine.memorise_frame(leg.last.frame_index, plan.competition.store.restore(leg.last.prob))
        memory.remember_last(entry, leg.last.frame_index)
    return memory
