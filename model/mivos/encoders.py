"""Encoders of the published propagation network: of an image, and of an image with its objects' masks."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from model.layers.winograd import WideConv
from model.mivos.resnet import shrink, stage, stem

GRID_STRIDE = 16
"""Stride of the memory grid."""

# Channels of the published checkpoints.
KEY_CHANNELS = 128
VALUE_CHANNELS = 512
_WIDTHS = (64, 128, 256)
_DEEP = 1024


class ImageFeatures(NamedTuple):
    """Features of N images: 256 channels at stride 4, 512 at stride 8, 1024 at stride 16."""

    f4: Tensor
    f8: Tensor
    f16: Tensor


class ImageEncoder(nn.Module):
    """ResNet-50 up to its third stage."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = stem(3)
        self.res2 = stage(64, _WIDTHS[0], blocks=3)
        self.layer2 = stage(256, _WIDTHS[1], blocks=4, stride=2)
        self.layer3 = stage(512, _WIDTHS[2], blocks=6, stride=2)

    def forward(self, image: Tensor) -> ImageFeatures:
        """Encode N images (N, 3, h, w), normalised."""
        f4 = self.res2(shrink(self.bn1(self.conv1(image))))
        f8 = self.layer2(f4)
        return ImageFeatures(f4, f8, self.layer3(f8))


class MaskEncoder(nn.Module):
    """The same depth on five channels: image, one object's mask, the sum of the others'."""

    def __init__(self) -> None:
        super().__init__()
        # The published convolutions have biases here, although normalisation follows.
        self.conv1, self.bn1 = stem(5, bias=True)
        self.layer1 = stage(64, _WIDTHS[0], blocks=3, bias=True)
        self.layer2 = stage(256, _WIDTHS[1], blocks=4, stride=2, bias=True)
        self.layer3 = stage(512, _WIDTHS[2], blocks=6, stride=2, bias=True)

    def forward(self, planes: Tensor) -> Tensor:
        """Encode N objects, channels in the order of above (N, 5, h, w) -> (N, 1024, h / 16, w / 16)."""
        x = shrink(self.bn1(self.conv1(planes)))
        out: Tensor = self.layer3(self.layer2(self.layer1(x)))
        return out


class KeyValue(nn.Module):
    """Two projections of the deepest features."""

    def __init__(self) -> None:
        super().__init__()
        self.key_proj = nn.Conv2d(_DEEP, KEY_CHANNELS, 3, padding=1)
        self.val_proj = WideConv(_DEEP, VALUE_CHANNELS, 3, padding=1)

    def forward(self, f16: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 1024, gh, gw) -> key (N, 128, gh, gw), value (N, 512, gh, gw)."""
        return self.key_proj(f16), self.val_proj(f16)
