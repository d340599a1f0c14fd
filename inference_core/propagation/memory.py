"""The memory bank: keys and values of the anchors, computed when first needed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from inference_core.runtime.network_runner import NetworkRunner
from inference_core.runtime.probability_codec import ProbabilityCodec
from inference_core.state.frame_record import FrameRecord, ObjectKey
from inference_core.state.mask_store import MaskStore
from inference_core.state.session_state import AnchorFrame
from inference_core.types import MemoryOptions
from model.interfaces import MemoryEntry, Networks


@dataclass(frozen=True, eq=False)
class AnchorEntry:
    """An anchor's memory entry. rows: the objects that were committed there, present or absent."""

    frame_index: int
    entry: MemoryEntry
    rows: frozenset[int]


def options_for(networks: Networks) -> MemoryOptions:
    """Return the options with which a family's networks were measured best."""
    defaults = networks.memory
    return MemoryOptions(mem_every=defaults.mem_every, max_memory_frames=defaults.max_memory_frames)


class MemoryBank:
    """The anchors' entries, computed when first needed.

    An entry is a pure function of an anchor and the session's objects, so undo, redo and reopening a project
    give the same bank again; entries that are not in use at the moment are kept up to a byte budget.
    """

    def __init__(
        self, runner: NetworkRunner, mask_store: MaskStore, options: MemoryOptions, *, cache_bytes: int
    ) -> None:
        self.options = options
        self._runner = runner
        self._mask_store = mask_store
        self._cache_bytes = cache_bytes
        self._entries: OrderedDict[tuple[int, FrameRecord, tuple[ObjectKey, ...]], MemoryEntry] = (
            OrderedDict()
        )

    def __len__(self) -> int:
        return len(self._entries)

    def entries(self, anchors: Sequence[AnchorFrame], keys: tuple[ObjectKey, ...]) -> list[AnchorEntry]:
        """Return the entries of these anchors, in their order, with a row for each object in `keys`."""
        codec = ProbabilityCodec(self._mask_store, keys, self._runner.compute.device)
        found = []
        for anchor in anchors:
            name = (anchor.frame_index, anchor.record, keys)
            if name not in self._entries:
                prob = codec.decode(anchor.record.prob)
                self._entries[name] = self._runner.memorize_frame(anchor.frame_index, prob)
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


def nearest_anchors(anchors: Sequence[AnchorFrame], frame_index: int, count: int) -> list[AnchorFrame]:
    """Return the `count` anchors nearest to a frame, in the order given."""
    ranked = sorted(range(len(anchors)), key=lambda place: abs(anchors[place].frame_index - frame_index))
    return [anchors[place] for place in sorted(ranked[:count])]
