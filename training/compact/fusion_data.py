"""Samples for the fusion network: what a session asks of it while a clip is corrected (MiVOS, 3.4).

The program itself plays the corrections, with the trained propagation network, and what it asks is written
down, once, into a folder; the samples are drawn from those files. So the network learns from exactly what it
will see: walks that read all anchors so far, and anchors that are as good as an editor's and no better.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor, nn

from evaluation.ablation import FUSIONS
from evaluation.metrics import jaccard
from inference_core.protocols import MemoryFrames
from inference_core.session import Session
from model.blocks import fold_normalisation
from model.compact.interaction import CompactInteraction
from model.interfaces import Networks, PropagationNetwork
from synthetic.robots import perturb_mask
from training.pictures.colour import MEAN, STD, normalised, random_look
from training.pictures.crops import pose_near
from training.pictures.samples import Samples
from training.pictures.sources import Frame, Sources, TrainingDataError
from training.processes import join_processes

UInt8Array = NDArray[np.uint8]

CORRECTIONS = 4
LONGEST = 32
_GIVEN_IOU = (0.7, 0.98)
_LEAST_PIXELS = 100
_SMALLEST_DIFFERENCE = 60
_DRAWS = 20

_OLD, _NEW, _ADDED, _REMOVED, _TRUTH = range(3, 8)


@dataclass(frozen=True)
class Questions:
    """What was asked about one object of one clip; path holds an array of planes for each question.

    ways  (N, 2) float32, the ways to the (old, new) anchor over the way between.
    """

    path: Path
    ways: NDArray[np.float32]

    def planes(self, number: int) -> UInt8Array:
        """Read one: (8, H, W) uint8 RGB, old, new, added, removed, truth; 255 stands for 1."""
        with np.load(self.path) as stored:
            return np.asarray(stored[str(number)])


def corrected_clips(
    network: nn.Module, sources: Sources, out: Path, seed: int, device: torch.device
) -> list[Questions]:
    """Correct every clip with a trained propagation network, or read what is in `out` already.

    The network sees frames at their own size: a compact one has reduction 1. Of several processes the first
    one plays, the others read what it wrote. Raises TrainingDataError where no clip is long enough.
    """
    fold_normalisation(network.eval().requires_grad_(False))
    processes = join_processes()
    if not processes.is_first:
        processes.wait()
    clips = _play(sources, cast(PropagationNetwork, network), out / "corrections", seed, device.type)
    if processes.is_first:
        processes.wait()
    if not clips:
        raise TrainingDataError("Fusion learns from clips, and none of the sources has a long enough one.")
    return clips


def _play(
    sources: Sources, network: PropagationNetwork, folder: Path, seed: int, device: str
) -> list[Questions]:
    folder.mkdir(parents=True, exist_ok=True)
    played = []
    for number, clip in enumerate(sources.clips):
        path = folder / f"{number:05d}.npz"
        if not path.exists():
            asked = list(_corrected(clip[:LONGEST], network, np.random.default_rng([seed, number]), device))
            ways = np.array([ways for _, ways in asked], np.float32).reshape(-1, 2)
            partial = path.with_suffix(".partial.npz")
            planes = {str(place): planes for place, (planes, _) in enumerate(asked)}
            np.savez_compressed(partial, ways=ways, **planes)  # type: ignore[arg-type]
            partial.replace(path)
        with np.load(path) as stored:
            played.append(Questions(path, stored["ways"]))
    return [questions for questions in played if len(questions.ways)]


@dataclass
class _Listener:
    """Blends by distance, and keeps what it was asked last."""

    multiple: int
    heard: list[tuple[UInt8Array, tuple[float, float]]] = field(default_factory=list)

    def __call__(
        self, image: Tensor, old: Tensor, new: Tensor, attention: Tensor, distance: Tensor
    ) -> Tensor:
        colours = image[0].float().cpu() * torch.from_numpy(STD)[:, None, None]
        colours = colours + torch.from_numpy(MEAN)[:, None, None]
        planes = torch.cat([colours, *(part.float().cpu() for part in (old, new, attention[0]))])
        as_bytes = (planes * 255.0 + 0.5).clamp(0, 255).byte().numpy()
        self.heard = [(as_bytes, (float(distance[0]), float(distance[1])))]
        return FUSIONS["linear"](image, old, new, attention, distance)


def _corrected(
    clip: tuple[Frame, ...], network: PropagationNetwork, rng: Generator, device: str
) -> Iterator[tuple[UInt8Array, tuple[float, float]]]:
    """Correct the largest object of a clip on one frame after the other; tell what fusion was asked."""
    images, truth = _largest_object(clip)
    shown = [place for place in range(len(clip)) if np.count_nonzero(truth[place]) > _LEAST_PIXELS]
    if len(shown) < CORRECTIONS:
        return
    listener = _Listener(network.multiple)
    unasked = CompactInteraction().eval()
    session = Session(
        MemoryFrames(list(images)),
        Networks("training", network, listener, unasked, unasked),
        device=device,
        working_size=min(truth.shape[1:]),
        refine_edges=False,
    )
    been: list[int] = []
    for _ in range(CORRECTIONS):
        place = _next_frame(rng, session, truth, [frame for frame in shown if frame not in been])
        been.append(place)
        rough = perturb_mask(truth[place] > 0, rng, target_iou=float(rng.uniform(*_GIVEN_IOU)))
        session.set_ids(place, rough.astype(np.uint8))
        for change in session.propagate(place):
            for planes, ways in listener.heard:
                height, width = planes.shape[1:]
                wanted = np.zeros((1, height, width), np.uint8)
                small = cv2.resize(truth[change.frame_index] * 255, session.working_size[::-1])
                wanted[0, : small.shape[0], : small.shape[1]] = small
                yield np.concatenate([planes, wanted]), ways
            listener.heard.clear()


def _next_frame(rng: Generator, session: Session, truth: UInt8Array, left: list[int]) -> int:
    """Mostly the frame whose mask is worst, as an editor would choose; at first and now and then any."""
    if not session.anchors or rng.random() < 0.3:
        return int(rng.choice(left))
    return min(left, key=lambda place: jaccard(truth[place] > 0, session.ids(place) > 0))


def _largest_object(clip: tuple[Frame, ...]) -> tuple[UInt8Array, UInt8Array]:
    """Images (T, H, W, 3) and the mask (T, H, W) 0/1 of the object that covers most of the clip."""
    images, ids = zip(*(frame.read() for frame in clip), strict=True)
    counts = np.bincount(np.concatenate([frame.ravel() for frame in ids]), minlength=256)
    counts[0] = 0
    return np.stack(images), (np.stack(ids) == counts.argmax()).astype(np.uint8)


@dataclass(frozen=True)
class FusionData(Samples):
    """A frame, its two masks, where the correction landed, and the truth."""

    clips: list[Questions]

    def draw(self, rng: Generator, size: int) -> dict[str, Tensor]:
        for _ in range(_DRAWS):
            clip = self.clips[int(rng.integers(len(self.clips)))]
            number = int(rng.integers(len(clip.ways)))
            planes = clip.planes(number)
            differs = (cv2.absdiff(planes[_OLD], planes[_NEW]) > 25).astype(np.uint8)
            if np.count_nonzero(differs) >= _SMALLEST_DIFFERENCE:
                break
        pose = pose_near(rng, differs if differs.any() else None, differs.shape, size)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        seen = cv2.warpAffine(planes.transpose(1, 2, 0), pose.matrix(size), (size, size), flags=flags)
        masks = seen[..., 3:].astype(np.float32).transpose(2, 0, 1) / 255.0
        old, new, added, removed, truth = masks
        look = random_look(rng, strength=0.5)
        image = look.apply(np.ascontiguousarray(seen[..., :3]).astype(np.uint8), rng)
        return {
            "image": torch.from_numpy(normalised(image)),
            "old": torch.from_numpy(old),
            "new": torch.from_numpy(new),
            "attention": torch.from_numpy(np.stack([added, removed])),
            "truth": torch.from_numpy((truth > 0.5).astype(np.float32)),
            "distance": torch.from_numpy(clip.ways[number]),
        }
