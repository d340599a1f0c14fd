"""Networks with one part switched off or replaced by a simpler one, to measure its contribution."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.interfaces import FusionNetwork, MemoryEntry, Networks, PropagationNetwork, QueryFeatures

# As in soft aggregation, which `own_logits` inverts.
_EPSILON = 1e-7
# From a start that is exact for one object; for several the tests show that the blend comes back.
_NEWTON_STEPS = 5


class Ablation(nn.Module):
    """A propagation network in another: what a subclass does not define is the inner network's.

    A module, so that moving it to a device or another precision moves the network inside.
    """

    def __init__(self, network: PropagationNetwork) -> None:
        super().__init__()
        self.network = network

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the network inside; called for names that are not found here."""
        try:
            return super().__getattr__(name)  # the network inside, where it is a module
        except AttributeError:
            if name == "network":  # not set yet, as in a copy that is being made
                raise
            return getattr(self.network, name)


class WithoutMemory(Ablation):
    """Reads nothing: the decoder has the image and the previous probabilities alone."""

    def read(
        self,
        query: QueryFeatures,
        keys: Tensor,
        values: Tensor,
        *,
        ages: Sequence[int] | None = None,
        top_k: int | None = None,
    ) -> Tensor:
        """Return zeros (K, Cv, gh, gw)."""
        count, channels = values.shape[:2]
        return values.new_zeros(count, channels, *query.key.shape[-2:])


class WithoutPrevious(Ablation):
    """Zeroes the previous frame's probabilities: the decoder has the image and the memory alone."""

    def decode(
        self, query: QueryFeatures, readout: Tensor, previous: Tensor, target_models: Tensor | None = None
    ) -> Tensor:
        """Decode as if no object had been in the previous frame."""
        return self.network.decode(query, readout, torch.zeros_like(previous), target_models)


class WithoutTargetModels(Ablation):
    """Learns no target models: the decoder has the memory and the previous probabilities alone."""

    def learn_target_models(self, anchors: Sequence[MemoryEntry], known: Sequence[Collection[int]]) -> None:
        """Return None."""
        del anchors, known


class TopK(Ablation):
    """Reads a given number of the largest affinities, 0 for all of them."""

    def __init__(self, network: PropagationNetwork, top_k: int) -> None:
        super().__init__(network)
        self._top_k = top_k

    def read(
        self,
        query: QueryFeatures,
        keys: Tensor,
        values: Tensor,
        *,
        ages: Sequence[int] | None = None,
        top_k: int | None = None,
    ) -> Tensor:
        """Read with the wrapper's top_k; the argument is ignored."""
        return self.network.read(query, keys, values, ages=ages, top_k=self._top_k)


@dataclass
class PlainFusion:
    """A blend between two anchors without a network: the weight of new falls linearly, or is 1 throughout."""

    is_linear: bool
    multiple: int = 1

    def __call__(
        self, image: Tensor, old: Tensor, new: Tensor, attention: Tensor, distance: Tensor
    ) -> Tensor:
        """Blend probabilities (K, h, w); return logits that soft aggregation turns back into the blend."""
        weight = distance[0] if self.is_linear else torch.ones_like(distance[0])
        return own_logits(weight * new + (1 - weight) * old)


def own_logits(shares: Tensor) -> Tensor:
    """Invert soft aggregation: shares (K, h, w) of each pixel -> the objects' own logits (K, h, w).

    An object's odds are its share over the background's, r, times the background's own odds c, and
    c (prod(1 + c r) - 1) = 1. In log c that is nearly a line, straight for one object: Newton's steps.
    """
    shares = shares.float().clamp(_EPSILON, 1 - _EPSILON)
    log_ratio = shares.log() - (1 - shares.sum(dim=0)).clamp_min(_EPSILON).log()
    log_odds = -log_ratio.logsumexp(dim=0) / 2
    for _ in range(_NEWTON_STEPS):
        own = log_odds + log_ratio
        log_product = F.softplus(own).sum(dim=0)
        error = log_odds + log_product + torch.log(-torch.expm1(-log_product))
        slope = 1 - torch.sigmoid(own).sum(dim=0) / torch.expm1(-log_product)
        log_odds = log_odds - error / slope
    return log_odds + log_ratio


ABLATIONS: dict[str, Callable[[PropagationNetwork], Ablation]] = {
    "memory": WithoutMemory,
    "previous": WithoutPrevious,
    "targets": WithoutTargetModels,
}
"""Parts that can be switched off, by their names in reports."""

FUSIONS: dict[str, FusionNetwork] = {
    "newest": PlainFusion(is_linear=False),
    "linear": PlainFusion(is_linear=True),
}
"""Replacements of the fusion network: the newest propagation alone, or a linear blend by the distances."""


def switch_off(networks: Networks, part: str) -> Networks:
    """Return networks whose propagation lacks a part of `ABLATIONS`; the given ones are not changed."""
    return _with_propagation(networks, ABLATIONS[part](networks.propagation))


def replace_fusion(networks: Networks, name: str) -> Networks:
    """Return networks with the fusion "newest" or "linear"; the given ones are not changed."""
    return replace(networks, fusion=FUSIONS[name])


def limit_top_k(networks: Networks, top_k: int) -> Networks:
    """Return networks that read the `top_k` largest affinities, 0 for all; the given ones are not changed."""
    return _with_propagation(networks, TopK(networks.propagation, top_k))


def _with_propagation(networks: Networks, ablation: Ablation) -> Networks:
    # An ablation has every method of the network inside, which type checkers do not see.
    return replace(networks, propagation=cast(PropagationNetwork, ablation))
