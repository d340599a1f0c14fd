"""A small target model: what the editor's own masks of a clip say of how each object looks.

After Robinson et al. 2020 (FRTM): beside memory, which finds again what it has seen place by place, a
classifier is learned from the given frames alone, here a logistic regression on the image's features. It
sees no place, so that it helps where matching has lost its way, and it is learned anew for every walk,
within a few hundredths of a second.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

TARGET_WEIGHT = 0.25
"""How much of a target model's logit goes to the decoder's. Measured: docs/research/training.md."""

MOST_ANCHORS = 8
"""How many anchors a target model is learned from: more would take longer and hardly say more."""

# What is doubtful, along outlines above all, is left to the decoder.
_DOUBTFUL = 1.0
_MOST = 4.0
_RIDGE = 0.01
_STEPS = 6
_LEAST_CURVATURE = 1e-3
_LEAST_PIXELS = 4.0
_HALF = 0.5


def appearance(features: Sequence[Tensor], grid: tuple[int, int]) -> Tensor:
    """Average maps (1, C_i, h_i, w_i) over the cells of a grid (height, width) -> (P, sum of C_i)."""
    cells = [_averaged(maps, grid)[0].flatten(1) for maps in features]
    return torch.cat(cells).t()


def coverage(objects: Tensor, grid: tuple[int, int]) -> Tensor:
    """Average objects (K, 1, h, w) in [0, 1] over the cells of a grid -> (P, K)."""
    return _averaged(objects, grid)[:, 0].flatten(1).t()


def learn(samples: Sequence[tuple[Tensor, Tensor]], known: Sequence[Collection[int]]) -> Tensor:
    """Learn a target model of each object from anchors; float32, on the CPU.

    samples  of each anchor `appearance` (P, C) and `coverage` (P, K).
    known    of each anchor the rows of objects that it says something of.
    Returns weights and offset (K, C + 1), zero for an object of which no anchor says anything.
    """
    looks = torch.cat([look.float().cpu() for look, _ in samples])
    there = torch.cat([mask.float().cpu() for _, mask in samples])
    mean, spread = looks.mean(dim=0), looks.std(dim=0) + _LEAST_CURVATURE
    inputs = torch.cat([(looks - mean) / spread, torch.ones_like(looks[:, :1])], dim=1)
    of_anchor = torch.cat([torch.full((len(look),), place) for place, (look, _) in enumerate(samples)])
    learned = looks.new_zeros(there.shape[1], inputs.shape[1])
    for row in range(there.shape[1]):
        saying = torch.tensor([row in rows for rows in known])[of_anchor]
        if saying.any():
            learned[row] = _regression(inputs[saying], there[saying, row], len(samples[0][0]))
    # So that it takes features as they are.
    scaled = learned[:, :-1] / spread
    return torch.cat([scaled, learned[:, -1:] - (scaled @ mean)[:, None]], dim=1)


def score(targets: Tensor, looks: Tensor, grid: tuple[int, int]) -> Tensor:
    """Return each object's logit for every cell: (K, C + 1), (P, C) -> (K, 1, gh, gw) float32, within +-4.

    It is shrunk towards 0, so that small ones vanish.
    """
    with torch.autocast(looks.device.type, enabled=False):
        targets = targets.to(looks.device)
        logits = looks.float() @ targets[:, :-1].t() + targets[:, -1]
    return F.softshrink(logits, _DOUBTFUL).clamp(-_MOST, _MOST).t().reshape(-1, 1, *grid)


def _regression(inputs: Tensor, there: Tensor, positions: int) -> Tensor:
    """Fit a ridge logistic regression by Newton's steps: (M, C), (M,) in [0, 1] -> (C,).

    Object and background weigh the same, however small the object is.
    """
    inside = there.sum().clamp(min=_LEAST_PIXELS)
    outside = (1 - there).sum().clamp(min=_LEAST_PIXELS)
    weight = _HALF * len(there) / torch.where(there > _HALF, inside, outside)
    ridge = _RIDGE * positions
    found = inputs.new_zeros(inputs.shape[1])
    for _ in range(_STEPS):
        prob = torch.sigmoid(inputs @ found)
        curvature = weight * prob * (1 - prob) + _LEAST_CURVATURE
        hessian = (inputs * curvature[:, None]).t() @ inputs + ridge * torch.eye(len(found))
        gradient = inputs.t() @ (weight * (prob - there)) + ridge * found
        found = found - torch.linalg.solve(hessian, gradient)
    return found


def _averaged(maps: Tensor, grid: tuple[int, int]) -> Tensor:
    factor = maps.shape[-2] // grid[0]
    return F.avg_pool2d(maps, factor) if factor > 1 else maps
