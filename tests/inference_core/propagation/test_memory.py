from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
import torch

from inference_core.propagation.memory import AnchorEntry
from inference_core.propagation.segment_memory import KeyValueMemory, WorkingMemory
from inference_core.state.segments import MemorizedFrame
from inference_core.types import MemoryOptions
from model.interfaces import MemoryEntry, QueryFeatures
from tests.inference_core.fakes import fake_session, networks_of, square_clip, square_ids

QUERY = QueryFeatures(torch.zeros(1, 2, 3, 4), ())
NOW = 20


def entry(value: float, objects: int = 2) -> MemoryEntry:
    return MemoryEntry(torch.full((1, 2, 3, 4), value), torch.full((objects, 5, 3, 4), value))


def anchors(*known_by: set[int]) -> list[AnchorEntry]:
    return [AnchorEntry(slot, entry(slot), frozenset(rows)) for slot, rows in enumerate(known_by)]


def slots_read(memory: KeyValueMemory) -> list[list[float]]:
    """Which slots each object's values came from."""
    seen: dict[int, list[float]] = {}

    def read(_: QueryFeatures, keys: torch.Tensor, values: torch.Tensor, ages: Sequence[int]) -> torch.Tensor:
        assert keys[0, 0, :, 0, 0].tolist() == values[0, 0, :, 0, 0].tolist()
        assert [NOW - age for age in ages] == keys[0, 0, :, 0, 0].tolist(), "an entry's value is its frame"
        for row in range(values.shape[0]):
            seen[len(seen)] = values[row, 0, :, 0, 0].tolist()
        return values[:, :, 0]

    assert memory.read(read, QUERY, NOW).shape == (2, 5, 3, 4)
    return [seen[row] for row in sorted(seen)]


def test_the_last_frame_is_replaced_and_kept_ones_stay() -> None:
    memory = KeyValueMemory(anchors({0, 1}), objects=2, kept=3)
    memory.set_last(entry(10), 10)
    memory.set_last(entry(11), 11)
    assert slots_read(memory) == [[0, 11], [0, 11]]
    memory.add(entry(12), 12)
    assert slots_read(memory) == [[0, 12], [0, 12]]
    memory.set_last(entry(13), 13)
    assert slots_read(memory) == [[0, 12, 13], [0, 12, 13]]


def test_dropping_a_kept_frame_keeps_the_order_of_the_others() -> None:
    memory = KeyValueMemory(anchors({0, 1}), objects=2, kept=3)
    for value in (10, 11, 12):
        memory.add(entry(value), value)
    memory.drop(1)
    assert slots_read(memory)[0] == [0, 10, 12]


def test_reading_copies_nothing_while_all_anchors_commit_all_objects() -> None:
    memory = KeyValueMemory(anchors({0, 1}, {0, 1}), objects=2, kept=3)
    pointers = []

    def read(_: QueryFeatures, keys: torch.Tensor, values: torch.Tensor, ages: Sequence[int]) -> torch.Tensor:
        pointers.append((keys.flatten(2).data_ptr(), values.flatten(2).data_ptr()))
        return values[:, :, 0]

    memory.read(read, QUERY, NOW)
    memory.set_last(entry(7), 7)
    memory.read(read, QUERY, NOW)
    assert pointers[0] == pointers[1]


def test_an_object_does_not_read_anchors_from_before_it_was_introduced() -> None:
    memory = KeyValueMemory(anchors({0}, {0, 1}), objects=2, kept=1)
    memory.set_last(entry(9), 9)
    assert slots_read(memory) == [[0, 1, 9], [1, 9]]


def memorized(frame_index: int) -> MemorizedFrame:
    return MemorizedFrame(frame_index, None)  # type: ignore[arg-type]


def test_frames_over_the_cap_are_spread_evenly_from_the_anchor_on() -> None:
    working_memory = WorkingMemory(0, cap=6)
    for frame_index in range(5, 1000, 5):
        working_memory.add(memorized(frame_index))
        frames = [0, *(each.frame_index for each in working_memory.frames)]
        gaps = [later - earlier for earlier, later in pairwise(frames)]
        assert len(frames) <= 7
        assert frames[-1] == frame_index
        # The newest gap is still growing.
        assert max(gaps[:-1], default=0) <= 2 * min(gaps[:-1], default=0)


def test_the_frame_kept_last_is_never_the_one_that_is_dropped() -> None:
    working_memory = WorkingMemory(100, cap=1)
    for frame_index in (95, 90, 85):
        working_memory.add(memorized(frame_index))
        assert working_memory.newest == frame_index


@pytest.mark.parametrize(
    ("mem_every", "lengths"), [(5, [1, 2, 2, 2, 1, 2, 2, 2]), (2, [1, 2, 2, 3, 1, 2, 2, 3])]
)
def test_propagation_memorizes_as_many_frames_as_the_published_code(
    mem_every: int, lengths: list[int]
) -> None:
    session = fake_session(square_clip(9), memory=MemoryOptions(mem_every=mem_every))
    session.set_ids(4, square_ids(4))
    list(session.propagate())
    assert networks_of(session)[0].memory_lengths == lengths
    session.set_ids(7, square_ids(7))
    list(session.propagate())
    assert networks_of(session)[0].memory_lengths[8:] == [2, 2, 3]


def test_outdated_entries_are_kept_where_parity_with_the_published_code_is_wanted() -> None:
    options = MemoryOptions(mem_every=2, keep_recorrected_entries=True)
    session = fake_session(square_clip(6), memory=options)
    for frame_index in (1, 4, 1):
        session.set_ids(frame_index, square_ids(frame_index))
        list(session.propagate())
    assert networks_of(session)[0].memory_lengths == [1, 2, 2, 3, 1, 2, 2, 3, 3, 4, 3]
    assert [frame_index for frame_index, _ in session.bank] == [1, 4, 1]


def test_a_long_propagation_reads_a_bounded_memory() -> None:
    session = fake_session(square_clip(20), memory=MemoryOptions(mem_every=1, max_memory_frames=3))
    session.set_ids(0, square_ids(0))
    list(session.propagate())
    assert max(networks_of(session)[0].memory_lengths) == 1 + 3
    assert len(networks_of(session)[0].memory_lengths) == 19


def test_many_anchors_are_all_kept_and_the_nearest_are_read() -> None:
    session = fake_session(square_clip(12), memory=MemoryOptions(max_anchors=2))
    for frame_index in (0, 4, 8):
        session.set_ids(frame_index, square_ids(frame_index))
        list(session.propagate(frame_range=(frame_index, frame_index)))
    networks_of(session)[0].memory_lengths.clear()
    list(session.propagate(8, "forward"))
    assert len(session.bank) == 3
    assert networks_of(session)[0].memory_lengths[0] == 2
