"""Converts probabilities between the device's tensors and the mask store's packed planes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from inference_core.state.frame_record import ObjectKey, PackedProb
from inference_core.state.mask_store import MaskStore


class ProbabilityCodec:
    """Encodes and decodes probabilities of one set of objects."""

    def __init__(self, mask_store: MaskStore, keys: Sequence[ObjectKey], device: torch.device) -> None:
        self.keys = tuple(keys)
        self._mask_store = mask_store
        self._device = device

    def encode(self, prob: Tensor, known: Collection[ObjectKey] | None = None) -> tuple[PackedProb, Tensor]:
        """Pack (K, h, w) float; return it with what `decode` will return.

        known: the objects that are known on the frame; the others' planes are left out. None means all.
        """
        stored = self._mask_store.quantise(prob.cpu().numpy())
        rows = [row for row, key in enumerate(self.keys) if known is None or key in known]
        chosen = stored if len(rows) == len(self.keys) else stored[rows]
        return self._mask_store.pack_prob(chosen, [self.keys[row] for row in rows]), self._to_device(stored)

    def decode(self, packed: PackedProb | None) -> Tensor:
        """Return (K, h, w) float32 on the device; zeros where nothing is known."""
        return self._to_device(self._mask_store.read_prob(packed, self.keys))

    def _to_device(self, stored: NDArray[Any]) -> Tensor:
        return torch.from_numpy(self._mask_store.to_float(stored)).to(self._device)
