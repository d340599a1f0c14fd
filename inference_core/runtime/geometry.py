"""Sizes: from the source (or a crop of it) to the working size, and the padding that the networks need."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inference_core.types import BoolArray, Float32Array, UInt8Array

Size = tuple[int, int]

# Of ImageNet: the published networks were trained with images normalised so, and the compact ones too.
_MEAN = np.array([[0.485], [0.456], [0.406]], np.float32)
_STD = np.array([[0.229], [0.224], [0.225]], np.float32)
_NORMALISED_LEVELS: Float32Array = (np.arange(256, dtype=np.float32) / np.float32(255.0) - _MEAN) / _STD
"""(3, 256): what each level of each channel becomes; looking up is several times faster than computing."""


MOST_ENLARGED = 2.0
"""Networks were trained on objects of some size in pixels: a small source is enlarged, but not to a blur."""


@dataclass(frozen=True)
class Geometry:
    """Source size -> working size -> padded size, all (height, width).

    What is missing to a multiple is split: half (rounded down) before, the rest after. Padding is zero after
    normalisation, that is mean grey.
    """

    source: Size
    working: Size
    padded: Size

    @classmethod
    def fit(
        cls, source: Size, short_side: int, multiple: int, *, most_enlarged: float = MOST_ENLARGED
    ) -> Geometry:
        """Scale so that the short side is `short_side`, ratio kept; small sources grow `most_enlarged`-fold
        at most."""
        scale = min(short_side / min(source), most_enlarged)
        height, width = (max(1, round(side * scale)) for side in source)
        return cls(source, (height, width), (_ceil(height, multiple), _ceil(width, multiple)))

    @cached_property
    def window(self) -> tuple[slice, slice]:
        """Where the working size lies within the padded one."""
        top = (self.padded[0] - self.working[0]) // 2
        left = (self.padded[1] - self.working[1]) // 2
        return slice(top, top + self.working[0]), slice(left, left + self.working[1])

    def scale_to_working(self, xy: Float32Array) -> Float32Array:
        """Convert points (N, 2) (x, y) from source to working pixels; pixel centres are whole numbers."""
        ratio = np.array([self.working[1] / self.source[1], self.working[0] / self.source[0]], np.float32)
        return (xy + 0.5) * ratio - 0.5

    def image(self, image: UInt8Array, device: torch.device) -> Tensor:
        """Make a network's image (1, 3, h, w) float32, normalised and padded, of (H, W, 3) uint8 RGB."""
        if self.working != self.source:
            shrinks = self.working[0] < self.source[0]
            interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
            image = np.asarray(cv2.resize(image, self.working[::-1], interpolation=interpolation), np.uint8)
        out = np.zeros((1, 3, *self.padded), np.float32)
        for plane, channel, levels in zip(out[0], cv2.split(image), _NORMALISED_LEVELS, strict=True):
            plane[self.window] = cv2.LUT(channel, levels)
        return torch.from_numpy(out).to(device)

    def pad(self, planes: NDArray[Any]) -> NDArray[Any]:
        """Pad (..., h, w) of the working size with zeros."""
        if self.working == self.padded:
            return planes
        out = np.zeros((*planes.shape[:-2], *self.padded), planes.dtype)
        out[..., self.window[0], self.window[1]] = planes
        return out

    def crop(self, planes: NDArray[Any]) -> NDArray[Any]:
        """Undo `pad`."""
        return planes[..., self.window[0], self.window[1]]

    def coverage(self, mask: BoolArray) -> Float32Array:
        """Return the share of each padded working pixel that a mask (H, W) covers: (h, w) float32."""
        plane = mask.astype(np.float32)
        if self.working != self.source:
            shrinks = self.working[0] < self.source[0]
            interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
            plane = np.asarray(cv2.resize(plane, self.working[::-1], interpolation=interpolation), np.float32)
        return self.pad(plane)


def _ceil(side: int, multiple: int) -> int:
    return -(-side // multiple) * multiple
