"""Random affine and elastic maps from output to image pixels, and their motion between frames."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from inference_core.types import Float32Array


@dataclass(frozen=True)
class Pose:
    """Position of the output crop in an image: centre (x, y) in image pixels, image pixels per output pixel,
    angle in radians, and whether it is mirrored."""

    x: float
    y: float
    scale: float
    angle: float
    mirrored: bool = False

    def matrix(self, size: int) -> Float32Array:
        """Return the (2, 3) affine map from output pixels (x, y) to image pixels, output size x size."""
        cos, sin = np.cos(self.angle) * self.scale, np.sin(self.angle) * self.scale
        flip = -1.0 if self.mirrored else 1.0
        rotation = np.array([[cos * flip, -sin], [sin * flip, cos]])
        shift = np.array([self.x, self.y]) - rotation @ np.array([(size - 1) / 2, (size - 1) / 2])
        return np.concatenate([rotation, shift[:, None]], axis=1).astype(np.float32)

    def moved(self, rng: Generator, size: int, *, strength: float) -> Pose:
        """Return the next frame's pose: shift, zoom and rotation of the given strength (1 is strong)."""
        shift = rng.normal(0.0, 0.07 * strength * size * self.scale, 2)
        return Pose(
            self.x + float(shift[0]),
            self.y + float(shift[1]),
            self.scale * float(np.exp(rng.normal(0.0, 0.07 * strength))),
            self.angle + float(rng.normal(0.0, 0.12 * strength)),
            self.mirrored,
        )


def elastic_field(rng: Generator, size: int, amplitude_px: float) -> Float32Array:
    """Return a smooth random displacement (size, size, 2), float32 pixels."""
    cells = int(rng.integers(3, 6))
    coarse = rng.normal(0.0, amplitude_px, (cells, cells, 2)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC), np.float32)


def coordinates(matrix: Float32Array, size: int, field: Float32Array | None = None) -> Float32Array:
    """Return for every output pixel its position in the image, (size, size, 2) float32 (x, y).

    The field is in output pixels and is scaled with the matrix.
    """
    axis = np.arange(size, dtype=np.float32)
    grid: Float32Array = np.stack(np.meshgrid(axis, axis), axis=-1)
    if field is not None:
        grid = grid + field
    return np.asarray(cv2.transform(grid, matrix), np.float32)


def inverse(matrix: Float32Array) -> Float32Array:
    """Invert a (2, 3) affine map."""
    inverted: Float32Array = cv2.invertAffineTransform(matrix).astype(np.float32)
    return inverted
