"""Reading memory: similarities, the exact top-k filter, weighted sums. Pure functions, no parameters.

Legend: R rows of keys (1 or K), Ck and Cv channels of key and value, T memory frames, P positions of the
grid, M = T*P memory positions, Q query positions. Queries are rows throughout: the k best of a row then lie
in contiguous memory, which on a CPU is several times faster than columns.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

Factors = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""Compute from memory and query keys two tensors whose product is an affinity."""

_Search = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Find for rows (R, Q, C) the k best: affinity and positions (R, Q, k), best first."""

# A part stays in the cache of a processor: 2 to 12 MiB take the same time, the whole affinity of ten frames
# 1.4 to 1.8 times as long (docs/research/constants.md). On a GPU it only bounds the memory of the affinity.
_CPU_PART_BYTES = 6 << 20
_GPU_PART_BYTES = 1 << 30


def dot_affinity(memory_key: Tensor, query_key: Tensor) -> Tensor:
    """Scaled dot products (STM, MiVOS): (R, Ck, M), (1 or R, Ck, Q) -> (R, Q, M) float32."""
    return exact_product(*dot_factors(memory_key, query_key))


def distance_affinity(memory_key: Tensor, query_key: Tensor) -> Tensor:
    """Negative squared distances over sqrt(Ck) (STCN): (R, Ck, M), (1 or R, Ck, Q) -> (R, Q, M) float32.

    The query's own square is left out: it is constant over a row, and does not change the softmax.
    """
    return exact_product(*distance_factors(memory_key, query_key))


def exact_product(rows: Tensor, columns: Tensor) -> Tensor:
    """Multiply in float32 also under autocast: rounding errors in an affinity become wrong matches."""
    with torch.autocast(rows.device.type, enabled=False):
        return torch.matmul(rows, columns)


def dot_factors(memory_key: Tensor, query_key: Tensor) -> tuple[Tensor, Tensor]:
    """Return (1 or R, Q, Ck) and (R, Ck, M), float32, whose product is the dot affinity."""
    query = query_key.float() / math.sqrt(query_key.shape[1])
    return query.transpose(1, 2), memory_key.float()


def distance_factors(memory_key: Tensor, query_key: Tensor) -> tuple[Tensor, Tensor]:
    """Return (R, Q, Ck+1) and (R, Ck+1, M) whose product is the distance affinity.

    One more channel holds the memory's squares, so that the affinity is a single product.
    """
    scale = 1.0 / math.sqrt(query_key.shape[1])
    memory, query = memory_key.float(), query_key.float()
    squares = memory.square().sum(dim=1, keepdim=True) * -scale
    rows = torch.cat([query * (2.0 * scale), torch.ones_like(query[:, :1])], dim=1).transpose(1, 2)
    return rows.contiguous(), torch.cat([memory, squares], dim=1)


def prefer_near(factors: Factors, grid: tuple[int, int], spreads: Tensor) -> Factors:
    """Make an affinity prefer memory positions near the query's position (after Seong et al. 2020).

    Most objects move little between frames, and similar appearance elsewhere is mostly another object:
    -d^2 / (2 s^2) is added to the affinity, with d the distance between the two positions.
    grid     (height, width) in cells, of the query and of each of the T memory frames.
    spreads  (T,) the expected displacements s, in cells, one for each memory frame.
    """
    height, width = grid
    device = spreads.device
    y, x = torch.meshgrid(
        torch.arange(height, device=device) - height / 2,
        torch.arange(width, device=device) - width / 2,
        indexing="ij",
    )
    y, x = y.flatten(), x.flatten()
    squares = x.square() + y.square()
    one = torch.ones_like(x)
    here = torch.stack([x, y, squares, one], dim=1)
    # The square is expanded to a product of four channels, so that the affinity stays a single product.
    weights = (0.5 / spreads.square())[None, :, None]
    there = (torch.stack([2 * x, 2 * y, -one, -squares])[:, None] * weights).flatten(1)

    def near(memory_key: Tensor, query_key: Tensor) -> tuple[Tensor, Tensor]:
        rows, memory = factors(memory_key, query_key)
        rows = torch.cat([rows, here.expand(rows.shape[0], -1, -1)], dim=2)
        return rows, torch.cat([memory, there.expand(memory.shape[0], -1, -1)], dim=1)

    return near


def top_k_weights(affinity: Tensor, top_k: int, positions: int) -> tuple[Tensor, Tensor]:
    """Softmax over the k largest entries of each row (MiVOS, eq. 3); k is at most the row's length.

    affinity (R, Q, M) float, positions P = grid positions of one memory frame (M is a multiple of P).
    Returns (weights (R, Q, k) float that sum to 1, positions in M (R, Q, k) int64), largest first.
    """
    best, where = _top_k(affinity, top_k, positions)
    return torch.softmax(best, dim=-1), where


def nearest(
    memory_key: Tensor, query_key: Tensor, *, top_k: int, positions: int, factors: Factors = distance_factors
) -> tuple[Tensor, Tensor]:
    """Find each query's k nearest memory positions: `top_k_weights` of an affinity, part by part.

    memory_key (R, Ck, M), query_key (1 or R, Ck, Q) -> weights and positions (R, Q, k). The whole affinity
    of a long memory is some 100 MB; in parts it stays in the cache of a CPU, which halves the time.
    factors  which affinity: `distance_factors` or `dot_factors`.

    On a CPU keys in bfloat16 are searched in bfloat16; the entries found are ranked and weighted in float32.
    """
    is_cpu = memory_key.device.type == "cpu"
    is_half = is_cpu and memory_key.dtype == torch.bfloat16
    rows, memory = factors(memory_key, query_key)
    find = (_half_search if is_half else _exact_search)(memory, top_k, positions)
    entry_bytes = 2 if is_half else 4
    part_bytes = _CPU_PART_BYTES if is_cpu else _GPU_PART_BYTES
    part = max(1, part_bytes // (entry_bytes * memory_key.shape[0] * memory_key.shape[-1]))
    best, where = zip(*map(find, torch.split(rows, part, dim=1)), strict=True)
    return torch.softmax(torch.cat(best, dim=1), dim=-1), torch.cat(where, dim=1)


def _exact_search(memory: Tensor, k: int, positions: int) -> _Search:
    return lambda rows: _top_k(exact_product(rows, memory), k, positions)


def _half_search(memory: Tensor, k: int, positions: int) -> _Search:
    """Search in two thirds of the time: a rough product selects 4/3 k candidates, which are ranked exactly.

    It may miss a few entries that hardly differ from the last of the k, whose weights are the smallest.
    """
    rough, table = memory.bfloat16(), memory.transpose(1, 2).contiguous()

    def search(rows: Tensor) -> tuple[Tensor, Tensor]:
        where = _largest(torch.matmul(rows.bfloat16(), rough), k + k // 3, positions)
        exact = [
            (F.embedding(found, places) * row.unsqueeze(1)).sum(dim=-1)
            for row, places, found in zip(rows.expand(len(table), -1, -1), table, where, strict=True)
        ]
        return _ranked(torch.stack(exact), where, k)

    return search


def _top_k(affinity: Tensor, k: int, positions: int) -> tuple[Tensor, Tensor]:
    """Return the exact top k of each row, largest first: entries and their indices."""
    where = _largest(affinity, k, positions)
    return _ranked(affinity.gather(-1, where), where, k)


def _ranked(entries: Tensor, where: Tensor, k: int) -> tuple[Tensor, Tensor]:
    best, order = entries.topk(min(k, entries.shape[-1]), dim=-1)
    return best, where.gather(-1, order)


def _largest(affinity: Tensor, k: int, positions: int) -> Tensor:
    """Find where the k largest entries of each row are, in no order.

    Entries at one grid position across the T frames form a group. The k largest entries of a row lie in the
    k groups with the largest maxima, so only those k*T entries are searched. Which groups these are is
    found likewise: of a single frame, entries a quarter of it apart form a group.
    """
    size = affinity.shape[-1]
    groups = positions if positions < size else _group_count(size)
    if groups == size or groups <= 2 * k:
        return _top_indices(affinity, k)
    maxima = affinity.view(*affinity.shape[:-1], size // groups, groups).amax(dim=-2)
    starts = torch.arange(0, size, groups, device=affinity.device)
    candidates = (_largest(maxima, k, groups).unsqueeze(-2) + starts.unsqueeze(-1)).flatten(-2)
    return candidates.gather(-1, _top_indices(affinity.gather(-1, candidates), k))


def _top_indices(entries: Tensor, k: int) -> Tensor:
    return entries.topk(min(k, entries.shape[-1]), dim=-1, sorted=False).indices


def _group_count(size: int) -> int:
    return next((size // part for part in (4, 3, 2, 5) if size % part == 0), size)


def weighted_values(values: Tensor, weights: Tensor, where: Tensor) -> Tensor:
    """Sum the chosen values: (K, Cv, M), weights and positions (R, Q, k) -> (K, Cv, Q), dtype of values."""
    objects, channels, positions = values.shape
    rows, queries, _ = where.shape
    tables = values.reshape(rows, objects // rows * channels, positions).transpose(1, 2).contiguous()
    weights = weights.to(values.dtype)
    sums = [_sum_rows(tables[row], weights[row], where[row]) for row in range(rows)]
    return torch.stack(sums).transpose(1, 2).reshape(objects, channels, queries)


def _sum_rows(table: Tensor, weights: Tensor, where: Tensor) -> Tensor:
    """Weighted sums of rows of a table (M, C), weights and row numbers (Q, k) -> (Q, C)."""
    if table.device.type == "cpu":
        # Gathers and sums at once, in a tenth of the time of gathering first. Not every accelerator has it.
        return F.embedding_bag(where, table, per_sample_weights=weights, mode="sum")
    return torch.einsum("qkc,qk->qc", table[where], weights)


def read_memory(affinity: Tensor, values: Tensor, *, top_k: int, positions: int) -> Tensor:
    """Read values (K, Cv, M) through an affinity (R, Q, M); top_k 0 takes all. Returns (K, Cv, Q)."""
    if top_k <= 0:
        weights = torch.softmax(affinity, dim=-1).to(values.dtype)
        return torch.matmul(values, weights.transpose(1, 2))
    weights, where = top_k_weights(affinity, top_k, positions)
    return weighted_values(values, weights, where)


def transfer_maps(affinity: Tensor, maps: Tensor) -> Tensor:
    """Transfer maps of one memory frame to the query's frame: softmax over all its positions, no filter.

    affinity (R, Q, M) with M the positions of one frame; maps (K, C, M) -> (K, C, Q) float32.
    """
    weights = torch.softmax(affinity, dim=-1)
    return exact_product(maps.float(), weights.transpose(1, 2))
