"""The part of a frame that an interaction works on: the whole frame, or a crop at its own pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from inference_core.errors import InvalidInteractionError
from inference_core.types import Float32Array, Region

if TYPE_CHECKING:
    from inference_core.runtime.geometry import Geometry


@dataclass(frozen=True)
class Crop:
    """A region of the source and the sizes at which a network sees it."""

    region: Region
    geometry: Geometry

    @property
    def window(self) -> tuple[slice, slice]:
        """The region as slices of rows and columns."""
        return slice(self.region.y0, self.region.y1), slice(self.region.x0, self.region.x1)

    @property
    def scale(self) -> float:
        """Working pixels for one source pixel."""
        return self.geometry.working[0] / self.geometry.source[0]

    def cut(self, plane: NDArray[Any]) -> NDArray[Any]:
        """Return the region of a plane or image (H, W, ...), not copied."""
        return plane[self.window]

    def to_working(self, points: Float32Array) -> Float32Array:
        """Convert points (N, 2) (x, y) from source pixels to working pixels of the crop."""
        corner = np.array([self.region.x0, self.region.y0], np.float32)
        return self.geometry.scale_to_working(points - corner)


def check_region(region: Region, size: tuple[int, int]) -> None:
    """Raise unless a region has pixels and lies within a frame (H, W)."""
    height, width = size
    if not (0 <= region.x0 < region.x1 <= width and 0 <= region.y0 < region.y1 <= height):
        raise InvalidInteractionError(
            f"The region {region.x0}, {region.y0}, {region.x1}, {region.y1} does not fit a frame of "
            f"{width}x{height}: draw it inside the picture."
        )
