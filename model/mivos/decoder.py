"""The published decoder. Its parts that depend on the frame alone are computed once and cached."""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.layers.blocks import upsample
from model.layers.winograd import WideConv
from model.mivos.encoders import VALUE_CHANNELS, ImageFeatures

# Channels of the published checkpoint.
_WIDTH = 512


class PreActivation(nn.Module):
    """Two 3x3 convolutions, each after its ReLU, beside a shortcut; no normalisation."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.downsample: nn.Module = nn.Identity()
        if inputs != outputs:
            self.downsample = WideConv(inputs, outputs, 3, padding=1)
        self.conv1 = WideConv(inputs, outputs, 3, padding=1)
        self.conv2 = WideConv(outputs, outputs, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, h, w) -> (N, outputs, h, w)."""
        out: Tensor = self.conv2(F.relu_(self.conv1(F.relu(x))))
        return out.add_(self.downsample(x))


class Compression(PreActivation):
    """The first block. Its sums over the query's value are the same for every object, and computed once."""

    def __init__(self) -> None:
        super().__init__(2 * VALUE_CHANNELS, _WIDTH)

    def frame_sums(self, value: Tensor) -> Tensor:
        """Compute the query value's (1, Cv, h, w) part of both first convolutions: (1, 2 * 512, h, w)."""
        inside, beside = self._partial_sums(value, slice(VALUE_CHANNELS, None), with_bias=True)
        return torch.cat([inside, beside], dim=1)

    def from_sums(self, readout: Tensor, frame_sums: Tensor) -> Tensor:
        """Compute the same as `forward` from readout (K, Cv, h, w) and the query's sums: (K, 512, h, w)."""
        inside, beside = self._partial_sums(readout, slice(VALUE_CHANNELS), with_bias=False)
        inside_sums, beside_sums = frame_sums.chunk(2, dim=1)
        out: Tensor = self.conv2(F.relu_(inside.add_(inside_sums)))
        return out.add_(beside.add_(beside_sums))

    def _partial_sums(self, maps: Tensor, inputs: slice, *, with_bias: bool) -> tuple[Tensor, Tensor]:
        return (
            self.conv1.partial_sum(F.relu(maps), inputs, with_bias=with_bias),
            cast(WideConv, self.downsample).partial_sum(maps, inputs, with_bias=with_bias),
        )


class Refinement(nn.Module):
    """One upsampling step: deeper features, enlarged twofold, plus the image's features at this stride."""

    def __init__(self, skip: int, outputs: int) -> None:
        super().__init__()
        self.skip_conv1 = WideConv(skip, skip, 3, padding=1)
        self.skip_conv2 = PreActivation(skip, skip)
        self.out_conv = PreActivation(skip, outputs)

    def skip(self, features: Tensor) -> Tensor:
        """Compute the skip branch of the image's features, the same for every object: (1, skip, h, w)."""
        out: Tensor = self.skip_conv2(self.skip_conv1(features))
        return out

    def forward(self, skip: Tensor, below: Tensor) -> Tensor:
        """skip (1, C, h, w) from `skip`, below (K, C, h / 2, w / 2) -> (K, outputs, h, w)."""
        out: Tensor = self.out_conv(upsample(below, 2).add_(skip))
        return out


class Decoder(nn.Module):
    """Readout and query value to one logit a pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.compress = Compression()
        self.up_16_8 = Refinement(_WIDTH, 256)
        self.up_8_4 = Refinement(256, 256)
        self.pred = nn.Conv2d(256, 1, 3, padding=1)

    def skips(self, features: ImageFeatures) -> tuple[Tensor, Tensor]:
        """Compute a frame's skip branches for all objects: (1, 512, h / 8, w / 8), (1, 256, h / 4, w / 4)."""
        return self.up_16_8.skip(features.f8), self.up_8_4.skip(features.f4)

    def forward(self, both: Tensor, skips: tuple[Tensor, Tensor]) -> Tensor:
        """Decode readout and query value side by side (K, 1024, h / 16, w / 16) -> logits (K, 1, h, w)."""
        return self.refine(self.compress(both), skips)

    def refine(self, compressed: Tensor, skips: tuple[Tensor, Tensor]) -> Tensor:
        """Decode the output of `compress` (K, 512, h / 16, w / 16) -> logits (K, 1, h, w)."""
        skip8, skip4 = skips
        x = self.up_8_4(skip4, self.up_16_8(skip8, compressed))
        return upsample(self.pred(F.relu_(x)).float(), 4)
