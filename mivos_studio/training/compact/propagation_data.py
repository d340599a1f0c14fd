"""Samples for the propagation network: frames of a moving still or a clip, up to three objects."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from inference_core.types import UInt8Array
from mivos_studio.synthetic.robots import perturb_mask
from mivos_studio.training.data.colour import normalised, random_grading
from mivos_studio.training.data.crops import chosen_object, pose_near
from mivos_studio.training.data.layers import Layer, Shot, cut_out, matches, motion, render
from mivos_studio.training.data.samples import Samples
from mivos_studio.training.data.sources import Frame, Sources
from model.compact.encoder import GRID_STRIDE

FRAMES = 3
OBJECTS = 3
MAX_GAP = 8
_MOST_FRAMES = 40
_SMALLEST_SHARE = 0.004
_DRAWS = 12
_TWIN_SHARE = 0.35
_ROUGH_SHARE = 0.4
_ROUGH_IOU = (0.65, 0.95)

# Sampling weight of clips: their number of frames times this. The few snippets are varied; clips of static
# cameras, gray images and halves of one clip add little, and regions are not objects.
_CLIP_WEIGHTS = {
    "davis16_train": 2.0,
    "ytvos_snippets": 3.0,
    "closed_boundary": 0.6,
    "ucsd_bgs": 0.5,
    "sbi2015": 0.4,
    "cdnet": 0.3,
    "cdnet_office": 0.3,
    "xiph_chen": 0.1,
}
# Probability of keeping a still that is drawn.
_STILL_PROBABILITY = {"bsds500": 0.3, "camvid": 0.5, "ccp": 0.7}


@dataclass(frozen=True)
class PropagationData(Samples):
    """Frames, objects, the masks given in frame 0, the previous masks of frame 1, and the known matches."""

    sources: Sources
    frames: int = FRAMES
    clip_share: float = 0.5

    def draw(self, rng: Generator, size: int) -> dict[str, Tensor]:
        for _ in range(_DRAWS):
            from_clip = bool(self._clips) and rng.random() < self.clip_share
            layers = self._clip_layers(rng, size) if from_clip else self._still_layers(rng, size)
            shot = render(layers, size)
            if (shot.ids[0] > 0).mean() > _SMALLEST_SHARE:
                break
        return _tensors(rng, layers, shot)

    @cached_property
    def _clips(self) -> list[tuple[Frame, ...]]:
        return [clip for clip in self.sources.clips if len(clip) >= self.frames]

    @cached_property
    def _clip_shares(self) -> NDArray[np.float64]:
        """Probability of drawing each clip."""
        weights = [
            min(len(clip), _MOST_FRAMES) * _CLIP_WEIGHTS.get(clip[0].clip_source, 1.0) for clip in self._clips
        ]
        return np.array(weights, np.float64) / sum(weights)

    def _still_layers(self, rng: Generator, size: int) -> list[Layer]:
        image, ids = _still(rng, self.sources).read()
        keeps_own = rng.random() < 0.6
        own = chosen_object(rng, ids) if keeps_own else np.zeros_like(ids)
        pose = pose_near(rng, own if own.any() else None, ids.shape, size)
        strength, elastic = float(rng.uniform(0.1, 1.3)), float(rng.choice([0.0, 0.01, 0.03]))
        matrices, fields = motion(rng, pose, size, self.frames, strength=strength, elastic=elastic)
        base = Layer((image,) * self.frames, (own,) * self.frames, None, matrices, fields, True)
        first_id = 2 if own.any() else 1
        shares = [0.3, 0.35, 0.2, 0.15] if own.any() else [0.0, 0.45, 0.3, 0.25]
        pasted = int(rng.choice([0, 1, 2, 3], p=shares))
        return [base, *self._pasted(rng, size, pasted, first_id=first_id)]

    def _clip_layers(self, rng: Generator, size: int) -> list[Layer]:
        clip = self._clips[int(rng.choice(len(self._clips), p=self._clip_shares))]
        frames = [clip[index].read() for index in _frame_indices(rng, len(clip), self.frames)]
        images, labels = zip(*frames, strict=True)
        ids = _same_objects(rng, labels)
        pose = pose_near(rng, ids[0] if ids[0].any() else None, ids[0].shape, size)
        matrices, _ = motion(rng, pose, size, self.frames, strength=float(rng.uniform(0.0, 0.4)), elastic=0.0)
        base = Layer(images, ids, None, matrices, (None,) * self.frames, False)
        pasted = int(rng.choice([0, 1, 2], p=[0.6, 0.25, 0.15]))
        taken = int(max(labels.max() for labels in ids))
        return [base, *self._pasted(rng, size, pasted, first_id=taken + 1)]

    def _pasted(self, rng: Generator, size: int, count: int, *, first_id: int) -> list[Layer]:
        """Make cut-outs over the base layer: objects while ids are free, distractors, and copies of them."""
        layers: list[Layer] = []
        object_id = first_id
        still = _still(rng, self.sources)
        for _ in range(count):
            is_object = object_id <= OBJECTS and (object_id == 1 or rng.random() < 0.7)
            layer = cut_out(rng, still, object_id if is_object else 0, size, self.frames)
            if rng.random() > _TWIN_SHARE:
                still = _still(rng, self.sources)
            if layer is not None:
                layers.append(layer)
                object_id += is_object
        return layers


def _frame_indices(rng: Generator, length: int, frames: int) -> list[int]:
    longest = max(1, min(MAX_GAP, (length - 1) // (frames - 1)))
    gaps = rng.integers(1, longest + 1, frames - 1)
    first = int(rng.integers(0, length - int(gaps.sum())))
    indices = [first, *(first + int(step) for step in np.cumsum(gaps))]
    return indices[::-1] if rng.random() < 0.5 else indices


def _still(rng: Generator, sources: Sources) -> Frame:
    for _ in range(_DRAWS):
        still = sources.stills[int(rng.integers(len(sources.stills)))]
        probability = _STILL_PROBABILITY.get(still.source, 1.0)
        if probability >= 1.0 or rng.random() < probability:
            break
    return still


def _same_objects(rng: Generator, labels: tuple[UInt8Array, ...]) -> tuple[UInt8Array, ...]:
    """Keep up to OBJECTS objects of a clip's first frame, numbered from 1 in a random order."""
    present = np.setdiff1d(np.unique(labels[0]), [0])
    chosen = rng.permutation(present)[: int(rng.integers(1, OBJECTS + 1))]
    table = np.zeros(256, np.uint8)
    table[chosen] = np.arange(1, len(chosen) + 1)
    return tuple(table[frame] for frame in labels)


