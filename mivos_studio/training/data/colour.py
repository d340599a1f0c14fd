"""Random changes of colour and sharpness; masks are not affected."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from inference_core.types import UInt8Array

MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)


@dataclass(frozen=True)
class Grading:
    """One grading: a (3, 3) colour matrix, an offset, a gamma, and how much blur and noise."""

    matrix: NDArray[np.float32]
    offset: float
    gamma: float
    blur_px: float
    noise: float

    def apply(self, image: UInt8Array, rng: Generator) -> UInt8Array:
        """Grade (H, W, 3) uint8 RGB; the rng draws the noise."""
        if self.blur_px > 0.3:
            image = cv2.GaussianBlur(image, (0, 0), self.blur_px).astype(np.uint8)
        # `matrix` is multiplied from the right by pixels as rows, OpenCV's from the left by columns.
        mixing = np.concatenate([self.matrix.T, np.full((3, 1), 255.0 * self.offset, np.float32)], axis=1)
        curve = (np.linspace(0.0, 1.0, 256) ** self.gamma * 255.0 + 0.5).astype(np.uint8)
        graded = cv2.LUT(cv2.transform(image, mixing), curve)
        if self.noise > 0:
            grain = rng.normal(0.0, 255.0 * self.noise, graded.shape)
            graded = np.clip(graded + grain, 0.0, 255.0)
        return graded.astype(np.uint8)


def random_grading(rng: Generator, *, strength: float = 1.0) -> Grading:
    """Draw a grading; strength 1 is strong, 0.2 what changes between the frames of one shot."""
    gain = np.exp(rng.normal(0.0, 0.10 * strength, 3)).astype(np.float32)
    saturation = float(np.exp(rng.normal(0.0, 0.35 * strength)))
    if strength >= 1.0 and rng.random() < 0.06:
        saturation = 0.0
    luma = np.array([0.299, 0.587, 0.114], np.float32)
    matrix = saturation * np.eye(3, dtype=np.float32) + (1.0 - saturation) * luma[:, None]
    contrast = float(np.exp(rng.normal(0.0, 0.15 * strength)))
    return Grading(
        matrix=(matrix * gain * contrast).astype(np.float32),
        offset=float(rng.normal(0.0, 0.05 * strength) + 0.45 * (1.0 - contrast)),
        gamma=float(np.exp(rng.normal(0.0, 0.15 * strength))),
        blur_px=float(abs(rng.normal(0.0, 0.8))) if rng.random() < 0.25 * strength else 0.0,
        noise=float(rng.uniform(0.0, 0.04)) if rng.random() < 0.25 * strength else 0.0,
    )


def normalised(image: UInt8Array) -> NDArray[np.float32]:
    """Turn (H, W, 3) uint8 RGB into (3, H, W) float32, normalised as the networks expect."""
    values = (image.astype(np.float32) / 255.0 - MEAN) / STD
    return np.ascontiguousarray(values.transpose(2, 0, 1))
