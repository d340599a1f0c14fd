"""Keys and values: of anchors for good, of every n-th frame for a segment, of the last frame for one step."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from inference_core.state.frame_record import FrameRecord, ObjectKey
from inference_core.state.segments import MemorizedFrame
from inference_core.state.session_state import Anchor
from model.interfaces import MemoryEntry, PropagationNetwork, QueryFeatures


@dataclass(frozen=True)
class MemoryOptions:
    """What propagation memorizes.

    mem_every                a frame this far from the last one kept is kept as well, to the segment's end.
    max_memory_frames        more than these are thinned out, see `WorkingMemory`.
    max_anchors              a segment reads this many of the anchors nearest to its own.
    keep_recorrected_entries a frame corrected again leaves its outdated entry too, as in the published code.

    The default of mem_every is the published number; what max_memory_frames costs: docs/research/memory.md.
    max_anchors bounds the time of a session with many corrections, in which the nearest anchors count most
    (docs/research/constants.md).
    """

    mem_every: int = 5
    max_memory_frames: int = 16
    max_anchors: int = 32
    keep_recorrected_entries: bool = False

    @classmethod
    def for_network(cls, network: PropagationNetwork) -> MemoryOptions:
        """Return the options with which a network was measured best."""
        return cls(mem_every=network.mem_every, max_memory_frames=network.max_memory_frames)


@dataclass(frozen=True, eq=False)
class AnchorEntry:
    """An anchor's memory entry. rows: the objects that were committed there, present or absent."""

    frame_index: int
    entry: MemoryEntry
    rows: frozenset[int]


Encode = Callable[[int, FrameRecord, Sequence[ObjectKey]], MemoryEntry]


Read = Callable[[QueryFeatures, Tensor, Tensor, Sequence[int]], Tensor]
"""Reads keys and values of frames at given distances, see `NetworkRunner.read`."""


class MemoryBank:
    """The anchors' entries, computed when first needed.

    An entry is a pure function of an anchor and the session's objects, so undo, redo and reopening a project
    give the same bank again; entries that are not in use at the moment are kept up to a byte budget.
    """

    def __init__(self, encode: Encode, options: MemoryOptions, *, cache_bytes: int) -> None:
        self.options = options
        self._encode = encode
        self._cache_bytes = cache_bytes
        self._entries: OrderedDict[tuple[int, FrameRecord, tuple[ObjectKey, ...]], MemoryEntry] = (
            OrderedDict()
        )

    def __len__(self) -> int:
        return len(self._entries)

    def entries(self, anchors: Sequence[Anchor], keys: tuple[ObjectKey, ...]) -> list[AnchorEntry]:
        """Return the entries of these anchors, in their order, with a row for each object in `keys`."""
        found = []
        for anchor in anchors:
            name = (anchor.frame_index, anchor.record, keys)
            if name not in self._entries:
                self._entries[name] = self._encode(anchor.frame_index, anchor.record, keys)
            self._entries.move_to_end(name)
            rows = frozenset(row for row, key in enumerate(keys) if key in anchor.objects)
            found.append(AnchorEntry(anchor.frame_index, self._entries[name], rows))
        self._shrink(keep=len(anchors))
        return found

    def clear(self) -> None:
        """Drop all entries; they are computed again when they are needed."""
        self._entries.clear()

    def _shrink(self, *, keep: int) -> None:
        held = sum(entry.nbytes for entry in self._entries.values())
        while held > self._cache_bytes and len(self._entries) > keep:
            held -= self._entries.popitem(last=False)[1].nbytes


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
        """Read for a frame's query with the network's `read` -> (K, Cv, gh, gw)."""
        ages = [abs(frame_index - frame) for frame in self._frames[: len(self)]]
        if len(self._groups) == 1 and self._groups[0][1] == tuple(range(self._anchors)):
            return read(query, self._keys[:, :, : len(self)], self._values[:, :, : len(self)], ages)
        return self._read_by_group(read, query, ages)

    def _read_by_group(self, read: Read, query: QueryFeatures, ages: Sequence[int]) -> Tensor:
        """Read for objects that were committed on different anchors: each group reads its own memory."""
        parts: dict[int, Tensor] = {}
        for rows, anchors in self._groups:
            slots = [*anchors, *range(self._anchors, len(self))]
            if not slots:  # no memory of these objects yet; the caller does not use their rows
                empty = query.key.new_zeros((self._values.shape[1], *self._values.shape[3:]))
                parts.update((row, empty) for row in rows)
                continue
            keys = self._keys if self._keys.shape[0] == 1 else self._keys[list(rows)]
            values = self._values[list(rows)][:, :, slots]
            readout = read(query, keys[:, :, slots], values, [ages[slot] for slot in slots])
            parts.update(zip(rows, readout, strict=True))
        return torch.stack([parts[row] for row in range(len(parts))])

    def _put(self, entry: MemoryEntry, frame_index: int) -> None:
        self._frames[self._fixed] = frame_index
        self._keys[:, :, self._fixed] = entry.key
        self._values[:, :, self._fixed] = entry.value


def nearest_anchors(anchors: Sequence[Anchor], frame_index: int, count: int) -> list[Anchor]:
    """Return the `count` anchors nearest to a frame, in the order given."""
    ranked = sorted(range(len(anchors)), key=lambda place: abs(anchors[place].frame_index - frame_index))
    return [anchors[place] for place in sorted(ranked[:count])]


def _group_rows(
    anchors: Sequence[AnchorEntry], objects: int
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    groups: dict[tuple[int, ...], list[int]] = {}
    for row in range(objects):
        anchored_by = tuple(slot for slot, anchor in enumerate(anchors) if row in anchor.rows)
        groups.setdefault(anchored_by, []).append(row)
    return [(tuple(rows), anchored_by) for anchored_by, rows in groups.items()]
