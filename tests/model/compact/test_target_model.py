"""Target models learned from given masks."""

from __future__ import annotations

import pytest
import torch

from model.compact.target_model import appearance, coverage, learn, score

GRID = (6, 8)
POSITIONS = GRID[0] * GRID[1]


def _two_colours(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Features (P, 3) of a noisy image whose right half is red, and that half's share of each cell."""
    noise = torch.randn(POSITIONS, 3, generator=torch.Generator().manual_seed(seed)) * 0.1
    inside = torch.zeros(GRID)
    inside[:, 4:] = 1.0
    noise[:, 0] += inside.flatten()
    return noise, inside.flatten()


def test_an_object_is_recognised_at_any_position() -> None:
    features, inside = _two_colours(0)
    target_models = learn([(features, torch.stack([inside, 1 - inside], dim=1))], [(0, 1)])
    moved, _ = _two_colours(1)
    scores = score(target_models, moved.flip(0), GRID)
    assert scores.shape == (2, 1, *GRID)
    assert ((scores[0, 0] > 0).flatten() == (inside.flip(0) > 0)).all()
    assert ((scores[1, 0] > 0).flatten() == (inside.flip(0) == 0)).all()


def test_a_small_object_has_the_weight_of_its_background() -> None:
    features, _ = _two_colours(0)
    small = torch.zeros(POSITIONS, 1)
    small[10:14] = 1.0
    features[10:14, 1] += 1.0
    scores = score(learn([(features, small)], [(0,)]), features, GRID).flatten()
    assert (scores[10:14] > 0).all()


def test_an_anchor_is_used_only_for_the_objects_that_it_has_masks_of() -> None:
    features, inside = _two_colours(0)
    both = torch.stack([inside, inside], dim=1)
    misleading = torch.stack([1 - inside, 1 - inside], dim=1)
    target_models = learn([(features, both), (features, misleading)], [(0,), ()])
    assert torch.equal(target_models[1], torch.zeros(4)), "no anchor has a mask of the second"
    assert ((score(target_models, features, GRID)[0, 0].flatten() > 0) == (inside > 0)).all()


def test_an_empty_and_a_full_mask_are_learned_without_errors() -> None:
    features, _ = _two_colours(0)
    for value in (0.0, 1.0):
        target_models = learn([(features, torch.full((POSITIONS, 1), value))], [(0,)])
        scores = score(target_models, features, GRID)
        assert torch.isfinite(scores).all()
        assert ((scores > 0) == bool(value)).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_maps_of_several_strides_are_averaged_over_the_cells_of_the_grid(dtype: torch.dtype) -> None:
    fine, coarse = torch.rand(1, 2, 24, 32).to(dtype), torch.rand(1, 5, *GRID).to(dtype)
    features = appearance((coarse, fine), GRID)
    assert features.shape == (POSITIONS, 7)
    assert torch.equal(features[9, :5], coarse[0, :, 1, 1])
    assert torch.allclose(features[9, 5:].float(), fine[0, :, 4:8, 4:8].float().mean(dim=(1, 2)), atol=0.01)
    covered = coverage(torch.ones(3, 1, 24, 32), GRID)
    assert torch.equal(covered, torch.ones(POSITIONS, 3))
