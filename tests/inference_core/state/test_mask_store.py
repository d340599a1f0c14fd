from __future__ import annotations

import numpy as np
import pytest

from inference_core.state.frame_record import FrameRecord, ObjectKey
from inference_core.state.mask_store import MaskStore
from inference_core.types import MemoryBudget

RED, GREEN = ObjectKey(1, 1), ObjectKey(2, 2)


def mask_store(prob_dtype: str = "uint8") -> MaskStore:
    return MaskStore((8, 10), (16, 16), prob_dtype, MemoryBudget(), None)


def planes(count: int) -> np.ndarray:
    return np.random.default_rng(0).random((count, 16, 16)).astype(np.float32)


def test_quantised_probabilities_are_off_by_half_a_step_at_most() -> None:
    home = mask_store()
    stored = home.quantise(planes(1))
    assert stored.dtype == np.uint8
    np.testing.assert_allclose(home.to_float(stored), planes(1), atol=0.5 / 255 + 1e-6)


def test_quantising_twice_changes_nothing() -> None:
    home = mask_store()
    once = home.quantise(planes(1))
    assert (home.quantise(home.to_float(once)) == once).all()


@pytest.mark.parametrize("prob_dtype", ["uint8", "float32"])
def test_probabilities_come_back_exactly(prob_dtype: str) -> None:
    home = mask_store(prob_dtype)
    stored = home.quantise(planes(2))
    packed = home.pack_prob(stored, [RED, GREEN])
    assert (home.read_prob(packed, [GREEN, RED]) == stored[::-1]).all()


def test_an_object_that_is_nowhere_costs_nothing_and_reads_as_zeros() -> None:
    home = mask_store()
    stored = home.quantise(planes(2))
    stored[1] = 0
    packed = home.pack_prob(stored, [RED, GREEN])
    assert packed.planes == (RED,)
    assert packed.known == (RED, GREEN)
    assert not home.read_prob(packed, [GREEN]).any()


def test_ids_of_a_removed_object_read_as_background() -> None:
    home = mask_store()
    ids = np.zeros((8, 10), np.uint8)
    ids[:2], ids[4:] = 1, 2
    record = home.pack(home.pack_prob(home.quantise(planes(2)), [RED, GREEN]), ids, is_hard=True)
    assert set(np.unique(home.read_ids(record, [RED]))) == {0, 1}
    assert (home.read_ids(record, [RED, GREEN]) == ids).all()


def test_a_later_holder_of_an_id_does_not_inherit_its_pixels() -> None:
    home = mask_store()
    ids = np.ones((8, 10), np.uint8)
    record = home.pack(home.pack_prob(home.quantise(planes(1)), [RED]), ids, is_hard=True)
    assert not home.read_ids(record, [ObjectKey(1, 9)]).any()


def test_what_is_read_may_be_written_to() -> None:
    home = mask_store()
    record = home.pack(
        home.pack_prob(home.quantise(planes(1)), [RED]), np.ones((8, 10), np.uint8), is_hard=True
    )
    home.read_ids(record, [RED])[:] = 0
    assert home.read_ids(record, [RED]).all()


def overlapping_record(home: MaskStore) -> FrameRecord:
    """Red covers the upper half, green the left half."""
    prob = home.pack_prob(home.quantise(planes(2)), [RED, GREEN])
    layers = []
    for key, part in ((RED, np.s_[:4]), (GREEN, np.s_[:, :5])):
        ids = np.zeros((8, 10), np.uint8)
        ids[part] = key.object_id
        layers += home.pack(prob, ids, is_hard=True).layers
    return FrameRecord(prob, tuple(layers), True)


def test_objects_that_overlap_are_kept_whole_and_ids_shows_the_later_key_on_top() -> None:
    home = mask_store()
    record = overlapping_record(home)
    assert record.present == (RED, GREEN)
    assert home.read_mask(record, RED).sum() == 40
    assert home.read_mask(record, GREEN).sum() == 40
    assert (home.read_ids(record, [RED, GREEN])[:4, :5] == 2).all()
    assert (home.read_ids(record, [GREEN, RED])[:4, :5] == 1).all()
    assert not home.read_ids(record, [RED])[4:].any()


def test_some_of_the_objects_of_a_record_are_kept_whole_too() -> None:
    home = mask_store()
    only = home.only(overlapping_record(home), [RED])
    assert only.present == (RED,)
    assert home.read_mask(only, RED).sum() == 40
    assert not home.read_mask(only, GREEN).any()
