"""Losses on masks and on matches. Pure tensors."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

HARDEST_SHARE = 0.2
_BEGIN, _END = 0.15, 0.6


def hardest_share(progress: float) -> float:
    """Return the share of pixels in the loss at a progress of 0 to 1: all at first, then only the hardest."""
    through = min(max((progress - _BEGIN) / (_END - _BEGIN), 0.0), 1.0)
    return 1.0 + through * (HARDEST_SHARE - 1.0)


def bootstrapped(losses: Tensor, share: float) -> Tensor:
    """Average the largest losses of each sample: (N, h, w) -> scalar (bootstrapped cross-entropy)."""
    flat = losses.flatten(1)
    if share >= 1.0:
        return flat.mean()
    return flat.topk(max(1, int(share * flat.shape[1])), dim=1).values.mean()


def dice_loss(prob: Tensor, truth: Tensor) -> Tensor:
    """One minus the soft Dice overlap of N maps, both (N, h, w) in [0, 1] -> (N,)."""
    overlap = (prob * truth).sum(dim=(1, 2))
    total = prob.sum(dim=(1, 2)) + truth.sum(dim=(1, 2))
    return 1.0 - (2.0 * overlap + 1.0) / (total + 1.0)


def match_loss(affinity: Tensor, matches: Tensor) -> Tensor:
    """Cross-entropy of rows of an affinity (B, Q, M) against known matches (B, Q) int64, -1 where unknown."""
    losses = F.cross_entropy(affinity.flatten(0, 1), matches.flatten(), ignore_index=-1, reduction="sum")
    return losses / (matches >= 0).sum().clamp(min=1)


def mask_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Cross-entropy and Dice of N masks: logits and truth (N, h, w) -> scalar.

    All pixels count: what one click leaves open is hard everywhere, and a loss of the hardest pixels alone
    makes all others worse.
    """
    entropy = F.binary_cross_entropy_with_logits(logits, truth)
    return entropy + 0.5 * dice_loss(torch.sigmoid(logits), truth).mean()


def intersection_over_union(prob: Tensor, truth: Tensor) -> Tensor:
    """Jaccard of N soft maps cut at 0.5 against truth, both (N, h, w) -> (N,); 1 where both are empty."""
    chosen, there = prob > 0.5, truth > 0.5
    either = (chosen | there).sum(dim=(1, 2)).float()
    both = (chosen & there).sum(dim=(1, 2)).float()
    return torch.where(either > 0, both / either.clamp(min=1), torch.ones_like(either))
