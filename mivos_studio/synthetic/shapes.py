"""Outlines in the square from -1 to 1, and sprites: painted, shaded shapes with exact coverage."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from inference_core.types import Float32Array, UInt8Array

_SUPERSAMPLING = 4
_FIXED_POINT_BITS = 4
_LIGHT = (-0.6, -0.8)  # from the upper left


@dataclass(frozen=True, eq=False)
class Sprite:
    """A painted shape around the centre of a square image.

    pixels     (S, S, 4) uint8, RGB multiplied by coverage, then coverage, 255 inside.
    shadow     (S, S) uint8, the coverage blurred; empty where the element casts no shadow.
    radius_px  sprite pixels in one unit of the element's coordinates.
    """

    pixels: UInt8Array
    shadow: UInt8Array
    radius_px: float

    @property
    def centre_px(self) -> float:
        """Column and row of the point (0, 0)."""
        return (int(self.pixels.shape[0]) - 1) / 2

    @property
    def reach(self) -> float:
        """Distance from the centre to the border of the sprite's image, in units of the element."""
        return self.centre_px / self.radius_px


def blob(rng: np.random.Generator) -> Float32Array:
    """Draw a smooth closed outline (N, 2) with a few random bulges."""
    angles = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    radius = np.ones_like(angles)
    for harmonic in range(2, 7):
        radius += rng.normal(0, 0.32 / harmonic) * np.cos(harmonic * angles + rng.uniform(0, 2 * np.pi))
    return _fitted(_polar(angles, np.maximum(radius, 0.25)), rng.uniform(0.5, 1.0))


def polygon(rng: np.random.Generator) -> Float32Array:
    """Draw an outline (N, 2) with three to eight straight sides."""
    count = int(rng.integers(3, 9))
    angles = (np.arange(count) + rng.uniform(-0.3, 0.3, count)) * 2 * np.pi / count
    return _fitted(_polar(angles, rng.uniform(0.65, 1.0, count)), rng.uniform(0.5, 1.0))


def star(rng: np.random.Generator) -> Float32Array:
    """Draw a flower or a star (N, 2): rounded arms around a middle."""
    arms = int(rng.integers(4, 9))
    angles = np.linspace(0, 2 * np.pi, 24 * arms, endpoint=False)
    wave = 0.5 + 0.5 * np.cos(arms * angles)
    radius = rng.uniform(0.3, 0.6) + wave ** rng.uniform(0.5, 2.0)
    return _fitted(_polar(angles, radius), rng.uniform(0.7, 1.0))


def capsule(rng: np.random.Generator) -> Float32Array:
    """Draw a limb (N, 2) that reaches from u = 0 to u = 1 and tapers."""
    thickness, end = rng.uniform(0.16, 0.26), rng.uniform(0.6, 1.0)
    angles = np.linspace(0, np.pi, 16)
    near = np.stack([-np.sin(angles), np.cos(angles)], 1) * thickness
    far = np.stack([np.sin(angles), -np.cos(angles)], 1) * thickness * end + [1 - thickness * end, 0]
    return _float32(np.concatenate([near, far]))


OUTLINES = (blob, polygon, star)


def coverage(outlines: list[Float32Array], radius_px: float, margin_px: int = 2) -> UInt8Array:
    """Fill outlines in local coordinates: (S, S) uint8, the share of each pixel inside, exact to 1/16."""
    reach = max(float(np.abs(outline).max()) for outline in outlines)
    size = 2 * (int(np.ceil(reach * radius_px)) + margin_px) + 1
    large = np.zeros((size * _SUPERSAMPLING, size * _SUPERSAMPLING), np.uint8)
    scale = radius_px * _SUPERSAMPLING
    for outline in outlines:
        corners = outline * scale + (size * _SUPERSAMPLING - 1) / 2
        fixed = (corners * 2**_FIXED_POINT_BITS).round().astype(np.int32)
        cv2.fillPoly(large, [fixed], 255, cv2.LINE_8, _FIXED_POINT_BITS)
    return np.asarray(cv2.resize(large, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def make_sprite(
    surface: UInt8Array, inside: UInt8Array, radius_px: float, *, relief: float = 0.5, shadow_px: float = 0
) -> Sprite:
    """Cut a painted surface (S, S, 3) to a shape's coverage (S, S) and shade it as if it were round.

    relief is the strength of the shading, 0 flat; shadow_px the softness of the shadow, 0 none.
    """
    lit = np.clip(surface * _shading(inside, relief)[..., None], 0, 255).astype(np.uint8)
    covered = (lit.astype(np.uint16) * inside[..., None] + 127) // 255
    shadow = np.zeros((0, 0), np.uint8)
    if shadow_px > 0:
        shadow = np.asarray(cv2.GaussianBlur(inside, (0, 0), shadow_px), np.uint8)
    return Sprite(np.dstack([covered.astype(np.uint8), inside]), shadow, radius_px)


def _shading(inside: UInt8Array, relief: float) -> Float32Array:
    """Shade a shape as if it were convex: brighter where it faces the light and in its middle."""
    if relief == 0:
        return np.ones(inside.shape, np.float32)
    depth = _float32(cv2.distanceTransform((inside > 127).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5))
    height = np.sqrt(np.minimum(depth / max(float(depth.max()), 1.0), 1.0))
    height = _float32(cv2.GaussianBlur(height, (0, 0), max(1.0, inside.shape[0] / 60)))
    slope_y, slope_x = np.gradient(height * inside.shape[0] / 8)
    facing = -(slope_x * _LIGHT[0] + slope_y * _LIGHT[1])
    return _float32(1 + relief * (0.5 * (height - 0.7) + 0.45 * np.tanh(facing)))


def _polar(angles: NDArray[np.float64], radius: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([np.cos(angles) * radius, np.sin(angles) * radius], 1)


def _fitted(outline: NDArray[np.float64], slimness: float) -> Float32Array:
    """Narrow an outline and scale it so that it just fits the square from -1 to 1."""
    outline = outline * [1.0, slimness]
    return _float32(outline / np.abs(outline).max())


def _float32(values: ArrayLike) -> Float32Array:
    return np.asarray(values, np.float32)
