from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from inference_core.types import ScratchStore
from mivos_studio.project.scratch import ScratchError, TemporaryScratch


def test_what_was_put_comes_back() -> None:
    scratch: ScratchStore = TemporaryScratch()
    scratch.put(3, b"\x00three")
    scratch.put(4, b"")
    assert (scratch.get(3), scratch.get(4)) == (b"\x00three", b"")


def test_a_key_that_is_put_again_has_its_newest_content() -> None:
    scratch = TemporaryScratch()
    scratch.put(1, b"old")
    scratch.put(1, b"new")
    assert scratch.get(1) == b"new"


def test_a_discarded_key_is_gone_and_an_unknown_one_is_no_error() -> None:
    scratch = TemporaryScratch()
    scratch.put(1, b"x")
    scratch.discard(1)
    scratch.discard(2)
    with pytest.raises(KeyError):
        scratch.get(1)


def test_threads_may_share_it() -> None:
    scratch = TemporaryScratch()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda key: scratch.put(key, bytes([key]) * 1000), range(200)))
        contents = list(pool.map(scratch.get, range(200)))
    assert contents == [bytes([key]) * 1000 for key in range(200)]


def test_a_full_disk_is_a_sentence() -> None:
    scratch = TemporaryScratch()
    scratch._database.execute("PRAGMA max_page_count = 8")
    with pytest.raises(ScratchError, match="free some space on that disk"):
        scratch.put(1, bytes(400_000))
