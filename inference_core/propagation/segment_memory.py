"""What one segment reads: anchors, every n-th propagated frame, and the last frame until the next one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from inference_core.propagation.memory import AnchorEntry
from inference_core.runtime.network_runner import NetworkRunner
from inference_core.runtime.probability_codec import ProbabilityCodec
from inference_core.state.segments import MemorizedFrame, Segment
from inference_core.types import MemoryOptions
from model.interfaces import MemoryEntry, QueryFeatures

Read = Callable[[QueryFeatures, Tensor, Tensor, Sequence[int]], Tensor]
"""Reads keys and values of frames at given distances, see `NetworkRunner.read`."""


class SegmentMemory:
    """The memory of a propagation along one segment, as it stood where the segment was stopped.

    codec      of the session's objects.
    anchors    memory entries, the segment's own anchor among them.
    to_come    how many frames will be propagated at most.
    """

    def __init__(
        self,
        runner: NetworkRunner,
        codec: ProbabilityCodec,
        anchors: Sequence[AnchorEntry],
        segment: Segment,
        options: MemoryOptions,
        *,
        to_come: int,
    ) -> None:
        self._mem_every = options.mem_every
        self._kept = WorkingMemory(segment.anchor, options.max_memory_frames, segment.memorized)
        kept = min(options.max_memory_frames, len(segment.memorized) + to_come // options.mem_every) + 1
        self._entries = KeyValueMemory(anchors, len(codec.keys), kept)
        for frame in self._kept.frames:
            entry = runner.memorize_frame(frame.frame_index, codec.decode(frame.prob))
            self._entries.add(entry, frame.frame_index)
        last = segment.last
        if last is not None and last.frame_index != self._kept.newest:
            entry = runner.memorize_frame(last.frame_index, codec.decode(last.prob))
            self._entries.set_last(entry, last.frame_index)

    @property
    def memorized(self) -> tuple[MemorizedFrame, ...]:
        """The propagated frames that are kept, in order of propagation."""
        return tuple(self._kept.frames)

    def memorize(self, entry: MemoryEntry, frame: MemorizedFrame) -> None:
        """Add the frame propagated last: every n-th is kept, the others until the next one."""
        if abs(frame.frame_index - self._kept.newest) < self._mem_every:
            self._entries.set_last(entry, frame.frame_index)
            return
        self._entries.add(entry, frame.frame_index)
        leaving = self._kept.add(frame)
        if leaving is not None:
            self._entries.drop(leaving)

    def read(self, read: Read, query: QueryFeatures, frame_index: int) -> Tensor:
        """Read for a frame's query with the network's `read` -> (K, Cv, gh, gw)."""
        return self._entries.read(read, query, frame_index)


class WorkingMemory:
    """Which propagated frames are kept in memory, in order of propagation.

    Over the cap, the frame is dropped whose neighbours lie closest together, the oldest of equals: what
    remains is spread evenly between the anchor and the newest, which is always kept. Keeping more of the
    near past instead costs J (docs/research/memory.md).
    """

    def __init__(self, anchor: int, cap: int, frames: Sequence[MemorizedFrame] = ()) -> None:
        self._anchor = anchor
        self._cap = cap
        self.frames = list(frames)

    @property
    def newest(self) -> int:
        """The frame kept last; the anchor at first."""
        return self.frames[-1].frame_index if self.frames else self._anchor

    def add(self, frame: MemorizedFrame) -> int | None:
        """Keep a frame; return the index of the one to drop, None while the cap is not exceeded."""
        self.frames.append(frame)
        if len(self.frames) <= self._cap:
            return None
        place = self._most_redundant()
        del self.frames[place]
        return place

    def _most_redundant(self) -> int:
        frames = [self._anchor, *(frame.frame_index for frame in self.frames)]

        def gap(place: int) -> int:
            return abs(frames[place + 1] - frames[place - 1])

        return min(range(1, len(frames) - 1), key=gap, default=1) - 1


class KeyValueMemory:
    """The memory of one segment: the anchors, then the frames kept, then one slot for the last frame.

    Slots lie side by side in tensors made once, keys (R, Ck, S, gh, gw) and values (K, Cv, S, gh, gw), so
    that nothing grows during propagation. (Channels last, which saves a copy in reading, is no faster.)
    """

    def __init__(self, anchors: Sequence[AnchorEntry], objects: int, kept: int) -> None:
        first = anchors[0].entry
        slots = len(anchors) + kept + 2
        self._keys = first.key.new_empty((*first.key.shape[:2], slots, *first.key.shape[2:]))
        self._values = first.value.new_empty((*first.value.shape[:2], slots, *first.value.shape[2:]))
        self._frames = [0] * slots
        self._fixed = 0
        self._has_last = False
        for anchor in anchors:
            self.add(anchor.entry, anchor.frame_index)
        self._anchors = len(anchors)
        self._groups = _group_rows(anchors, objects)

    def __len__(self) -> int:
        return self._fixed + self._has_last

    def add(self, entry: MemoryEntry, frame_index: int) -> None:
        """Keep an entry to the end of the segment; the last frame's slot becomes empty."""
        self._put(entry, frame_index)
        self._fixed += 1
        self._has_last = False

    def set_last(self, entry: MemoryEntry, frame_index: int) -> None:
        """Keep an entry until the next one is added or set."""
        self._put(entry, frame_index)
        self._has_last = True

    def drop(self, place: int) -> None:
        """Drop a kept entry by its index, counted from the oldest."""
        slot = self._anchors + place
        for tensor in (self._keys, self._values):
            tensor[:, :, slot : self._fixed - 1] = tensor[:, :, slot + 1 : self._fixed].clone()
        self._frames[slot : self._fixed - 1] = self._frames[slot + 1 : self._fixed]
        self._fixed -= 1

    def read(self, read: Read, query: QueryFeatures, frame_index: int) -> Tensor:
        """Read for a frame's query with the network's `read` -> (K, Cv, gh, gw).

        Objects that were committed on different anchors read their own anchors and all propagated frames.
        """
        ages = [abs(frame_index - frame) for frame in self._frames[: len(self)]]
        if len(self._groups) == 1 and self._groups[0][1] == tuple(range(self._anchors)):
            return read(query, self._keys[:, :, : len(self)], self._values[:, :, : len(self)], ages)
        by_row: dict[int, Tensor] = {}
        for rows, anchors in self._groups:
            slots = [*anchors, *range(self._anchors, len(self))]
            if not slots:  # no memory of these objects yet; the caller does not use their rows
                empty = query.key.new_zeros((self._values.shape[1], *self._values.shape[3:]))
                by_row.update((row, empty) for row in rows)
                continue
            keys = self._keys if self._keys.shape[0] == 1 else self._keys[list(rows)]
            values = self._values[list(rows)][:, :, slots]
            readout = read(query, keys[:, :, slots], values, [ages[slot] for slot in slots])
            by_row.update(zip(rows, readout, strict=True))
        return torch.stack([by_row[row] for row in range(len(by_row))])

    def _put(self, entry: MemoryEntry, frame_index: int) -> None:
        self._frames[self._fixed] = frame_index
        self._keys[:, :, self._fixed] = entry.key
        self._values[:, :, self._fixed] = entry.value


def _group_rows(
    anchors: Sequence[AnchorEntry], objects: int
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    groups: dict[tuple[int, ...], list[int]] = {}
    for row in range(objects):
        anchored_by = tuple(slot for slot, anchor in enumerate(anchors) if row in anchor.rows)
        groups.setdefault(anchored_by, []).append(row)
    return [(tuple(rows), anchored_by) for anchored_by, rows in groups.items()]
