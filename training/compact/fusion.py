"""The fusion network's lesson: choose between what a frame had and what a walk brings."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from model.compact.fusion import CompactFusion
from training.losses import intersection_over_union

_EPSILON = 1e-4
_DIFFERS = 0.1


class FusionLesson:
    """Loss of one batch of FusionData. The network is built with reduction 1."""

    def __init__(self, network: CompactFusion) -> None:
        self.network = network

    def __call__(self, batch: dict[str, Tensor], progress: float) -> tuple[Tensor, dict[str, float]]:
        """Cross-entropy, mostly where the masks differ; figures beside newest-wins and linear blending."""
        del progress  # the same all through
        old, new, truth = batch["old"], batch["new"], batch["truth"]
        planes = torch.cat([old[:, None], new[:, None], batch["attention"]], dim=1)
        trust_old = torch.sigmoid(self.network.gate(batch["image"], planes, batch["distance"])[:, 0])
        fused = (trust_old * old + (1.0 - trust_old) * new).clamp(_EPSILON, 1.0 - _EPSILON)
        entropy = F.binary_cross_entropy(fused.float(), truth, reduction="none")
        differs = ((old - new).abs() > _DIFFERS).float()
        loss = (entropy * differs).sum() / differs.sum().clamp(min=1.0) + 0.1 * entropy.mean()
        linear = batch["distance"][:, 1, None, None] * old + batch["distance"][:, 0, None, None] * new
        figures = {
            name: float(intersection_over_union(mask.detach(), truth).mean())
            for name, mask in (("fused", fused), ("newest", new), ("linear", linear))
        }
        return loss, figures
