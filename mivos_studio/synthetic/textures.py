"""Painted surfaces made from noise: colour ramps over clouds, marble, stripes, spots, cells, brush strokes.

All take a generator and return the same bytes for the same state of it, with any number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike

from inference_core.types import Float32Array, UInt8Array

Size = tuple[int, int]
Colour = tuple[float, float, float]

Texture = Callable[[Size, UInt8Array, np.random.Generator], UInt8Array]
"""Paint an image (H, W, 3) uint8 RGB of a size (height, width) with a ramp (256, 3) of colours."""


def noise(size: Size, rng: np.random.Generator, *, cells: float, octaves: int = 4) -> Float32Array:
    """Make cloudy noise (H, W) float32 in [0, 1]; `cells` blobs fit along the longer side."""
    total = np.zeros(size, np.float32)
    longest = max(size)
    weight = 1.0
    for octave in range(octaves):
        step = max(1.0, longest / (cells * 2**octave))
        grid = rng.random((int(size[0] / step) + 4, int(size[1] / step) + 4), np.float32)
        # Every grid point is `step` pixels wide; the margin keeps the resize's border outside.
        whole = cv2.resize(grid, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
        top, left = int(step), int(step)
        total += weight * _float32(whole)[top : top + size[0], left : left + size[1]]
        weight *= 0.5
        if step == 1.0:
            break
    low, high = float(total.min()), float(total.max())
    return (total - low) / max(high - low, 1e-6)


def ramp(colours: Sequence[Colour]) -> UInt8Array:
    """Blend colours (RGB, 0-255), evenly spaced, to a ramp (256, 3) uint8."""
    stops = np.linspace(0, 255, len(colours))
    channels = [np.interp(np.arange(256), stops, channel) for channel in np.asarray(colours, np.float64).T]
    return np.stack(channels, axis=1).round().astype(np.uint8)


def random_ramp(rng: np.random.Generator, *, saturation: float = 0.5) -> UInt8Array:
    """Choose three or four colours of neighbouring hues, dark to light, sometimes with one opposite."""
    count = int(rng.integers(3, 5))
    hue = rng.uniform(0, 360)
    hues = hue + np.cumsum(rng.uniform(-45, 45, count))
    if rng.random() < 0.3:
        hues[int(rng.integers(count))] += 180
    values = np.sort(rng.uniform(0.15, 1.0, count))
    saturations = np.clip(rng.normal(saturation, 0.2, count), 0, 1)
    hsv = np.stack([hues % 360, saturations, values], axis=1).astype(np.float32)
    rgb = cv2.cvtColor(hsv[None], cv2.COLOR_HSV2RGB)[0] * 255
    colours = [(float(red), float(green), float(blue)) for red, green, blue in rgb]
    return ramp(colours if rng.random() < 0.7 else colours[::-1])


def paint(field: Float32Array, colours: UInt8Array) -> UInt8Array:
    """Colour a field (H, W) in [0, 1] with a ramp (256, 3)."""
    return colours[(np.clip(field, 0, 1) * 255).astype(np.uint8)]


def clouds(size: Size, colours: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Paint soft clouds of noise."""
    return paint(noise(size, rng, cells=rng.uniform(2, 8), octaves=6), colours)


