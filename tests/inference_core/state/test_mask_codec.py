from __future__ import annotations

import tracemalloc
import zlib

import numpy as np
import pytest

from inference_core.errors import DamagedMaskError
from inference_core.state.mask_codec import decode_ids, decode_planes, encode_ids, encode_planes

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    "ids",
    [
        np.zeros((5, 7), np.uint8),
        np.full((3, 4), 255, np.uint8),
        RNG.integers(0, 256, (31, 17), dtype=np.uint8),
        np.array([[9]], np.uint8),
    ],
    ids=["empty", "full", "noise", "one pixel"],
)
def test_ids_come_back_exactly(ids: np.ndarray) -> None:
    content, present = encode_ids(ids)
    assert (decode_ids(content, ids.shape) == ids).all()
    assert set(present) == set(np.unique(ids)) - {0}


def test_a_mask_of_one_shape_takes_a_few_hundred_bytes() -> None:
    ids = np.zeros((1080, 1920), np.uint8)
    ids[200:800, 300:900] = 3
    assert len(encode_ids(ids)[0]) < 500


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_planes_come_back_exactly(dtype: type) -> None:
    planes = (RNG.random((2, 9, 11)) * 200).astype(dtype)
    assert (decode_planes(encode_planes(planes), planes.shape, np.dtype(dtype)) == planes).all()


IDS, PLANES = np.ones((5, 7), np.uint8), np.ones((2, 5, 7), np.float32)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no zlib",
        encode_ids(IDS)[0][:-3],
        encode_ids(np.ones((5, 8), np.uint8))[0],
        encode_ids(np.ones((5, 6), np.uint8))[0],
        zlib.compress(bytes(10**6)),
        zlib.compress(b"abc"),
    ],
    ids=["nothing", "noise", "cut", "too large", "too small", "far too much", "no run"],
)
def test_damaged_bytes_are_told_as_such(content: bytes) -> None:
    with pytest.raises(DamagedMaskError, match="is damaged"):
        decode_ids(content, IDS.shape)
    with pytest.raises(DamagedMaskError, match="is damaged"):
        decode_planes(content, PLANES.shape, PLANES.dtype)


def test_what_unpacks_to_far_more_than_a_mask_takes_no_memory() -> None:
    content = zlib.compress(bytes(200 * 2**20))
    tracemalloc.start()
    try:
        with pytest.raises(DamagedMaskError):
            decode_ids(content, IDS.shape)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
