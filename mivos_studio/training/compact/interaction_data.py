"""Samples for the interaction network: a crop, an object in it, a previous mask and the first strokes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from inference_core.types import BoolArray, Float32Array
from mivos_studio.evaluation.robots.scribble import draw_scribbles
from mivos_studio.synthetic.robots import click_robot, perturb_mask, random_box, scribble_strokes
from mivos_studio.training.data.colour import normalised, random_grading
from mivos_studio.training.data.crops import chosen_object, pose_around
from mivos_studio.training.data.samples import Samples
from mivos_studio.training.data.sources import Frame, Sources

_DRAWS = 12

# Probability of keeping a still that is drawn, by source. Trained on regions and streets, the network takes
# a click for a part of an object; users mostly mean the main object of the image.
_SOURCE_PROBABILITY = {
    "ecssd": 1.0,
    "duts_part": 1.0,
    "human290": 0.8,
    "bsds500": 0.15,
    "camvid": 0.15,
    "ccp": 0.3,
}
_USUAL_PROBABILITY = 0.5
_SMALLEST_SHARE = 0.003
_LATEST = 6
_PROTOCOL_SHARE = 0.5
# Users mark the objects of a scene one after the other: the first stroke on a new one is short, and there are
# many negative strokes, on the other objects.
_OTHERS_SHARE = 0.5
_MOST_OTHERS = 3


@dataclass(frozen=True)
class InteractionData(Samples):
    """A crop, the object in it, a previous mask and the first strokes."""

    sources: Sources
    clip_share: float = 0.3

    def draw(self, rng: Generator, size: int) -> dict[str, Tensor]:
        for _ in range(_DRAWS):
            image, truth, late, others = self._crop(rng, size)
            if truth.mean() > _SMALLEST_SHARE:
                break
        previous = _previous(rng, truth, late)
        strokes = first_strokes(rng, truth, previous)
        if rng.random() < _OTHERS_SHARE:
            draw_others(rng, strokes, others)
        return {
            "image": torch.from_numpy(normalised(random_grading(rng).apply(image, rng))),
            "truth": torch.from_numpy(truth.astype(np.float32)),
            "guides": torch.from_numpy(np.concatenate([previous[None].astype(np.float32), strokes])),
        }

    def _crop(
        self, rng: Generator, size: int
    ) -> tuple[NDArray[np.uint8], BoolArray, BoolArray, NDArray[np.uint8]]:
        """Cut a crop around one object: mostly the whole scene, sometimes a close-up (the region tool).

        Returns the image, the object's mask, its mask in a nearby frame (for a still the same mask), and the
        ids of the other objects.
        """
        if self.sources.clips and rng.random() < self.clip_share:
            clip = self.sources.clips[int(rng.integers(len(self.sources.clips)))]
            place = int(rng.integers(len(clip)))
            image, ids = clip[place].read()
            late = clip[int(np.clip(place + rng.integers(-_LATEST, _LATEST + 1), 0, len(clip) - 1))].read()[1]
        else:
            image, ids = self._still(rng).read()
            late = ids
        mask = chosen_object(rng, ids)
        own = np.setdiff1d(np.unique(ids[mask > 0]), [0])
        share = float(rng.uniform(0.25, 0.6) if rng.random() < 0.2 else rng.uniform(0.7, 1.1))
        pose = pose_around(rng, mask, size, share)
        matrix = pose.matrix(size)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        border = cv2.BORDER_REFLECT_101
        window = cv2.warpAffine(image, matrix, (size, size), flags=flags, borderMode=border)
        truth, late_mask = (
            cv2.warpAffine(plane, matrix, (size, size), flags=flags, borderMode=border) > 127
            for plane in (mask * 255, np.isin(late, own).astype(np.uint8) * 255)
        )
        rest = np.where(np.isin(ids, own), 0, ids).astype(np.uint8)
        others = cv2.warpAffine(rest, matrix, (size, size), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP)
        return window.astype(np.uint8), truth, late_mask, others.astype(np.uint8)

    def _still(self, rng: Generator) -> Frame:
        for _ in range(_DRAWS):
            frame = self.sources.stills[int(rng.integers(len(self.sources.stills)))]
            if rng.random() < _SOURCE_PROBABILITY.get(frame.source, _USUAL_PROBABILITY):
                break
        return frame


def _previous(rng: Generator, truth: BoolArray, late: BoolArray) -> BoolArray:
    """Draw a previous mask of the object: empty, of another frame, perturbed, or in a wrong place.

    late  its mask in another frame, like that of a propagation that lags behind.
    """
    chance = rng.random()
    if chance < 0.55 or not truth.any():
        return np.zeros_like(truth)
    if chance < 0.75 and (late != truth).any():
        return late
    if chance < 0.95:
        return perturb_mask(truth, rng)
    return np.roll(truth, tuple(int(step) for step in rng.integers(-40, 41, 2)), axis=(0, 1))


def first_strokes(rng: Generator, truth: BoolArray, previous: BoolArray) -> Float32Array:
    """Positive and negative planes (2, H, W) float32 in [0, 1]: clicks, scribbles or a box."""
    planes = np.zeros((2, *truth.shape), np.float32)
    if previous.any() and rng.random() < _PROTOCOL_SHARE:
        draw_protocol_scribbles(planes, truth, previous, int(rng.integers(1, 3)))
        return planes
    chance = rng.random()
    if chance < 0.55:
        _draw_clicks(rng, planes, truth, previous)
    elif chance < 0.93 or not truth.any() or previous.any():
        thickness = int(rng.integers(1, 4))
        for stroke in scribble_strokes(truth, previous, rng, max_strokes=int(rng.integers(1, 4))):
            draw_line(planes[0 if stroke.is_positive else 1], stroke.points, thickness)
        if rng.random() < 0.3 and (~truth).any():
            _draw_background_line(rng, planes[1], ~truth)
    else:
        draw_box(planes, random_box(truth, rng))
    return planes


def draw_others(rng: Generator, planes: Float32Array, others: NDArray[np.uint8]) -> None:
    """Add negative strokes on other objects, ids (H, W): a line or a click on some of them.

    planes (2, H, W) float32, positive and negative; negative strokes do not cover positive ones.
    """
    drawn = np.zeros_like(planes)
    areas = np.bincount(others.ravel(), minlength=256)
    areas[0] = 0
    for object_id in rng.permutation(np.flatnonzero(areas > _SMALLEST_SHARE * others.size))[:_MOST_OTHERS]:
        other = others == object_id
        if rng.random() < 0.3:
            _draw_clicks(rng, drawn, other, np.zeros_like(other))
        else:
            for stroke in scribble_strokes(other, np.zeros_like(other), rng, max_strokes=2):
                draw_line(drawn[0], stroke.points, int(rng.integers(1, 4)))
    planes[1] = np.where(planes[0] > 0, planes[1], np.maximum(planes[1], drawn[0] * (others > 0)))


def _draw_clicks(rng: Generator, planes: Float32Array, truth: BoolArray, previous: BoolArray) -> None:
    """Draw one click of the robot; sometimes a few more, inside or outside the object."""
    click = click_robot(truth, previous)
    if click is not None:
        draw_click(planes[0 if click.is_positive else 1], click.x, click.y, int(rng.integers(1, 3)))
    for _ in range(int(rng.choice([0, 1, 2, 3], p=[0.7, 0.15, 0.1, 0.05]))):
        is_positive = bool(rng.random() < 0.5)
        rows, columns = np.nonzero(truth if is_positive else ~truth)
        if rows.size:
            place = int(rng.integers(rows.size))
            draw_click(
                planes[0 if is_positive else 1],
                int(columns[place]),
                int(rows[place]),
                int(rng.integers(1, 3)),
            )


def _draw_background_line(rng: Generator, plane: Float32Array, background: BoolArray) -> None:
    """Draw a short line somewhere on the background."""
    rows, columns = np.nonzero(background)
    place = int(rng.integers(rows.size))
    start = np.array([columns[place], rows[place]], np.float32)
    end = start + rng.normal(0.0, 12.0, 2)
    line = np.linspace(start, end, 12)
    inside = np.clip(line.round().astype(int), 0, np.array(plane.shape[::-1]) - 1)
    kept = background[inside[:, 1], inside[:, 0]]
    draw_line(plane, line[: int(kept.argmin()) or len(line)] if not kept.all() else line, 2)


def draw_protocol_scribbles(
    planes: Float32Array, truth: BoolArray, prediction: BoolArray, thickness: int
) -> None:
    """Correct a prediction (H, W) as the protocol's robot does: many lines, along thin errors too."""
    for scribble in draw_scribbles(truth.astype(np.uint8), prediction.astype(np.uint8), (1,)):
        plane = planes[0 if scribble.object_id else 1]
        draw_line(plane, scribble.pixels(truth.shape).astype(np.float32), thickness)


def draw_click(plane: Float32Array, x: int, y: int, radius: int) -> None:
    """Draw a disk into a plane (H, W) float32."""
    cv2.circle(plane, (x, y), radius, 1.0, -1)


def draw_line(plane: Float32Array, points: NDArray[np.float64] | Float32Array, thickness: int) -> None:
    """Draw a polyline (N, 2) of pixels (x, y) into a plane (H, W) float32."""
    cv2.polylines(plane, [np.rint(points).astype(np.int32)], False, 1.0, thickness)


def draw_box(planes: Float32Array, box: tuple[int, int, int, int]) -> None:
    """Draw a box as strokes: negative along its outline, a positive cross at its centre."""
    x0, y0, x1, y1 = box
    cv2.rectangle(planes[1], (x0 - 1, y0 - 1), (x1, y1), 1.0, 1)
    x, y = (x0 + x1) // 2, (y0 + y1) // 2
    reach_x, reach_y = max(1, (x1 - x0) // 8), max(1, (y1 - y0) // 8)
    cv2.line(planes[0], (x - reach_x, y), (x + reach_x, y), 1.0, 1)
    cv2.line(planes[0], (x, y - reach_y), (x, y + reach_y), 1.0, 1)
