"""Soft aggregation of independent object probabilities to one distribution per pixel. Pure functions."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

Background = Literal["product", "constant"]

# Both as in the published code.
_EPSILON = 1e-7
_HARDNESS = 1000.0


def aggregate(objects: Tensor, *, background: Background = "product", hard: bool = False) -> Tensor:
    """Merge objects and background into one distribution at every pixel (soft aggregation, STM; MiVOS).

    objects     (..., K, h, w) float, each object's own probability in [0, 1].
    background  "product": prod(1 - p) over the objects; "constant": 0.5 everywhere.
    hard        multiplies the logits by 1000, which leaves almost one-hot maps.
    Returns (..., K+1, h, w) float32, background first; every pixel sums to 1. For one object the soft product
    form is p^2 / (p^2 + (1-p)^2): it sharpens, it is not the identity.
    """
    if hard:
        return torch.softmax(aggregate_logits(objects, background=background) * _HARDNESS, dim=-3)
    odds = _odds(objects, background)  # the exponentials that softmax would take of the logits
    return odds / odds.sum(dim=-3, keepdim=True)


def aggregate_logits(objects: Tensor, *, background: Background = "product") -> Tensor:
    """Return the logits whose softmax over dim -3 is `aggregate`; losses take these.

    objects (..., K, h, w) float in [0, 1] -> (..., K+1, h, w) float32, background first.
    """
    return torch.log(_odds(objects, background))


def _odds(objects: Tensor, background: Background) -> Tensor:
    """Return the odds of background and objects, of probabilities clamped away from 0 and 1."""
    objects = objects.float()
    if background == "product":
        rest = torch.prod(1.0 - objects, dim=-3, keepdim=True)
    else:
        rest = torch.full_like(objects[..., :1, :, :], 0.5)
    prob = torch.cat([rest, objects], dim=-3).clamp(_EPSILON, 1.0 - _EPSILON)
    return prob / (1.0 - prob)
