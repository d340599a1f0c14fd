"""S2M, the published network from scribbles to a mask: DeepLabV3+ on ResNet-50 (Chen et al. 2018)."""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.layers.blocks import matching
from model.mivos.resnet import shrink, stage, stem

# Channels and dilations of the published checkpoint.
_LOW = 48
_WIDTH = 256
_DEEP = 2048
_DILATIONS = (6, 12, 18)


class Backbone(nn.Module):
    """ResNet-50 on six channels; its last stage keeps stride 16 and dilates instead."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = stem(6)
        self.layer1 = stage(64, 64, blocks=3)
        self.layer2 = stage(256, 128, blocks=4, stride=2)
        self.layer3 = stage(512, 256, blocks=6, stride=2)
        self.layer4 = stage(1024, 512, blocks=3, dilation=2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 6, h, w) -> (N, 256, h / 4, w / 4), (N, 2048, h / 16, w / 16)."""
        low = self.layer1(shrink(self.bn1(self.conv1(x))))
        return low, self.layer4(self.layer3(self.layer2(low)))


class PyramidPooling(nn.Module):
    """Atrous spatial pyramid pooling: a 1x1 convolution, three dilations and the global mean."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            [
                _normalised(_DEEP, size=1),
                *(_normalised(_DEEP, size=3, dilation=dilation) for dilation in _DILATIONS),
                nn.Sequential(nn.AdaptiveAvgPool2d(1), *_normalised(_DEEP, size=1)),
            ]
        )
        self.project = nn.Sequential(*_normalised(5 * _WIDTH, size=1), nn.Dropout(0.1))

    def forward(self, x: Tensor) -> Tensor:
        """(N, 2048, h, w) -> (N, 256, h, w)."""
        branches = [branch(x) for branch in self.convs]
        branches[-1] = branches[-1].expand_as(branches[0])  # enlarging one value is repeating it
        out: Tensor = self.project(torch.cat(branches, dim=1))
        return out


class Head(nn.Module):
    """ASPP of the deep features, enlarged, with the fine features, to one logit a pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.project = _normalised(256, _LOW, size=1)
        self.aspp = PyramidPooling()
        self.classifier = nn.Sequential(*_normalised(_LOW + _WIDTH, size=3), nn.Conv2d(_WIDTH, 1, 1))

    def forward(self, low: Tensor, deep: Tensor) -> Tensor:
        """(N, 256, h, w) and (N, 2048, h / 4, w / 4) -> logits (N, 1, h, w)."""
        fine = self.project(low)
        branches = _resized(self.aspp(deep), fine)
        out: Tensor = self.classifier(torch.cat([fine, branches], dim=1))
        return out


class MivosScribble(nn.Module):
    """Backbone and head; each object is predicted by itself, the others' strokes are its negative ones."""

    multiple = 16

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Backbone()
        self.classifier = Head()

    def forward(self, image: Tensor, previous: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """Predict from strokes.

        image (1, 3, h, w) normalised; previous, positive, negative (K, h, w) in {0, 1}. Returns logits
        (K, h, w) float32.
        """
        guides = torch.stack([previous, positive, negative], dim=1)
        planes = torch.cat([image.expand(len(guides), -1, -1, -1), guides.to(image)], dim=1)
        return self.predict(matching(planes, self))[:, 0]

    def predictions(
        self, image: Tensor, previous: Tensor, positive: Tensor, negative: Tensor
    ) -> Iterator[Tensor]:
        """Yield the prediction of `forward`."""
        yield self(image, previous, positive, negative)

    def predict(self, planes: Tensor) -> Tensor:
        """Predict N objects: image, previous mask, strokes (N, 6, h, w) -> logits (N, 1, h, w) float32."""
        logits: Tensor = self.classifier(*self.backbone(planes))
        return _resized(logits.float(), planes)


def _normalised(inputs: int, outputs: int = _WIDTH, *, size: int, dilation: int = 1) -> nn.Sequential:
    padding = dilation * (size // 2)
    conv = nn.Conv2d(inputs, outputs, size, padding=padding, dilation=dilation, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU())


def _resized(x: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(x, size=like.shape[-2:], mode="bilinear", align_corners=False)
