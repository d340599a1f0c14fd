"""A clip that numpy alone makes, to the bit the same whatever build is measured: shapes before a texture."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

UInt8Array = NDArray[np.uint8]

_SEED = 11
_COLUMNS, _ROWS = 4, 2  # the grid in which the objects move, each in a cell of its own


class Clip:
    """A textured background, before which discs and squares move; object k is the same in every clip.

    size     (height, width) in pixels.
    objects  at most 8, with the ids 1, 2, …; images are (H, W, 3) uint8 RGB, masks (H, W) uint8 ids.
    """

    def __init__(self, size: tuple[int, int], frames: int, objects: int) -> None:
        self.size = size
        self.objects = objects
        self.radius = min(size[0] // _ROWS, size[1] // _COLUMNS) // 4
        drawn = [self._draw(_background(size), frame_index) for frame_index in range(frames)]
        self.images = [image for image, _ in drawn]
        self.masks = [mask for _, mask in drawn]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, frame_index: int) -> UInt8Array:
        return self.images[frame_index]

    def centre(self, object_id: int, frame_index: int) -> tuple[int, int]:
        """Return an object's centre (x, y) in pixels."""
        height, width = self.size
        row, column = divmod(object_id - 1, _COLUMNS)
        angle = 0.15 * frame_index + object_id
        x = (column + 0.5) * width / _COLUMNS + self.radius * 0.8 * math.cos(angle)
        y = (row + 0.5) * height / _ROWS + self.radius * 0.8 * math.sin(angle)
        return round(x), round(y)

    def _draw(self, image: UInt8Array, frame_index: int) -> tuple[UInt8Array, UInt8Array]:
        """Draw the objects into an image (H, W, 3); return it and its mask (H, W) of ids."""
        mask = np.zeros(self.size, np.uint8)
        across = np.arange(-self.radius, self.radius + 1)
        disc = across[:, None] ** 2 + across**2 <= self.radius**2
        stripes = (across[:, None] + 2 * across) // 4 % 2 * 40
        for object_id in range(1, self.objects + 1):
            x, y = self.centre(object_id, frame_index)
            window = np.s_[y - self.radius : y + self.radius + 1, x - self.radius : x + self.radius + 1]
            shape = disc if object_id % 2 else np.ones_like(disc)
            colour = np.array([60 * object_id % 200, 90 * object_id % 210, 130 * object_id % 190])
            mask[window][shape] = object_id
            image[window][shape] = (colour + stripes[..., None]).astype(np.uint8)[shape]
        return image, mask


def _background(size: tuple[int, int]) -> UInt8Array:
    """Return (H, W, 3) of waves and noise, always the same for a size."""
    rng = np.random.default_rng(_SEED)
    y, x = np.ogrid[: size[0], : size[1]]
    waves = np.sin(x / 17) + np.cos(y / 23) + np.sin((x + y) / 41)
    noise = rng.integers(0, 40, (*size, 3))
    return np.asarray(100 + 20 * waves[..., None] + noise, np.uint8)
