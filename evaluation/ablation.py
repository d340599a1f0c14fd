"""Propagation networks with one of their inputs switched off, to see what that input is worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn

from model.interfaces import MemoryEntry, Networks, PropagationNetwork, QueryFeatures


class Ablation(nn.Module):
    """A propagation network that passes everything on.

    A module, so that placing it on a device or in another precision reaches the network inside.
    """

    def __init__(self, network: PropagationNetwork) -> None:
        super().__init__()
        self.network = network
        self.multiple = network.multiple
        self.shares_keys = network.shares_keys

    def encode_query(self, image: Tensor) -> QueryFeatures:
        """Pass on."""
        return self.network.encode_query(image)

    def encode_memory(self, image: Tensor, query: QueryFeatures, objects: Tensor) -> MemoryEntry:
        """Pass on."""
        return self.network.encode_memory(image, query, objects)

    def read(self, query: QueryFeatures, keys: Tensor, values: Tensor, *, top_k: int | None = None) -> Tensor:
        """Pass on."""
        return self.network.read(query, keys, values, top_k=top_k)

    def decode(self, query: QueryFeatures, readout: Tensor, previous: Tensor) -> Tensor:
        """Pass on."""
        return self.network.decode(query, readout, previous)

    def transfer(self, query: QueryFeatures, key: Tensor, maps: Tensor) -> Tensor:
        """Pass on."""
        return self.network.transfer(query, key, maps)


class WithoutMemory(Ablation):
    """Reads nothing: the decoder has the image and the previous probabilities alone."""

    def read(self, query: QueryFeatures, keys: Tensor, values: Tensor, *, top_k: int | None = None) -> Tensor:
        """Answer zeros (K, Cv, gh, gw), whatever was memorised."""
        count, channels = values.shape[:2]
        return values.new_zeros(count, channels, *query.key.shape[-2:])


class WithoutPrevious(Ablation):
    """Forgets the previous frame's probabilities: the decoder has the image and the memory alone."""

    def decode(self, query: QueryFeatures, readout: Tensor, previous: Tensor) -> Tensor:
        """Decode as if no object had been in the previous frame."""
        return self.network.decode(query, readout, torch.zeros_like(previous))


ABLATIONS: dict[str, Callable[[PropagationNetwork], Ablation]] = {
    "memory": WithoutMemory,
    "previous": WithoutPrevious,
}
"""What can be switched off, by the name under which reports list it."""


def switch_off(networks: Networks, part: str) -> Networks:
    """Return networks whose propagation does without "memory" or "previous"; the given ones stay as is."""
    return replace(networks, propagation=ABLATIONS[part](networks.propagation))
