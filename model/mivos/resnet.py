"""ResNet-50 as the published checkpoints name it (He et al. 2016; the stride sits on the 3x3 convolution)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from model.layers.winograd import WideConv

EXPANSION = 4
"""Output channels of a bottleneck over its width (He et al. 2016)."""


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions, each normalised, beside a shortcut."""

    def __init__(
        self, inputs: int, width: int, *, stride: int = 1, dilation: int = 1, bias: bool = False
    ) -> None:
        super().__init__()
        outputs = EXPANSION * width
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=bias)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = WideConv(width, width, 3, stride=stride, padding=dilation, dilation=dilation, bias=bias)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=bias)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            shortcut = nn.Conv2d(inputs, outputs, 1, stride=stride, bias=bias)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, h, w) -> (N, 4 * width, h / stride, w / stride)."""
        y = F.relu_(self.bn1(self.conv1(x)))
        y = F.relu_(self.bn2(self.conv2(y)))
        return F.relu_(self.bn3(self.conv3(y)).add_(self.downsample(x)))


def stem(inputs: int, *, bias: bool = False) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    """Make the first convolution, 7x7 with stride 2, and its normalisation."""
    return nn.Conv2d(inputs, 64, 7, stride=2, padding=3, bias=bias), nn.BatchNorm2d(64)


def shrink(x: Tensor) -> Tensor:
    """Finish the stem: (N, 64, h, w) normalised -> (N, 64, h / 2, w / 2)."""
    return F.max_pool2d(F.relu_(x), 3, stride=2, padding=1)


def stage(
    inputs: int, width: int, *, blocks: int, stride: int = 1, dilation: int = 1, bias: bool = False
) -> nn.Sequential:
    """Chain bottlenecks. The first changes width and stride; the dilation begins after it."""
    first = Bottleneck(inputs, width, stride=stride, bias=bias)
    rest = [Bottleneck(EXPANSION * width, width, dilation=dilation, bias=bias) for _ in range(blocks - 1)]
    return nn.Sequential(first, *rest)
