"""The published recipe (MiVOS, section 4; Mask-Propagation; Scribble-to-Mask), as default arguments.

Optimiser, rates, schedules, losses, sizes and batches are the published ones; samples and their augmentation
are those of the compact networks. The published networks were initialised with weights from ImageNet and VOC.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from mivos_studio.training.trainer import Recipe, Weights

_FALL = 0.1
_HARDEST_SHARE = 0.15


@dataclass(frozen=True)
class PublishedRecipe(Recipe):
    """Adam; its rate falls to a tenth at a point of the schedule. No averaging, no clipping, no warm-up.

    falls_at  share of the schedule after which the rate is a tenth.
    narrows   shares of the schedule between which the loss narrows from all pixels to the hardest.
    size      side of a crop in pixels.
    """

    weight_decay: float = 1e-7
    averaging: float = 0.0
    clip_norm: float = math.inf
    falls_at: float = 1.0
    narrows: tuple[float, float] = (0.0, 1.0)
    size: int = 384

    def rate(self, step: int) -> float:
        """Return a step's learning rate."""
        return self.learning_rate * (_FALL if step >= self.falls_at * self.steps else 1.0)

    def optimizer(self, weights: Weights) -> torch.optim.Optimizer:
        """Build the optimizer of the weights."""
        return torch.optim.Adam(weights, lr=self.learning_rate, weight_decay=self.weight_decay)

    def hardest_share(self, progress: float) -> float:
        """Return the share of pixels in the loss at a progress of 0 to 1."""
        begin, end = self.narrows
        through = min(max((progress - begin) / (end - begin), 0.0), 1.0)
        return 1.0 + through * (_HARDEST_SHARE - 1.0)


RECIPES = {
    "propagation": PublishedRecipe(
        steps=300_000, batch=8, learning_rate=1e-5, falls_at=5 / 6, narrows=(20 / 300, 70 / 300)
    ),
    "interaction": PublishedRecipe(
        steps=80_000, batch=32, learning_rate=1e-4, narrows=(10 / 80, 30 / 80), size=480
    ),
    "fusion": PublishedRecipe(steps=30_000, batch=24, learning_rate=1e-4, falls_at=2 / 3, narrows=(0.2, 0.5)),
}
"""Batches of both published GPUs together; propagation's steps are those of a training without BL30K."""