def marble(size: Size, colours: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Paint veins: waves bent by noise."""
    rows, columns = _coordinates(size)
    angle = rng.uniform(0, np.pi)
    bend = noise(size, rng, cells=rng.uniform(2, 5), octaves=5) * rng.uniform(4, 12)
    waves = (np.cos(angle) * columns + np.sin(angle) * rows) * rng.uniform(4, 16) + bend
    return paint(0.5 + 0.5 * np.sin(waves), colours)


def stripes(size: Size, colours: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Paint bands with soft edges on a slightly uneven ground."""
    rows, columns = _coordinates(size)
    angle = rng.uniform(0, np.pi)
    along = (np.cos(angle) * columns + np.sin(angle) * rows) * rng.uniform(10, 40)
    bands = 0.5 + 0.5 * np.tanh(rng.uniform(1, 5) * np.sin(along + 2 * noise(size, rng, cells=3)))
    return paint(0.75 * bands + 0.25 * noise(size, rng, cells=24, octaves=3), colours)


def spots(size: Size, colours: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Paint patches as on an animal's coat."""
    patches = noise(size, rng, cells=rng.uniform(4, 12), octaves=2)
    edge = 1 / (1 + np.exp((np.float32(rng.uniform(0.4, 0.6)) - patches) * np.float32(rng.uniform(15, 50))))
    return paint(0.7 * edge + 0.3 * noise(size, rng, cells=30, octaves=3), colours)


def cells(size: Size, colours: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Paint rounded stones: every cell of its own shade, darker towards its rim."""
    shade, depth = stones(size, rng, count=int(rng.integers(30, 200)))
    return paint((0.3 + 0.7 * shade) * np.sqrt(depth), colours)


def stones(size: Size, rng: np.random.Generator, *, count: int) -> tuple[Float32Array, Float32Array]:
    """Split a plane into cells around random points.

    Returns two (H, W) float32: a value in [0, 1] for every cell, and how deep in its cell a pixel lies, 1 at
    the middle, 0 at the rim.
    """
    seeds = np.full(size, 255, np.uint8)
    seeds[rng.integers(0, size[0], count), rng.integers(0, size[1], count)] = 0
    _, labels = cv2.distanceTransformWithLabels(
        seeds, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    values = rng.random(int(labels.max()) + 1, np.float32)
    rims = cv2.morphologyEx(_float32(labels), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    depth = _float32(cv2.distanceTransform((rims == 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5))
    reach = np.sqrt(size[0] * size[1] / count) / 2
    return values[labels], np.clip(depth / np.float32(reach), 0, 1)


def brush_strokes(size: Size, colours: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Paint with short strokes that follow a field of directions."""
    shade = noise(size, rng, cells=rng.uniform(2, 6), octaves=4)
    direction = noise(size, rng, cells=2, octaves=2) * 2 * np.pi
    image = paint(shade, colours)
    length = max(size) * rng.uniform(0.03, 0.08)
    count = 300
    rows, columns = rng.integers(0, size[0], count), rng.integers(0, size[1], count)
    levels = np.clip(shade[rows, columns] + rng.normal(0, 0.12, count), 0, 1)
    steps = length * np.stack([np.cos(direction[rows, columns]), np.sin(direction[rows, columns])], axis=1)
    for row, column, level, step in zip(rows, columns, levels, steps, strict=True):
        ends = (int(column - step[0]), int(row - step[1])), (int(column + step[0]), int(row + step[1]))
        colour = [int(channel) for channel in colours[int(level * 255)]]
        cv2.line(image, *ends, colour, max(1, int(length / 4)), cv2.LINE_AA)
    return image


TEXTURES: tuple[Texture, ...] = (clouds, marble, stripes, spots, cells, brush_strokes)


def random_texture(size: Size, rng: np.random.Generator, *, saturation: float = 0.5) -> UInt8Array:
    """Paint a surface of a random kind and colours, (H, W, 3) uint8 RGB, with a little grain."""
    texture = TEXTURES[int(rng.integers(len(TEXTURES)))]
    image = texture(size, random_ramp(rng, saturation=saturation), rng).astype(np.int16)
    grain = noise(size, rng, cells=max(size) / 3, octaves=1)
    return np.clip(image + ((grain - 0.5) * rng.uniform(0, 40))[..., None].astype(np.int16), 0, 255).astype(
        np.uint8
    )


def _coordinates(size: Size) -> tuple[Float32Array, Float32Array]:
    """Return rows and columns in units of the longer side, shapes (H, 1) and (1, W)."""
    longest = np.float32(max(size))
    return np.arange(size[0], dtype=np.float32)[:, None] / longest, np.arange(
        size[1], dtype=np.float32
    ) / longest


def _float32(values: ArrayLike) -> Float32Array:
    return np.asarray(values, np.float32)
