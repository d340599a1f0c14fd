"""Loss step of the fusion network: choose between the masks of two propagations.

The change in the anchor frame is transferred by the affinity of the frozen propagation network.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from mivos_studio.training.losses import intersection_over_union
from model.compact.encoder import GRID_STRIDE
from model.compact.fusion import CompactFusion
from model.compact.propagation import CompactPropagation
from model.layers.attention import distance_affinity, transfer_maps

_EPSILON = 1e-4
_DIFFERS = 0.1


class FusionLossStep:
    """Loss of one batch of FusionData. Both networks are built with reduction 1; propagation is frozen."""

    def __init__(self, network: CompactFusion, propagation: CompactPropagation) -> None:
        self.network = network
        self.propagation = propagation.eval().requires_grad_(False)

    def __call__(self, batch: dict[str, Tensor], progress: float) -> tuple[Tensor, dict[str, float]]:
        """Cross-entropy, mostly where the masks differ; figures beside the newest mask and a linear blend."""
        del progress  # the loss is the same throughout
        old, new, truth = batch["old"], batch["new"], batch["truth"]
        planes = torch.cat([old[:, None], new[:, None], self._attention(batch)], dim=1)
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

    @torch.no_grad()
    def _attention(self, batch: dict[str, Tensor]) -> Tensor:
        """Transfer additions and removals to the target frame: (B, 2, h, w)."""
        change = batch["change"]
        maps = torch.stack([change.clamp(0, 1), (-change).clamp(0, 1)], dim=1)
        grid = F.avg_pool2d(maps, GRID_STRIDE)
        keys = [
            self.propagation.key(self.propagation.encoder(image).merged).float()
            for image in (batch["anchor_image"], batch["image"])
        ]
        with torch.autocast(change.device.type, enabled=False):
            affinity = distance_affinity(keys[0].flatten(2), keys[1].flatten(2))
            transferred = transfer_maps(affinity, grid.flatten(2)).view(
                *change.shape[:1], 2, *grid.shape[-2:]
            )
        return F.interpolate(transferred, scale_factor=GRID_STRIDE, mode="bilinear", align_corners=False)
