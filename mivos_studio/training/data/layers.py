"""Moving layers rendered to a few frames, with exact ids and exact matches between the frames."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from inference_core.types import Float32Array, UInt8Array
from mivos_studio.training.data.sources import Frame
from mivos_studio.training.data.warps import Pose, coordinates, elastic_field, inverse

Int64Array = NDArray[np.int64]

NO_MATCH = -1


@dataclass(frozen=True)
class Layer:
    """One moving image.

    images, ids  one per frame (a still is repeated): (H, W, 3) uint8 RGB and (H, W) uint8 object ids.
    opacity      (H, W) float32 in [0, 1], or None where the layer covers everything.
    matrices     per frame the (2, 3) map from output to image pixels.
    fields       per frame an elastic displacement; none in frame 0, so that frame 0 can be inverted exactly.
    is_rigid     the image is the same in all frames, so matches between frames are known.
    """

    images: tuple[UInt8Array, ...]
    ids: tuple[UInt8Array, ...]
    opacity: Float32Array | None
    matrices: tuple[Float32Array, ...]
    fields: tuple[Float32Array | None, ...]
    is_rigid: bool

    def source_points(self, frame: int, size: int) -> Float32Array:
        """Return the position in the image of every output pixel of a frame."""
        return coordinates(self.matrices[frame], size, self.fields[frame])


@dataclass(frozen=True)
class Shot:
    """Rendered frames: images (T, s, s, 3), ids (T, s, s), owner (T, s, s) = layer on top; all uint8."""

    images: UInt8Array
    ids: UInt8Array
    owner: UInt8Array


def render(layers: list[Layer], size: int) -> Shot:
    """Composite the layers, first one at the bottom, frame by frame."""
    count = len(layers[0].images)
    images = np.zeros((count, size, size, 3), np.uint8)
    ids = np.zeros((count, size, size), np.uint8)
    owner = np.zeros((count, size, size), np.uint8)
    for frame in range(count):
        for number, layer in enumerate(layers):
            x, y = cv2.split(layer.source_points(frame, size))
            reflect = cv2.BORDER_REFLECT_101
            image = cv2.remap(layer.images[frame], x, y, cv2.INTER_LINEAR, borderMode=reflect)
            labels = cv2.remap(layer.ids[frame], x, y, cv2.INTER_NEAREST, borderMode=reflect)
            if layer.opacity is None:
                images[frame], ids[frame] = image, labels
                continue
            alpha = cv2.remap(layer.opacity, x, y, cv2.INTER_LINEAR, borderValue=0.0)
            blended = images[frame] + (image.astype(np.float32) - images[frame]) * alpha[..., None]
            images[frame] = blended.astype(np.uint8)
            on_top = alpha > 0.5
            ids[frame][on_top] = labels[on_top]
            owner[frame][on_top] = number
    return Shot(images, ids, owner)


def matches(layers: list[Layer], shot: Shot, stride: int) -> Int64Array:
    """Find for each cell of frames 1… the cell of frame 0 that shows the same surface point.

    Returns (T-1, P) int64, row-major cells of `stride` pixels, NO_MATCH where hidden, outside or unknown.
    """
    count, size = shot.ids.shape[:2]
    cells = size // stride
    middle = np.arange(cells) * stride + stride // 2
    rows, columns = (grid.ravel() for grid in np.meshgrid(middle, middle, indexing="ij"))
    found = np.full((count - 1, cells * cells), NO_MATCH, np.int64)
    for number, layer in enumerate(layers):
        if not layer.is_rigid:
            continue
        back = inverse(layer.matrices[0])
        height, width = layer.ids[0].shape
        for frame in range(1, count):
            points = layer.source_points(frame, size)[rows, columns]
            first = points @ back[:, :2].T + back[:, 2]
            x, y = (np.rint(first[:, axis]).astype(np.int64) for axis in (0, 1))
            inside = (points >= 0).all(1) & (points[:, 0] < width) & (points[:, 1] < height)
            inside &= (x >= 0) & (x < cells * stride) & (y >= 0) & (y < cells * stride)
            inside &= shot.owner[frame][rows, columns] == number
            x, y = np.clip(x, 0, size - 1), np.clip(y, 0, size - 1)
            inside &= shot.owner[0][y, x] == number
            found[frame - 1][inside] = (y // stride * cells + x // stride)[inside]
    return found


def motion(
    rng: Generator, pose: Pose, size: int, count: int, *, strength: float, elastic: float
) -> tuple[tuple[Float32Array, ...], tuple[Float32Array | None, ...]]:
    """Draw random matrices and elastic fields for `count` frames that start at a pose."""
    poses = [pose]
    for _ in range(count - 1):
        poses.append(poses[-1].moved(rng, size, strength=strength))
    fields: list[Float32Array | None] = [None]
    for _ in range(count - 1):
        fields.append(elastic_field(rng, size, elastic * size) if elastic > 0 else None)
    return tuple(step.matrix(size) for step in poses), tuple(fields)


def cut_out(rng: Generator, frame: Frame, object_id: int, size: int, count: int) -> Layer | None:
    """Make a moving layer of one object of a still; None where the still has none of a useful size."""
    image, ids = frame.read()
    areas = np.bincount(ids.ravel(), minlength=256)
    areas[0] = 0
    usable = np.flatnonzero((areas > 0.01 * ids.size) & (areas < 0.5 * ids.size))
    if usable.size == 0:
        return None
    mask = (ids == rng.choice(usable)).astype(np.uint8)
    x, y, width, height = cv2.boundingRect(mask)
    target = size * float(rng.uniform(0.2, 0.6))
    pose = Pose(
        x + width / 2 + float(rng.uniform(-0.4, 0.4)) * size * max(width, height) / target,
        y + height / 2 + float(rng.uniform(-0.4, 0.4)) * size * max(width, height) / target,
        max(width, height) / target,
        float(rng.normal(0.0, 0.3)),
        bool(rng.random() < 0.5),
    )
    strength, elastic = float(rng.uniform(0.2, 1.6)), float(rng.choice([0.0, 0.015, 0.03]))
    matrices, fields = motion(rng, pose, size, count, strength=strength, elastic=elastic)
    opacity = cv2.GaussianBlur(mask.astype(np.float32), (3, 3), 0)
    labels = (mask * object_id).astype(np.uint8)
    return Layer((image,) * count, (labels,) * count, opacity, matrices, fields, True)
