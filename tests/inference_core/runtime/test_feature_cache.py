from __future__ import annotations

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from inference_core.runtime.feature_cache import FeatureCache
from inference_core.session import Session
from model.interfaces import MemoryEntry, QueryFeatures
from tests.inference_core.fakes import (
    GRID,
    FakePropagation,
    fake_networks,
    fake_session,
    networks_of,
    square_clip,
    square_ids,
)


def features() -> QueryFeatures:
    return QueryFeatures(torch.zeros(100, dtype=torch.uint8), ())


def test_the_cache_never_holds_more_than_its_budget() -> None:
    cache = FeatureCache(budget_bytes=350)
    for frame_index in range(10):
        cache.put(frame_index, features())
        assert cache.nbytes <= 350
    assert len(cache) == 3


def test_a_new_pass_evicts_what_was_used_longest_ago() -> None:
    cache = FeatureCache(budget_bytes=300)
    for frame_index in (0, 1, 2):
        cache.put(frame_index, features())
    cache.get(0)
    cache.begin_pass()
    cache.put(3, features())
    assert cache.get(1) is None
    assert cache.get(0) is not None


def test_a_pass_over_more_than_the_cache_holds_still_finds_something_the_next_time() -> None:
    cache = FeatureCache(budget_bytes=300)
    found = 0
    for _ in range(4):
        cache.begin_pass()
        for frame_index in range(10):
            if cache.get(frame_index) is None:
                cache.put(frame_index, features())
            else:
                found += 1
    assert found == 3 * 3


def test_features_larger_than_the_budget_are_used_and_not_kept() -> None:
    cache = FeatureCache(budget_bytes=50)
    cache.put(0, features())
    assert (cache.get(0), cache.nbytes) == (None, 0)


def test_a_second_round_encodes_no_frame_again() -> None:
    session = fake_session(square_clip(8))
    session.set_ids(0, square_ids(0))
    list(session.propagate())
    propagation = networks_of(session)[0]
    assert propagation.calls["encode_query"] == 8
    session.set_ids(7, square_ids(7))
    list(session.propagate())
    assert propagation.calls["encode_query"] == 8


def test_a_cache_shrunk_for_lack_of_memory_holds_half_as_much_until_it_is_reset() -> None:
    cache = FeatureCache(budget_bytes=1000)
    for frame_index in range(4):
        cache.put(frame_index, features())
    cache.shrink()
    assert len(cache) == 0
    for frame_index in range(4):
        cache.put(frame_index, features())
    assert cache.nbytes == 200
    cache.reset()
    for frame_index in range(4):
        cache.put(frame_index, features())
    assert cache.nbytes == 400


def test_an_empty_cache_is_not_to_blame_for_full_memory() -> None:
    cache = FeatureCache(budget_bytes=1000)
    cache.shrink()
    cache.put(0, features())
    assert len(cache) == 1


class FromImageAlone(FakePropagation):
    """Memorises without a snapshot at the query, as the published network does."""

    shares_keys = False

    def encode_memory(self, image: Tensor, query: QueryFeatures, objects: Tensor) -> MemoryEntry:
        return MemoryEntry(F.avg_pool2d(image, GRID) * 8.0, F.avg_pool2d(objects[:, None], GRID))


def test_a_frame_that_is_only_memorised_is_encoded_where_memory_builds_on_that() -> None:
    for propagation, encoded in ((FakePropagation(), 8), (FromImageAlone(), 7)):
        networks = replace(fake_networks(), propagation=propagation)
        session = Session(square_clip(8), networks, device="cpu", dtype="float32", working_size=64)
        session.set_ids(0, square_ids(0))
        assert len(list(session.propagate())) == 7
        assert propagation.calls["encode_query"] == encoded
