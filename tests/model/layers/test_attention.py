from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from model.layers.attention import (
    distance_affinity,
    distance_factors,
    dot_affinity,
    exact_product,
    nearest,
    prefer_near,
    read_memory,
    top_k_weights,
    transfer_maps,
)


def _random(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(3))


def _read_densely(affinity: Tensor, values: Tensor, k: int) -> Tensor:
    """The definition, without any shortcut: all but the k best of each row are zero."""
    limit = affinity.topk(k, dim=-1).values[..., -1:]
    weights = torch.softmax(affinity.masked_fill(affinity < limit, -torch.inf), dim=-1)
    return torch.matmul(values, weights.transpose(1, 2))


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("k", [1, 5, 20])
def test_the_two_stage_filter_equals_the_definition(rows: int, k: int) -> None:
    affinity = _random(rows, 7, 4 * 24)
    values = _random(3, 6, 4 * 24)
    expected = _read_densely(affinity, values, k)
    assert torch.allclose(read_memory(affinity, values, top_k=k, positions=24), expected, atol=1e-5)


@pytest.mark.parametrize(("frames", "positions"), [(1, 240), (1, 241), (3, 240), (7, 90)])
def test_the_filter_in_many_stages_equals_the_definition(frames: int, positions: int) -> None:
    affinity = _random(2, 7, frames * positions)
    best, where = affinity.topk(6, dim=-1)
    weights, found = top_k_weights(affinity, 6, positions)
    assert torch.equal(found, where)
    assert torch.allclose(weights, torch.softmax(best, dim=-1))


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("frames", [1, 4])
def test_keys_in_half_precision_are_found_and_weighted_as_in_full(rows: int, frames: int) -> None:
    memory = _random(rows, 16, frames * 120).bfloat16()
    query = _random(1, 16, 50).bfloat16()
    expected, places = nearest(memory.float(), query.float(), top_k=9, positions=120)
    weights, found = nearest(memory, query, top_k=9, positions=120)
    missed = ~(places.unsqueeze(-1) == found.unsqueeze(-2)).any(dim=-1)
    assert (expected * missed).sum(dim=-1).max() < 1e-3
    complete = ~missed.any(dim=-1)
    assert complete.float().mean() > 0.95
    assert torch.allclose(weights[complete], expected[complete], atol=1e-5)


@pytest.mark.parametrize("part_bytes", [4, 1000, 1 << 20])
def test_reading_in_parts_equals_reading_at_once(part_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    memory, query = _random(1, 8, 3 * 20), _random(1, 8, 13)
    weights, where = top_k_weights(distance_affinity(memory, query), 6, 20)
    monkeypatch.setattr("model.layers.attention._CPU_PART_BYTES", part_bytes)
    in_parts = nearest(memory, query, top_k=6, positions=20)
    assert torch.equal(where, in_parts[1])
    assert torch.allclose(weights, in_parts[0], atol=1e-6)


def test_weights_of_each_row_sum_to_one_and_are_sorted() -> None:
    weights, where = top_k_weights(_random(2, 5, 3 * 40), 10, 40)
    assert weights.shape == where.shape == (2, 5, 10)
    assert torch.allclose(weights.sum(dim=-1), torch.ones(2, 5))
    assert (weights.diff(dim=-1) <= 0).all()


def test_a_top_k_beyond_the_positions_means_all() -> None:
    affinity, values = _random(1, 4, 6), _random(2, 3, 6)
    few = read_memory(affinity, values, top_k=50, positions=6)
    assert torch.allclose(few, read_memory(affinity, values, top_k=0, positions=6), atol=1e-6)


def test_distances_rank_like_true_squared_distances() -> None:
    memory, query = _random(1, 8, 30), _random(1, 8, 11)
    true = torch.cdist(query.transpose(1, 2), memory.transpose(1, 2)).square()
    assert torch.equal(distance_affinity(memory, query).argmax(-1), true.argmin(-1))


def test_dot_products_are_scaled_by_the_root_of_the_channels() -> None:
    memory, query = _random(2, 16, 5), _random(1, 16, 3)
    expected = torch.einsum("rcm,cq->rqm", memory, query[0]) / 4.0
    assert torch.allclose(dot_affinity(memory, query), expected, atol=1e-5)


@pytest.mark.parametrize("affinity", [dot_affinity, distance_affinity])
def test_affinities_are_float32_under_autocast(affinity: Callable[[Tensor, Tensor], Tensor]) -> None:
    memory, query = _random(2, 16, 5), _random(1, 16, 3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = affinity(memory, query)
    assert torch.equal(found, affinity(memory, query))


def test_the_map_of_the_only_matching_memory_cell_is_transferred() -> None:
    affinity = torch.full((1, 2, 3), -100.0)
    affinity[0, 0, 2] = affinity[0, 1, 0] = 100.0
    transferred = transfer_maps(affinity, torch.tensor([[[0.1, 0.2, 0.3]]]))
    assert torch.allclose(transferred, torch.tensor([[[0.3, 0.1]]]))


def test_values_keep_their_dtype() -> None:
    values = _random(1, 4, 12).bfloat16()
    assert read_memory(_random(1, 3, 12), values, top_k=2, positions=6).dtype == torch.bfloat16


def test_preferring_near_positions_subtracts_half_the_squared_distance_over_the_squared_spread() -> None:
    grid, spreads = (3, 4), torch.tensor([2.0, 5.0])
    generator = torch.Generator().manual_seed(3)
    memory = torch.randn(1, 6, 2 * 12, generator=generator)
    query = torch.randn(1, 6, 12, generator=generator)
    near = exact_product(*prefer_near(distance_factors, grid, spreads)(memory, query))
    places = torch.tensor([(y, x) for y in range(3) for x in range(4)], dtype=torch.float32)
    distances = torch.cdist(places, places)
    expected = distance_affinity(memory, query) - torch.cat(
        [0.5 * (distances / s) ** 2 for s in spreads], dim=1
    )
    torch.testing.assert_close(near, expected)
