"""The compact fusion network: a gate, so that every result lies between the old and the new probability."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.compact.encoder import MULTIPLE, REDUCTION, reduce_size
from model.layers.blocks import ConvNorm, ResidualBlock, matching, upsample

# Channels of the weights that ship.
_WIDTH = 24
# Keep logits finite where a probability or a distance is 0 or 1. The weights were trained with both; a change
# needs training again.
_EPSILON = 1e-4
_MAX_LOGIT = 6.0


class CompactFusion(nn.Module):
    """Difference-aware fusion (MiVOS, section 3.4) as a gate.

    The untrained gate is given by the distances: the nearer anchor has the larger weight. It learns where to
    deviate from that, from the image, both masks and the change attention. Where old and new agree, the
    result is equal to both.
    """

    multiple = MULTIPLE

    def __init__(self, *, reduction: int = REDUCTION) -> None:
        super().__init__()
        self.reduction = reduction
        self.stem = ConvNorm(9, _WIDTH, size=5, stride=2)
        self.fine = ResidualBlock(_WIDTH, _WIDTH)
        self.down = ResidualBlock(_WIDTH, 2 * _WIDTH, stride=2)
        self.deep = ResidualBlock(2 * _WIDTH, 2 * _WIDTH)
        self.back = ConvNorm(2 * _WIDTH, _WIDTH, size=1)
        self.predict = nn.Conv2d(_WIDTH, 1, 3, padding=1)
        nn.init.zeros_(self.predict.weight)
        nn.init.zeros_(self.predict.bias)  # type: ignore[arg-type]

    def forward(self, image: Tensor, old: Tensor, new: Tensor, attention: Tensor, distance: Tensor) -> Tensor:
        """Fuse one frame.

        image (1, 3, h, w); old, new (K, h, w); attention (K, 2, h, w); distance (2,), frames to the
        (old, new) anchor over the frames between them. Returns logits (K, h, w) float32.
        """
        count = old.shape[0]
        planes = torch.cat([old.unsqueeze(1), new.unsqueeze(1), attention], dim=1)
        reduced = matching(reduce_size(planes, self.reduction), self)
        reduced_image = matching(reduce_size(image, self.reduction), self)
        gate = self.gate(reduced_image, reduced, distance.to(reduced).expand(count, 2))
        old_weight = torch.sigmoid(upsample(gate, self.reduction)[:, 0])
        fused = old_weight * old.float() + (1.0 - old_weight) * new.float()
        return torch.logit(fused, eps=_EPSILON)

    def gate(self, image: Tensor, planes: Tensor, distance: Tensor) -> Tensor:
        """Compute the logit of the old mask's weight, at the reduced size.

        image (1 or N, 3, h, w), planes (N, 4, h, w) = old, new, additions, removals; distance (N, 2).
        Returns (N, 1, h, w).
        """
        x = F.relu(self.stem(image, planes, distance[:, :, None, None]))
        x = self.fine(x)
        x = F.relu(x + self.back(upsample(self.deep(self.down(x)), 2)))
        nearer = torch.logit(distance[:, 1].float(), eps=_EPSILON).clamp(-_MAX_LOGIT, _MAX_LOGIT)
        return upsample(self.predict(x), 2).float() + nearer[:, None, None, None]
