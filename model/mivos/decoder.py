"""The published decoder. Its skip branches see the frame alone, so they are computed apart and kept."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from model.blocks import upsample
from model.mivos.encoders import VALUE_CHANNELS, ImageFeatures
from model.winograd import WideConv


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


class Refinement(nn.Module):
    """One step up: what came from below, enlarged twofold, and what the image says at this stride."""

    def __init__(self, skip: int, outputs: int) -> None:
        super().__init__()
        self.skip_conv1 = WideConv(skip, skip, 3, padding=1)
        self.skip_conv2 = PreActivation(skip, skip)
        self.out_conv = PreActivation(skip, outputs)

    def skip(self, features: Tensor) -> Tensor:
        """Take what the image says, the same for every object: (1, skip, h, w), same shape."""
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
        self.compress = PreActivation(2 * VALUE_CHANNELS, 512)
        self.up_16_8 = Refinement(512, 256)
        self.up_8_4 = Refinement(256, 256)
        self.pred = nn.Conv2d(256, 1, 3, padding=1)

    def skips(self, features: ImageFeatures) -> tuple[Tensor, Tensor]:
        """Take what a frame gives to all its objects: (1, 512, h / 8, w / 8), (1, 256, h / 4, w / 4)."""
        return self.up_16_8.skip(features.f8), self.up_8_4.skip(features.f4)

    def forward(self, both: Tensor, skips: tuple[Tensor, Tensor]) -> Tensor:
        """Decode readout and query value side by side (K, 1024, h / 16, w / 16) -> logits (K, 1, h, w)."""
        skip8, skip4 = skips
        x = self.up_16_8(skip8, self.compress(both))
        x = self.up_8_4(skip4, x)
        return upsample(self.pred(F.relu_(x)).float(), 4)
