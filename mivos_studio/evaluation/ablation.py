"""Networks with one of their parts switched off or replaced by something plainer, to see what it is worth."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.interfaces import FusionNetwork, MemoryEntry, Networks, PropagationNetwork, QueryFeatures

_EPSILON = 1e-7
_NEWTON_STEPS = 5


class Ablation(nn.Module):
    """A propagation network that passes everything on.

    A module, so that placing it on a device or in another precision reaches the network inside.
    """

    def __init__(self, network: PropagationNetwork) -> None:
        super().__init__()
        self.network = network
        self.multiple = network.multiple
        self.shares_keys = network.shares_keys
        self.feature_budget_bytes = network.feature_budget_bytes
        self.mem_every = network.mem_every
        self.max_memory_frames = network.max_memory_frames

    def encode_query(self, image: Tensor) -> QueryFeatures:
        """Pass on."""
        return self.network.encode_query(image)

    def encode_memory(self, image: Tensor, query: QueryFeatures, objects: Tensor) -> MemoryEntry:
        """Pass on."""
        return self.network.encode_memory(image, query, objects)

    def read(
        self,
        query: QueryFeatures,
        keys: Tensor,
        values: Tensor,
        *,
        ages: Sequence[int] | None = None,
        top_k: int | None = None,
    ) -> Tensor:
        """Pass on."""
        return self.network.read(query, keys, values, ages=ages, top_k=top_k)

    def learn_target_models(
        self, anchors: Sequence[MemoryEntry], known: Sequence[Collection[int]]
    ) -> Tensor | None:
        """Pass on."""
        return self.network.learn_target_models(anchors, known)

    def decode(
        self, query: QueryFeatures, readout: Tensor, previous: Tensor, target_models: Tensor | None = None
    ) -> Tensor:
        """Pass on."""
        return self.network.decode(query, readout, previous, target_models)

    def transfer(self, query: QueryFeatures, key: Tensor, maps: Tensor) -> Tensor:
        """Pass on."""
        return self.network.transfer(query, key, maps)


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
        """Answer zeros (K, Cv, gh, gw), whatever was memorised."""
        count, channels = values.shape[:2]
        return values.new_zeros(count, channels, *query.key.shape[-2:])


class WithoutPrevious(Ablation):
    """Forgets the previous frame's probabilities: the decoder has the image and the memory alone."""

    def decode(
        self, query: QueryFeatures, readout: Tensor, previous: Tensor, target_models: Tensor | None = None
    ) -> Tensor:
        """Decode as if no object had been in the previous frame."""
        return self.network.decode(query, readout, torch.zeros_like(previous), target_models)


class WithoutTargetModels(Ablation):
    """Learns nothing from the anchors' looks: the decoder relies on memory and the previous probabilities."""

    def learn_target_models(self, anchors: Sequence[MemoryEntry], known: Sequence[Collection[int]]) -> None:
        """Learn nothing."""
        del anchors, known


class TopK(Ablation):
    """Reads as many of the strongest places of the affinity as it is told, 0 for all of them."""

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
        """Read with its own number, whatever the caller says."""
        return self.network.read(query, keys, values, ages=ages, top_k=self._top_k)


@dataclass
class PlainFusion:
    """A blend between two anchors that needs no network: new's weight falls linearly, or is 1 throughout."""

    is_linear: bool
    multiple: int = 1

    def __call__(
        self, image: Tensor, old: Tensor, new: Tensor, attention: Tensor, distance: Tensor
    ) -> Tensor:
        """Blend shares (K, h, w), and undo beforehand the competition that the blend will go through."""
        weight = distance[0] if self.is_linear else torch.ones_like(distance[0])
        return own_logits(weight * new + (1 - weight) * old)


def own_logits(shares: Tensor) -> Tensor:
    """Find the logits (K, h, w) of objects whose soft aggregation gives these shares (K, h, w) of each pixel.

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
"""What can be switched off, by the name under which reports list it."""

FUSIONS: dict[str, FusionNetwork] = {
    "newest": PlainFusion(is_linear=False),
    "linear": PlainFusion(is_linear=True),
}
"""What can stand in for the fusion network: the newest walk wins, or the nearer anchor by the distances."""


def switch_off(networks: Networks, part: str) -> Networks:
    """Return networks whose propagation does without a part of `ABLATIONS`; the given ones stay as is."""
    return replace(networks, propagation=ABLATIONS[part](networks.propagation))


def replace_fusion(networks: Networks, name: str) -> Networks:
    """Return networks that blend as "newest" or "linear" says; the given ones stay as is."""
    return replace(networks, fusion=FUSIONS[name])


def limit_top_k(networks: Networks, top_k: int) -> Networks:
    """Return networks that read the `top_k` strongest places, 0 for all; the given ones stay as is."""
    return replace(networks, propagation=TopK(networks.propagation, top_k))
