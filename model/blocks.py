"""Parts that networks are built from, and the folding of normalisation for inference."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


class ConvNorm(nn.Module):
    """Convolution without bias, then BatchNorm. `fold` merges the two for inference."""

    def __init__(
        self, inputs: int, outputs: int, *, size: int = 3, stride: int = 1, dilation: int = 1
    ) -> None:
        super().__init__()
        padding = dilation * (size // 2)
        self.conv = nn.Conv2d(
            inputs, outputs, size, stride=stride, padding=padding, dilation=dilation, bias=False
        )
        self.norm: nn.Module = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.norm(self.conv(x))
        return out

    def fold(self) -> None:
        """Merge the normalisation's running statistics into the convolution; the module then only infers."""
        if isinstance(self.norm, nn.BatchNorm2d):
            self.conv = fuse_conv_bn_eval(self.conv.eval(), self.norm.eval())
            self.norm = nn.Identity()


class ResidualBlock(nn.Module):
    """Two normalised 3x3 convolutions beside a shortcut (He et al. 2016, basic block)."""

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1) -> None:
        super().__init__()
        self.first = ConvNorm(inputs, outputs, stride=stride)
        self.second = ConvNorm(outputs, outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = ConvNorm(inputs, outputs, size=1, stride=stride)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.second(F.relu(self.first(x))) + self.shortcut(x))


def residual_stage(inputs: int, outputs: int, *, blocks: int, stride: int) -> nn.Sequential:
    """Chain residual blocks; the first changes width and stride."""
    return nn.Sequential(
        ResidualBlock(inputs, outputs, stride=stride),
        *(ResidualBlock(outputs, outputs) for _ in range(blocks - 1)),
    )


def upsample(x: Tensor, factor: int) -> Tensor:
    """Enlarge (N, C, h, w) bilinearly by a whole factor, corners not aligned."""
    return F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)


def fold_normalisation(network: nn.Module) -> None:
    """Fold every ConvNorm of a trained network in place; it must not be trained afterwards."""
    for part in network.modules():
        if isinstance(part, ConvNorm):
            part.fold()
