"""EfficientNet-Lite0 to stride 16: the published architecture, so that ImageNet weights fit it.

Inverted residual blocks (Sandler et al. 2018) with the widths and depths of EfficientNet (Tan and Le 2019),
in the Lite variant for CPUs: no squeeze-and-excitation, ReLU6 throughout.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STEM = 32
"""Channels of the first convolution."""
WIDTHS = (16, 24, 40, 112)
"""Channels of the returned maps, at strides 2, 4, 8 and 16."""

# Of TensorFlow's BatchNorm, with which the ImageNet weights were trained.
_EPSILON = 1e-3
# By which images are normalised; see `LiteBackbone`.
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Stage(NamedTuple):
    """Blocks of one width: how many, the size of their depthwise kernels, the first one's stride."""

    blocks: int
    size: int
    stride: int
    expansion: int
    width: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
)
"""Up to stride 16; the published network has two stages more, at stride 32."""

_RETURNED = (0, 1, 2, 4)
"""Stages whose outputs are returned."""


class SameConvNorm(nn.Module):
    """Convolution padded as TensorFlow's SAME, then BatchNorm.

    With stride 2 and an even size the surplus row and column are added at the end, not at the beginning.
    """

    def __init__(self, inputs: int, outputs: int, size: int, *, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.margin = (size // 2 - 1, size // 2) * 2 if stride == 2 else None
        padding = 0 if self.margin else size // 2
        self.conv = nn.Conv2d(inputs, outputs, size, stride, padding, groups=groups, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(outputs, eps=_EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve (N, C, h, w); h and w are even where the stride is 2."""
        conv = self.conv
        if self.margin is None:
            out: Tensor = self.norm(conv(x))
        elif self.training:
            out = self.norm(conv(F.pad(x, self.margin)))
        else:
            # A row and a column of zeros before the kernel shift it by a pixel without copying a wide map. In
            # training that is slower, because of the gradients.
            weight = F.pad(conv.weight, (1, 0, 1, 0))
            padding = self.margin[1]
            out = self.norm(F.conv2d(x, weight, conv.bias, conv.stride, padding, groups=conv.groups))
        return out


class InvertedBlock(nn.Module):
    """Expand channels, depthwise convolution, project; a shortcut where the shape stays."""

    def __init__(self, inputs: int, outputs: int, size: int, *, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        self.expand = SameConvNorm(inputs, wide, 1) if expansion > 1 else None
        self.depthwise = SameConvNorm(wide, wide, size, stride=stride, groups=wide)
        self.project = SameConvNorm(wide, outputs, 1)
        self.has_shortcut = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        # In place: allocating memory for maps this wide costs a CPU as much as the arithmetic.
        wide = x if self.expand is None else F.relu6(self.expand(x), inplace=True)
        out: Tensor = self.project(F.relu6(self.depthwise(wide), inplace=True))
        return out.add_(x) if self.has_shortcut else out


class LiteBackbone(nn.Module):
    """Stem and blocks, with BatchNorm whose statistics stay those of ImageNet.

    A training batch holds a few small crops of a few clips, whose frames are alike: its statistics would be
    noisy, and differ from those of the whole frames at inference. With fixed ones, training and inference
    compute the same, and weights can be averaged over steps; scale and shift are learned.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.stem = SameConvNorm(3, STEM, 3, stride=2)
        stages, inputs = [], STEM
        for stage in STAGES:
            blocks = []
            for number in range(stage.blocks):
                stride = stage.stride if number == 0 else 1
                expansion = stage.expansion
                blocks.append(
                    InvertedBlock(inputs, stage.width, stage.size, stride=stride, expansion=expansion)
                )
                inputs = stage.width
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(stages)
        # Images are normalised by ImageNet's mean and deviation; the backbone was trained on (x - 127) / 128.
        mean, std = torch.tensor(_MEAN).view(3, 1, 1), torch.tensor(_STD).view(3, 1, 1)
        self.register_buffer("scale", 255.0 * std / 128.0, persistent=False)
        self.register_buffer("shift", (255.0 * mean - 127.0) / 128.0, persistent=False)

    def forward(self, image: Tensor, added: Tensor | None = None) -> list[Tensor]:
        """Encode images (N, 3, h, w), normalised as for all networks here, h and w multiples of 16.

        added (N, STEM, h / 2, w / 2) is added to the stem's output before its nonlinearity.
        Returns maps of WIDTHS channels at strides 2, 4, 8 and 16, without a last nonlinearity.
        """
        x = self.stem(self._as_published(image))
        x = F.relu6(x if added is None else x + added, inplace=True)
        maps = []
        for number, stage in enumerate(self.stages):
            x = stage(x)
            if number in _RETURNED:
                maps.append(x)
        return maps

    def _as_published(self, image: Tensor) -> Tensor:
        """Normalise images as for the published weights."""
        # Over whole rows of pixels: with three channels last, a CPU takes ten times as long for one pixel at
        # a time.
        width = image.shape[3]
        scale, shift = (values.flatten().repeat(width) for values in (self.scale, self.shift))
        rows = image.permute(0, 2, 3, 1).flatten(2) * scale + shift
        published: Tensor = rows.unflatten(2, (width, 3)).permute(0, 3, 1, 2)  # type: ignore[no-untyped-call]
        return published

    def train(self, mode: bool = True) -> LiteBackbone:
        """Switch to training mode, except for the normalisation's statistics."""
        super().train(mode)
        for part in self.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.eval()
        return self
