from __future__ import annotations

import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
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


def test_contents_of_all_lengths_come_back_from_blocks_that_others_left() -> None:
    scratch, rng = TemporaryScratch(), np.random.default_rng(0)
    kept: dict[int, bytes] = {}
    for number in range(400):
        key = int(rng.integers(40))
        if rng.random() < 0.3:
            scratch.discard(key)
            kept.pop(key, None)
        else:
            kept[key] = rng.bytes(int(rng.integers(0, 30_000)))
            scratch.put(key, kept[key])
        if number % 20 == 0:
            assert {key: scratch.get(key) for key in kept} == kept
    assert scratch._block_count * 4096 < 40 * 34_000, "freed space is used again"


def fill(scratch: TemporaryScratch) -> dict[int, bytes]:
    """Put contents of growing length until the disk is full; return those that fit."""
    kept: dict[int, bytes] = {}
    for key in range(10_000):
        content = bytes([key % 251]) * (1000 + 100 * key)
        try:
            scratch.put(key, content)
        except ScratchError:
            return kept
        kept[key] = content
    raise AssertionError("everything fitted")


def assert_goes_on(scratch: TemporaryScratch, kept: dict[int, bytes]) -> None:
    assert {key: scratch.get(key) for key in kept} == kept
    with pytest.raises(ScratchError, match="free some space on that disk"):
        scratch.put(0, bytes(8_000_000))
    assert scratch.get(0) == kept[0], "what it held stays"
    for key in list(kept)[::2]:
        scratch.discard(key)
        del kept[key]
    for key in range(20_000, 20_010):
        kept[key] = bytes([key % 251]) * 9000
        scratch.put(key, kept[key])
    assert {key: scratch.get(key) for key in kept} == kept


def test_a_full_disk_is_a_sentence_and_work_goes_on_once_there_is_room(small_files: None) -> None:
    scratch = TemporaryScratch()
    assert_goes_on(scratch, fill(scratch))


def test_the_same_on_a_disk_that_is_full_indeed(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("TMPDIR", str(small_disk))
    scratch = TemporaryScratch()
    kept = fill(scratch)
    assert shutil.disk_usage(small_disk).free < 100_000
    assert_goes_on(scratch, kept)


def test_a_temporary_folder_that_cannot_be_written_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere/at/all")
    monkeypatch.setenv("TMPDIR", "/nowhere/at/all")
    with pytest.raises(ScratchError, match="set TMPDIR"):
        TemporaryScratch()


def test_a_disk_that_loses_what_was_written_is_a_sentence() -> None:
    scratch = TemporaryScratch()
    scratch.put(1, bytes(10_000))
    os.ftruncate(scratch._file.fileno(), 5000)
    with pytest.raises(ScratchError, match="check that disk"):
        scratch.get(1)