def _tensors(rng: Generator, layers: list[Layer], shot: Shot) -> dict[str, Tensor]:
    shared = random_grading(rng)
    graded = (shared.apply(image, rng) for image in shot.images)
    images = [normalised(random_grading(rng, strength=0.2).apply(image, rng)) for image in graded]
    objects = np.stack([shot.ids == object_id for object_id in range(1, OBJECTS + 1)], axis=1)
    return {
        "images": torch.from_numpy(np.stack(images)),
        "objects": torch.from_numpy(objects.astype(np.float32)),
        "given": torch.from_numpy(_given(rng, objects[0]).astype(np.float32)),
        "before": torch.from_numpy(_disturbed(rng, objects[0].astype(np.float32))),
        "matches": torch.from_numpy(matches(layers, shot, GRID_STRIDE)),
        "has_matches": torch.tensor(any(layer.is_rigid for layer in layers)),
    }


def _given(rng: Generator, objects: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the first frame's masks (OBJECTS, H, W): exact, or as rough as those of a few strokes."""
    if rng.random() >= _ROUGH_SHARE:
        return objects
    rough = np.stack([perturb_mask(own, rng, target_iou=float(rng.uniform(*_ROUGH_IOU))) for own in objects])
    rough &= objects | ~objects.any(axis=0)  # pixels of another object stay with it
    is_first: NDArray[np.bool_] = rough.cumsum(axis=0) == 1
    return rough & is_first


def _disturbed(rng: Generator, objects: NDArray[np.float32]) -> NDArray[np.float32]:
    """Perturb the previous probabilities like those of a long propagation: shifted, with holes, or empty."""
    chance = rng.random()
    if chance < 0.15:
        return np.zeros_like(objects)
    if chance < 0.55:
        return objects
    size = objects.shape[-1]
    shift = rng.normal(0.0, 0.03 * size, 2)
    moved = np.array([[1.0, 0.0, shift[0]], [0.0, 1.0, shift[1]]], np.float32)
    out = np.stack([cv2.warpAffine(plane, moved, (size, size)) for plane in objects])
    for _ in range(int(rng.integers(0, 4))):
        centre = tuple(int(value) for value in rng.integers(0, size, 2))
        plane = np.ascontiguousarray(out[0])
        cv2.circle(plane, centre, int(rng.integers(3, max(4, size // 8))), float(rng.integers(0, 2)), -1)
        out[0] = plane
    blurred = [cv2.GaussianBlur(plane, (0, 0), 1.0 + float(rng.random())) for plane in out]
    return np.stack(blurred).astype(np.float32)
