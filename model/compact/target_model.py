"""Target models: a classifier of each object's appearance, learned from the user's committed masks.

After Robinson et al. 2020 (FRTM): besides reading the memory, which matches positions, a classifier is
learned from the anchors alone, here a logistic regression on the image's features. It does not depend on
position, so that it helps where matching fails, and it is learned anew for every segment of a propagation,
within a few hundredths of a second.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

TARGET_WEIGHT = 0.25
"""Weight of a target model's logit that is added to the decoder's.

Measured with earlier weights: docs/research/training.md; with those that ship: docs/research/constants.md.
"""

MOST_ANCHORS = 8
"""How many anchors a target model is learned from. More take longer, and where anchors are near each other
even one is enough (docs/research/constants.md)."""

# The next four were chosen with earlier weights (docs/research/training.md) and are as good as others with
# those that ship (docs/research/constants.md).
# Small logits, mostly along outlines, are set to 0 and left to the decoder.
_SHRINKAGE = 1.0
# One certain cell must not outweigh the decoder.
_MAX_LOGIT = 4.0
# Of the squared weights, for each cell of an anchor.
_RIDGE = 0.01
# Newton's method has converged: twice as many change nothing.
_STEPS = 6
# Keeps what is divided by, or solved for, away from 0.
_LEAST_CURVATURE = 1e-3
# An object of less than 4 cells is weighted as if it had 4, or a single cell would be half of all.
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
    known    of each anchor the rows of the objects for which it holds a mask.
    Returns weights and offset (K, C + 1), zero for an object without any anchor.
    """
    features = torch.cat([pixels.float().cpu() for pixels, _ in samples])
    truth = torch.cat([mask.float().cpu() for _, mask in samples])
    mean, spread = features.mean(dim=0), features.std(dim=0) + _LEAST_CURVATURE
    inputs = torch.cat([(features - mean) / spread, torch.ones_like(features[:, :1])], dim=1)
    of_anchor = torch.cat([torch.full((len(pixels),), index) for index, (pixels, _) in enumerate(samples)])
    learned = features.new_zeros(truth.shape[1], inputs.shape[1])
    for row in range(truth.shape[1]):
        is_known = torch.tensor([row in rows for rows in known])[of_anchor]
        if is_known.any():
            learned[row] = _regression(inputs[is_known], truth[is_known, row], len(samples[0][0]))
    # Scaled so that the model takes features without normalisation.
    scaled = learned[:, :-1] / spread
    return torch.cat([scaled, learned[:, -1:] - (scaled @ mean)[:, None]], dim=1)


def score(target_models: Tensor, features: Tensor, grid: tuple[int, int]) -> Tensor:
    """Return each object's logit for every cell: (K, C + 1), (P, C) -> (K, 1, gh, gw) float32, within +-4.

    Logits are shrunk towards 0 (soft thresholding).
    """
    with torch.autocast(features.device.type, enabled=False):
        target_models = target_models.to(features.device)
        logits = features.float() @ target_models[:, :-1].t() + target_models[:, -1]
    return F.softshrink(logits, _SHRINKAGE).clamp(-_MAX_LOGIT, _MAX_LOGIT).t().reshape(-1, 1, *grid)


def _regression(inputs: Tensor, truth: Tensor, positions: int) -> Tensor:
    """Fit a ridge logistic regression by Newton's steps: (M, C), (M,) in [0, 1] -> (C,).

    Object and background have the same total weight, however small the object is.
    """
    inside = truth.sum().clamp(min=_LEAST_PIXELS)
    outside = (1 - truth).sum().clamp(min=_LEAST_PIXELS)
    weight = _HALF * len(truth) / torch.where(truth > _HALF, inside, outside)
    ridge = _RIDGE * positions
    found = inputs.new_zeros(inputs.shape[1])
    for _ in range(_STEPS):
        prob = torch.sigmoid(inputs @ found)
        curvature = weight * prob * (1 - prob) + _LEAST_CURVATURE
        hessian = (inputs * curvature[:, None]).t() @ inputs + ridge * torch.eye(len(found))
        gradient = inputs.t() @ (weight * (prob - truth)) + ridge * found
        found = found - torch.linalg.solve(hessian, gradient)
    return found


def _averaged(maps: Tensor, grid: tuple[int, int]) -> Tensor:
    factor = maps.shape[-2] // grid[0]
    return F.avg_pool2d(maps, factor) if factor > 1 else maps
