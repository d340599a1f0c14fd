from __future__ import annotations

import pytest

from inference_core.errors import DamagedMaskError
from inference_core.state.blob_store import BlobDiscardedError, BlobStore
from tests.inference_core.fakes import MemoryScratch


def test_bytes_come_back() -> None:
    store = BlobStore(None, budget_bytes=100)
    assert store.get(store.put(b"mask")) == b"mask"


def test_beyond_the_budget_the_oldest_bytes_move_to_the_scratch_store() -> None:
    scratch = MemoryScratch()
    store = BlobStore(scratch, budget_bytes=100)
    blobs = [store.put(bytes([value]) * 40) for value in range(5)]
    assert store.resident_bytes <= 100
    assert len(scratch.contents) == 3
    assert [store.get(blob)[0] for blob in blobs] == [0, 1, 2, 3, 4]


def test_bytes_that_were_moved_once_are_not_written_again() -> None:
    scratch = MemoryScratch()
    store = BlobStore(scratch, budget_bytes=50)
    first, second = store.put(b"a" * 40), store.put(b"b" * 40)
    written = dict(scratch.contents)
    for _ in range(3):
        store.get(first)
        store.get(second)
    assert set(written) <= set(scratch.contents)
    assert len(scratch.contents) == 2


def test_without_a_scratch_store_nothing_is_lost() -> None:
    store = BlobStore(None, budget_bytes=10)
    blobs = [store.put(b"x" * 40) for _ in range(4)]
    assert all(store.get(blob) == b"x" * 40 for blob in blobs)


def test_bytes_that_nothing_names_are_discarded_in_memory_and_in_the_scratch_store() -> None:
    scratch = MemoryScratch()
    store = BlobStore(scratch, budget_bytes=50)
    first, second, third = (store.put(b"x" * 40) for _ in range(3))
    assert store.added == 3
    store.discard_others([second])
    assert (store.added, store.resident_bytes, set(scratch.contents)) == (0, 0, {second})
    assert store.get(second) == b"x" * 40
    for discarded in (first, third):
        with pytest.raises(BlobDiscardedError):
            store.get(discarded)


def test_a_number_is_never_given_twice() -> None:
    store = BlobStore(None, budget_bytes=50)
    first = store.put(b"a")
    store.discard_others([])
    assert store.put(b"b") > first


def test_after_a_flush_another_store_reads_everything_and_numbers_on() -> None:
    scratch = MemoryScratch()
    store = BlobStore(scratch, budget_bytes=10**6)
    blobs = [store.put(bytes([value])) for value in range(3)]
    assert not scratch.contents
    store.flush()
    other = BlobStore(scratch, budget_bytes=10**6)
    other.adopt(blobs, next_blob=store.next_blob)
    assert [other.get(blob) for blob in blobs] == [b"\0", b"\1", b"\2"]
    assert other.put(b"new") == 3


class FullScratch(MemoryScratch):
    def put(self, key: int, content: bytes) -> None:
        raise OSError("no space left")


def test_bytes_for_which_the_scratch_store_has_no_space_stay_in_memory() -> None:
    store = BlobStore(FullScratch(), budget_bytes=50)
    first = store.put(b"a" * 40)
    with pytest.raises(OSError, match="no space left"):
        store.put(b"b" * 40)
    assert store.get(first) == b"a" * 40


def test_bytes_that_the_scratch_store_has_lost_are_told_as_damage() -> None:
    scratch = MemoryScratch()
    store = BlobStore(scratch, budget_bytes=10)
    first, _ = store.put(b"a" * 40), store.put(b"b" * 40)
    scratch.contents.clear()
    with pytest.raises(DamagedMaskError, match="is damaged"):
        store.get(first)
