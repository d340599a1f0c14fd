"""Target models: what the given masks say of how objects look."""

from __future__ import annotations

import pytest
import torch

from model.compact.target_model import appearance, coverage, learn, score

GRID = (6, 8)
POSITIONS = GRID[0] * GRID[1]


def _two_colours(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Looks (P, 3) of a noisy picture whose right half is red, and how much of each cell that half covers."""
    noise = torch.randn(POSITIONS, 3, generator=torch.Generator().manual_seed(seed)) * 0.1
    inside = torch.zeros(GRID)
    inside[:, 4:] = 1.0
    noise[:, 0] += inside.flatten()
    return noise, inside.flatten()


def test_an_object_is_known_again_by_its_looks_wherever_it_is() -> None:
    looks, inside = _two_colours(0)
    targets = learn([(looks, torch.stack([inside, 1 - inside], dim=1))], [(0, 1)])
    moved, _ = _two_colours(1)
    scores = score(targets, moved.flip(0), GRID)
    assert scores.shape == (2, 1, *GRID)
    assert ((scores[0, 0] > 0).flatten() == (inside.flip(0) > 0)).all()
    assert ((scores[1, 0] > 0).flatten() == (inside.flip(0) == 0)).all()


def test_a_small_object_weighs_as_much_as_all_around_it() -> None:
    looks, _ = _two_colours(0)
    small = torch.zeros(POSITIONS, 1)
    small[10:14] = 1.0
    looks[10:14, 1] += 1.0
    scores = score(learn([(looks, small)], [(0,)]), looks, GRID).flatten()
    assert (scores[10:14] > 0).all()


def test_an_anchor_teaches_only_the_objects_that_it_says_something_of() -> None:
    looks, inside = _two_colours(0)
    both = torch.stack([inside, inside], dim=1)
    misleading = torch.stack([1 - inside, 1 - inside], dim=1)
    targets = learn([(looks, both), (looks, misleading)], [(0,), ()])
    assert torch.equal(targets[1], torch.zeros(4)), "nobody says anything of the second"
    assert ((score(targets, looks, GRID)[0, 0].flatten() > 0) == (inside > 0)).all()


def test_an_empty_and_a_full_mask_are_learned_without_a_fault() -> None:
    looks, _ = _two_colours(0)
    for value in (0.0, 1.0):
        targets = learn([(looks, torch.full((POSITIONS, 1), value))], [(0,)])
        scores = score(targets, looks, GRID)
        assert torch.isfinite(scores).all()
        assert ((scores > 0) == bool(value)).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_maps_of_several_strides_are_averaged_over_the_cells_of_the_grid(dtype: torch.dtype) -> None:
    fine, coarse = torch.rand(1, 2, 24, 32).to(dtype), torch.rand(1, 5, *GRID).to(dtype)
    looks = appearance((coarse, fine), GRID)
    assert looks.shape == (POSITIONS, 7)
    assert torch.equal(looks[9, :5], coarse[0, :, 1, 1])
    assert torch.allclose(looks[9, 5:].float(), fine[0, :, 4:8, 4:8].float().mean(dim=(1, 2)), atol=0.01)
    covered = coverage(torch.ones(3, 1, 24, 32), GRID)
    assert torch.equal(covered, torch.ones(POSITIONS, 3))
