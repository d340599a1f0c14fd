"""Samples for the fusion network: masks of one frame propagated from two reference frames (MiVOS, 3.4).

The propagation network makes the masks once, into a folder; the samples are drawn from those files.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from inference_core.types import UInt8Array
from mivos_studio.files import move_without_replacing, written_beside
from mivos_studio.training.data.colour import normalised, random_grading
from mivos_studio.training.data.crops import pose_near
from mivos_studio.training.data.samples import Samples
from mivos_studio.training.data.sources import Frame, Sources
from model.compact.encoder import MULTIPLE
from model.interfaces import MemoryEntry, PropagationNetwork
from model.layers.aggregate import aggregate

PROPAGATIONS_FOLDER = "propagations"
"""Name within the output folder; trainings that are resumed have their masks there."""

REFERENCE_EVERY = 9
_SMALLEST_DIFFERENCE = 60
_DRAWS = 20


@dataclass(frozen=True)
class PropagatedClip:
    """One object of one clip: frames, truth (T, H, W) uint8 0/1, and per reference frame the propagated
    probabilities (T, H, W) uint8, 255 = 1."""

    frames: tuple[Frame, ...]
    truth: UInt8Array
    propagations: dict[int, UInt8Array]


def propagate_clips(
    sources: Sources, network: PropagationNetwork, folder: Path, *, mem_every: int
) -> list[PropagatedClip]:
    """Propagate the truth of every REFERENCE_EVERY-th frame through each clip; files in `folder` are reused.

    The network is in eval mode; a compact one has reduction 1. mem_every: frames between two memorized ones.
    """
    folder.mkdir(parents=True, exist_ok=True)
    propagated = []
    for number, clip in enumerate(sources.clips):
        if len(clip) <= REFERENCE_EVERY:
            continue
        images, truth = _largest_object(clip)
        path = folder / f"{number:05d}.npz"
        if not path.exists():
            references = [index for index in range(0, len(clip), REFERENCE_EVERY) if truth[index].sum() > 100]
            propagations = {
                str(index): _propagate(network, images, truth, index, mem_every) for index in references
            }
            with written_beside(path, move_without_replacing) as partial:
                np.savez_compressed(partial, **propagations)  # type: ignore[arg-type]
        with np.load(path) as stored:
            propagated.append(PropagatedClip(clip, truth, {int(key): stored[key] for key in stored.files}))
    return [clip for clip in propagated if len(clip.propagations) > 1]


@dataclass(frozen=True)
class FusionData(Samples):
    """A target frame, its old and new mask, and the change in the anchor frame of the new one."""

    clips: list[PropagatedClip]

    def draw(self, rng: Generator, size: int) -> dict[str, Tensor]:
        for _ in range(_DRAWS):
            clip = self.clips[int(rng.integers(len(self.clips)))]
            old_from, new_from = (
                int(index) for index in rng.choice(list(clip.propagations), 2, replace=False)
            )
            target = _target(rng, old_from, new_from, len(clip.frames))
            old, new = clip.propagations[old_from][target], clip.propagations[new_from][target]
            if (cv2.absdiff(old, new) > 25).sum() >= _SMALLEST_DIFFERENCE:
                break
        return self._tensors(rng, clip, size, old_from=old_from, new_from=new_from, target=target)

    def _tensors(
        self, rng: Generator, clip: PropagatedClip, size: int, *, old_from: int, new_from: int, target: int
    ) -> dict[str, Tensor]:
        old, new = clip.propagations[old_from][target], clip.propagations[new_from][target]
        differs = (cv2.absdiff(old, new) > 25).astype(np.uint8)
        pose = pose_near(rng, differs if differs.any() else None, differs.shape, size)
        matrix = pose.matrix(size)

        def crop(plane: UInt8Array) -> NDArray[np.float32]:
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            return np.asarray(
                cv2.warpAffine(plane.astype(np.float32), matrix, (size, size), flags=flags), np.float32
            )

        grading = random_grading(rng, strength=0.5)
        images = [crop(clip.frames[index].read()[0]).astype(np.uint8) for index in (target, new_from)]
        truth = [crop(clip.truth[index] * np.uint8(255)) / 255.0 for index in (target, new_from)]
        between = abs(old_from - new_from)
        distances = np.array([abs(old_from - target), abs(new_from - target)], np.float32) / between
        return {
            "image": torch.from_numpy(normalised(grading.apply(images[0], rng))),
            "anchor_image": torch.from_numpy(normalised(grading.apply(images[1], rng))),
            "old": torch.from_numpy(crop(old) / 255.0),
            "new": torch.from_numpy(crop(new) / 255.0),
            "truth": torch.from_numpy((truth[0] > 0.5).astype(np.float32)),
            "anchor_truth": torch.from_numpy((truth[1] > 0.5).astype(np.float32)),
            "change": torch.from_numpy(truth[1] - crop(clip.propagations[old_from][new_from]) / 255.0),
            "distance": torch.from_numpy(distances),
        }


def _target(rng: Generator, first: int, second: int, length: int) -> int:
    """Draw a frame between two references."""
    low, high = sorted((first, second))
    return int(rng.integers(low + 1, high)) if high - low > 1 else int(rng.integers(length))


def _largest_object(clip: tuple[Frame, ...]) -> tuple[UInt8Array, UInt8Array]:
    """Read images (T, H, W, 3) and the mask (T, H, W) 0/1 of the object that covers most of the clip."""
    images, ids = zip(*(frame.read() for frame in clip), strict=True)
    counts = np.bincount(np.concatenate([frame.ravel() for frame in ids]), minlength=256)
    counts[0] = 0
    return np.stack(images), (np.stack(ids) == counts.argmax()).astype(np.uint8)


@torch.inference_mode()
def _propagate(
    network: PropagationNetwork, images: UInt8Array, truth: UInt8Array, start: int, mem_every: int
) -> UInt8Array:
    """Propagate one frame's truth to both ends: (T, H, W) uint8 probabilities."""
    out = np.zeros_like(truth)
    out[start] = truth[start] * 255
    height, width = truth.shape[1:]
    pad = (0, -width % MULTIPLE, 0, -height % MULTIPLE)

    def padded(index: int) -> Tensor:
        return F.pad(torch.from_numpy(normalised(images[index]))[None], pad)

    for step in (1, -1):
        mask = F.pad(torch.from_numpy(truth[start].astype(np.float32))[None], pad)
        image = padded(start)
        query = network.encode_query(image)
        kept = {start: network.encode_memory(image, query, mask)}
        last: dict[int, MemoryEntry] = {}
        target_models = network.learn_target_models(list(kept.values()), [(0,)])
        for index in range(start + step, len(images) if step > 0 else -1, step):
            image = padded(index)
            query = network.encode_query(image)
            memory = {**kept, **last}
            keys = torch.stack([entry.key for entry in memory.values()], dim=2)
            values = torch.stack([entry.value for entry in memory.values()], dim=2)
            readout = network.read(query, keys, values, ages=[abs(index - other) for other in memory])
            mask = aggregate(torch.sigmoid(network.decode(query, readout, mask, target_models)))[1:]
            out[index] = (mask[0, :height, :width].numpy() * 255 + 0.5).astype(np.uint8)
            last = {index: network.encode_memory(image, query, mask)}
            if (index - start) % mem_every == 0:
                kept, last = {**kept, **last}, {}
    return out
