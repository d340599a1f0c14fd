"""Image encoders of propagation and interaction: features at four strides and a merged one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from model.compact.backbone import STEM, LiteBackbone
from model.compact.backbone import WIDTHS as BACKBONE_WIDTHS
from model.layers.blocks import ConvNorm, ResidualBlock, residual_stage, upsample

WIDTHS = (24, 40, 80, 160)
"""Channels at strides 2, 4, 8 and 16 of the reduced image. These sizes are those of the weights that ship."""

GRID_STRIDE = 8
"""Stride of the memory grid on the reduced image."""

MERGED = 96
"""Channels of the feature that merges strides 8 and 16."""

REDUCTION = 2
"""The networks take images of the working size averaged over 2x2 pixels: 480 lines cost as much as 240."""

MULTIPLE = 16 * REDUCTION

PRETRAINED = "encoder.backbone."
"""Prefix of the names of a network's weights that began as ImageNet's."""


@dataclass(frozen=True)
class Pyramid:
    """Features of N images at strides 2, 4, 8, 16 of the reduced image, and `merged` at stride 8."""

    stride2: Tensor
    stride4: Tensor
    stride8: Tensor
    stride16: Tensor
    merged: Tensor


class ImageEncoder(nn.Module):
    """Residual encoder to stride 16, then one step back up to the memory grid at stride 8.

    guides: further input planes (strokes, previous mask), added after the first convolution, so that weights
    trained without them remain valid.
    """

    def __init__(self, *, guides: int = 0) -> None:
        super().__init__()
        w2, w4, w8, w16 = WIDTHS
        self.stem = nn.Conv2d(3, w2, 5, stride=2, padding=2, bias=True)
        self.guide = nn.Conv2d(guides, w2, 5, stride=2, padding=2, bias=False) if guides else None
        self.stage4 = residual_stage(w2, w4, blocks=2, stride=2)
        self.stage8 = residual_stage(w4, w8, blocks=2, stride=2)
        self.stage16 = residual_stage(w8, w16, blocks=3, stride=2)
        self.lateral = ConvNorm(w8, MERGED, size=1)
        self.context = ConvNorm(w16, MERGED, size=1)
        self.merge = ResidualBlock(MERGED, MERGED)

    def forward(self, image: Tensor, guides: Tensor | None = None) -> Pyramid:
        """Encode reduced images (N, 3, h, w), normalised, and the guides (N, G, h, w) in [0, 1]."""
        x = self.stem(image)
        if self.guide is not None and guides is not None:
            x = x + self.guide(guides)
        stride2 = F.relu(x)
        stride4 = self.stage4(stride2)
        stride8 = self.stage8(stride4)
        stride16 = self.stage16(stride8)
        merged = self.merge(F.relu(self.lateral(stride8) + upsample(self.context(stride16), 2)))
        return Pyramid(stride2, stride4, stride8, stride16, merged)


class BackboneEncoder(nn.Module):
    """EfficientNet-Lite0 to stride 16, with 1x1 convolutions to the widths of ImageEncoder.

    The names of its pretrained weights begin with "backbone.".

    guides: further input planes, as of ImageEncoder; they begin without effect, so that the features of the
    pretrained weights are intact at first.
    """

    def __init__(self, *, guides: int = 0) -> None:
        super().__init__()
        self.backbone = LiteBackbone()
        self.guide = nn.Conv2d(guides, STEM, 5, stride=2, padding=2, bias=False) if guides else None
        if self.guide is not None:
            nn.init.zeros_(self.guide.weight)
        pairs = zip(BACKBONE_WIDTHS, WIDTHS, strict=True)
        self.widen = nn.ModuleList(ConvNorm(narrow, wide, size=1) for narrow, wide in pairs)
        self.lateral = ConvNorm(WIDTHS[2], MERGED, size=1)
        self.context = ConvNorm(WIDTHS[3], MERGED, size=1)
        self.merge = ResidualBlock(MERGED, MERGED)

    def forward(self, image: Tensor, guides: Tensor | None = None) -> Pyramid:
        """Encode reduced images (N, 3, h, w), normalised, and the guides (N, G, h, w) in [0, 1]."""
        added = None if self.guide is None or guides is None else self.guide(guides)
        maps = zip(self.widen, self.backbone(image, added), strict=True)
        stride2, stride4, stride8, stride16 = (F.relu(widen(x)) for widen, x in maps)
        merged = self.merge(F.relu(self.lateral(stride8) + upsample(self.context(stride16), 2)))
        return Pyramid(stride2, stride4, stride8, stride16, merged)


def holds_backbone(names: Iterable[str]) -> bool:
    """Return whether a file's tensors, by their names, are of a network with a backbone."""
    return any(name.startswith(PRETRAINED) for name in names)


def reduce_size(planes: Tensor, reduction: int) -> Tensor:
    """Average (N, C, h, w) over squares of `reduction` pixels."""
    # Strided sums: with few channels several times faster on a CPU than the pooling operators.
    offsets = [(y, x) for y in range(reduction) for x in range(reduction)]
    total = planes[..., ::reduction, ::reduction]
    for y, x in offsets[1:]:
        total = total + planes[..., y::reduction, x::reduction]
    return total / len(offsets) if reduction > 1 else total
