"""Building blocks of networks, and the folding of normalisation for inference."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


class ConvNorm(nn.Module):
    """Convolution without bias, then BatchNorm."""

    def __init__(
        self, inputs: int, outputs: int, *, size: int = 3, stride: int = 1, dilation: int = 1
    ) -> None:
        super().__init__()
        padding = dilation * (size // 2)
        self.conv = nn.Conv2d(
            inputs, outputs, size, stride=stride, padding=padding, dilation=dilation, bias=False
        )
        self.norm: nn.Module = nn.BatchNorm2d(outputs)

    def forward(self, *parts: Tensor) -> Tensor:
        out: Tensor = self.norm(convolve(self.conv, *parts))
        return out


class ResidualBlock(nn.Module):
    """Two normalised 3x3 convolutions beside a shortcut (He et al. 2016, basic block)."""

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1) -> None:
        super().__init__()
        self.first = ConvNorm(inputs, outputs, stride=stride)
        self.second = ConvNorm(outputs, outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = ConvNorm(inputs, outputs, size=1, stride=stride)

    def forward(self, *parts: Tensor) -> Tensor:
        return F.relu(self.second(F.relu(self.first(*parts))) + self.shortcut(*parts))


def convolve(conv: nn.Conv2d, *parts: Tensor) -> Tensor:
    """Convolve maps (1 or N, C, h, w) as if concatenated; maps shared by all N are convolved once."""
    count = max(len(part) for part in parts)
    if all(len(part) == count for part in parts):
        out: Tensor = conv(join(*parts))
        return out
    weights = torch.split(conv.weight, [part.shape[1] for part in parts], dim=1)
    pairs = list(zip(parts, weights, strict=True))
    own = _convolve(conv, [pair for pair in pairs if len(pair[0]) == count], conv.bias)
    return own + _convolve(conv, [pair for pair in pairs if len(pair[0]) < count], None)


def _convolve(conv: nn.Conv2d, pairs: list[tuple[Tensor, Tensor]], bias: Tensor | None) -> Tensor:
    """Convolve some of a layer's inputs with their weights."""
    parts, weights = zip(*pairs, strict=True)
    weight = torch.cat(weights, dim=1)
    return F.conv2d(join(*parts), weight, bias, conv.stride, conv.padding, conv.dilation)


def residual_stage(inputs: int, outputs: int, *, blocks: int, stride: int) -> nn.Sequential:
    """Chain residual blocks; the first changes width and stride."""
    return nn.Sequential(
        ResidualBlock(inputs, outputs, stride=stride),
        *(ResidualBlock(outputs, outputs) for _ in range(blocks - 1)),
    )


def upsample(x: Tensor, factor: int) -> Tensor:
    """Enlarge (N, C, h, w) bilinearly by a whole factor, corners not aligned."""
    return F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)


def matching(planes: Tensor, network: nn.Module) -> Tensor:
    """Convert planes to the dtype and device of a network's weights, channels last."""
    weight = next(network.parameters())
    return planes.to(device=weight.device, dtype=weight.dtype, memory_format=torch.channels_last)


def others_of(own: Tensor) -> Tensor:
    """For each of K objects (K, 1, h, w) the sum of all the others, the same shape."""
    return own.sum(dim=0, keepdim=True) - own


def fold_normalisation(network: nn.Module) -> None:
    """Merge every BatchNorm into the convolution that its module declares right before it, in place.

    The networks here declare their parts in the order in which they apply them. A folded network only infers.
    """
    for part in network.modules():
        for (name, conv), (next_name, norm) in pairwise(list(part.named_children())):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(part, name, fuse_conv_bn_eval(conv.eval(), norm.eval()))
                setattr(part, next_name, nn.Identity())


def join(first: Tensor, *others: Tensor) -> Tensor:
    """Concatenate maps (1 or N, C, h, w) along the channels, in the dtype of the first, channels last.

    A map of batch 1 is repeated for all N; a single map is returned as it is. Plain concatenation loses the
    layout where one part is repeated or has a single channel, and a CPU then takes twice as long for all
    later layers.
    """
    if not others:
        return first
    parts = (first, *others)
    count = max(len(part) for part in parts)
    repeated = (part.expand(count, -1, *first.shape[-2:]) for part in parts)
    return torch.cat(
        [part.to(dtype=first.dtype, memory_format=torch.channels_last) for part in repeated], dim=1
    ).contiguous(memory_format=torch.channels_last)
