"""Tiny networks and clips: exact, cheap, countable. Untrained, yet propagation follows a coloured square."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from inference_core.session import Session
from inference_core.types import Interaction, MemoryFrames, Region, Stroke, Tool, UInt8Array
from model.family import Calibration, MemoryDefaults
from model.interfaces import (
    FusionNetwork,
    InteractionNetwork,
    MemoryEntry,
    Networks,
    PropagationNetwork,
    QueryFeatures,
)

GRID = 4
MEMORY = MemoryDefaults(mem_every=5, max_memory_frames=16, feature_bytes=2**24)
CALIBRATION = Calibration(bias=1.5, precision=0.1, recall=0.9)


class FakePropagation:
    """Keys are mean colours on a grid, values are mean probabilities; decoding enlarges what was read."""

    multiple = 16
    shares_keys = True

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.memory_lengths: list[int] = []
        self.previous_means: list[float] = []
        self.known: list[list[tuple[int, ...]]] = []

    def encode_query(self, image: Tensor) -> QueryFeatures:
        self.calls["encode_query"] += 1
        return QueryFeatures(F.avg_pool2d(image, GRID) * 8.0, ())

    def encode_memory(self, image: Tensor, query: QueryFeatures, objects: Tensor) -> MemoryEntry:
        self.calls["encode_memory"] += 1
        return MemoryEntry(query.key, F.avg_pool2d(objects[:, None], GRID))

    def read(
        self,
        query: QueryFeatures,
        keys: Tensor,
        values: Tensor,
        *,
        ages: Sequence[int] | None = None,
        top_k: int | None = None,
    ) -> Tensor:
        self.calls["read"] += 1
        self.memory_lengths.append(keys.shape[2])
        memory, wanted = keys.flatten(2)[0], query.key.flatten(2)[0]
        weights = torch.softmax(-torch.cdist(wanted.T, memory.T), dim=1)
        height, width = query.key.shape[2:]
        return torch.einsum("kcm,qm->kcq", values.flatten(2), weights).unflatten(2, (height, width))

    def learn_target_models(
        self, anchors: Sequence[MemoryEntry], known: Sequence[Collection[int]]
    ) -> Tensor | None:
        self.calls["learn_target_models"] += 1
        self.known.append([tuple(sorted(rows)) for rows in known])
        return None

    def decode(
        self, query: QueryFeatures, readout: Tensor, previous: Tensor, target_models: Tensor | None = None
    ) -> Tensor:
        self.calls["decode"] += 1
        self.previous_means.append(float(previous.mean()))
        soft = F.interpolate(readout, scale_factor=GRID, mode="bilinear", align_corners=False)[:, 0]
        return torch.logit(soft, eps=1e-3)

    def transfer(self, query: QueryFeatures, key: Tensor, maps: Tensor) -> Tensor:
        self.calls["transfer"] += 1
        return maps


class FakeFusion:
    """Weighs old and new by the distances."""

    multiple = 16

    def __init__(self) -> None:
        self.distances: list[tuple[float, float]] = []
        self.attention: list[Tensor] = []

    def __call__(
        self, image: Tensor, old: Tensor, new: Tensor, attention: Tensor, distance: Tensor
    ) -> Tensor:
        self.distances.append((float(distance[0]), float(distance[1])))
        self.attention.append(attention)
        return torch.logit(old * distance[1] + new * distance[0], eps=1e-3)


class FakeInteraction:
    """Squares of 25 pixels around positive strokes and the previous mask, less those around negative ones."""

    multiple = 16

    def __init__(self) -> None:
        self.planes: list[tuple[Tensor, Tensor, Tensor]] = []
        self.image_sizes: list[tuple[int, int]] = []

    def predictions(
        self, image: Tensor, previous: Tensor, positive: Tensor, negative: Tensor
    ) -> Iterator[Tensor]:
        self.planes.append((previous, positive, negative))
        self.image_sizes.append((image.shape[2], image.shape[3]))
        yes = F.max_pool2d(positive[:, None], 25, 1, 12)[:, 0]
        no = F.max_pool2d(negative[:, None], 25, 1, 12)[:, 0]
        yield torch.logit(torch.maximum(previous, yes) * (1 - no), eps=1e-3)


class FakeClip(MemoryFrames):
    """Counts how often a frame is decoded."""

    def __init__(self, images: list[UInt8Array]) -> None:
        super().__init__(images)
        self.decoded: Counter[int] = Counter()

    def __getitem__(self, frame_index: int) -> UInt8Array:
        self.decoded[frame_index] += 1
        return super().__getitem__(frame_index)


def networks_of_fakes(
    propagation: PropagationNetwork,
    fusion: FusionNetwork,
    interaction: InteractionNetwork,
    clicks: InteractionNetwork,
) -> Networks:
    return Networks("fake", propagation, fusion, interaction, clicks, MEMORY, CALIBRATION)


def fake_networks() -> Networks:
    interaction = FakeInteraction()
    return networks_of_fakes(FakePropagation(), FakeFusion(), interaction, interaction)


def square_clip(frames: int = 12, size: tuple[int, int] = (64, 96)) -> FakeClip:
    """A red square wanders to the right over a noisy blue ground, a green one stands still."""
    rng = np.random.default_rng(0)
    ground = rng.integers(0, 60, (*size, 3), dtype=np.uint8)
    ground[..., 2] += 120
    images = []
    for frame_index in range(frames):
        image = ground.copy()
        image[40:56, 8:24] = (30, 220, 30)
        left = 8 + 4 * frame_index
        image[8:24, left : left + 16] = (220, 30, 30)
        images.append(image)
    return FakeClip(images)


def square_ids(frame_index: int = 0, size: tuple[int, int] = (64, 96), *, both: bool = False) -> UInt8Array:
    """The true mask of `square_clip`: the red square is 1, the green one 2 where `both`."""
    ids = np.zeros(size, np.uint8)
    left = 8 + 4 * frame_index
    ids[8:24, left : left + 16] = 1
    if both:
        ids[40:56, 8:24] = 2
    return ids


def fake_session(clip: FakeClip | None = None, **options: object) -> Session:
    """Open a session whose networks see the clip at its own size unless told otherwise."""
    clip = clip or square_clip()
    settings: dict[str, object] = {"device": "cpu", "dtype": "float32", "working_size": min(clip.size)}
    return Session(clip, fake_networks(), **{**settings, **options})  # type: ignore[arg-type]


def networks_of(session: Session) -> tuple[FakePropagation, FakeFusion, FakeInteraction]:
    networks = session._context.runner.networks
    return networks.propagation, networks.fusion, networks.interaction  # type: ignore[return-value]


def stroke(
    tool: Tool | str = Tool.SCRIBBLE,
    points: object = ((16.0, 16.0),),
    *,
    frame: int = 0,
    object_id: int = 1,
    positive: bool = True,
    radius: float = 3.0,
    region: tuple[int, int, int, int] | None = None,
) -> Interaction:
    gesture = Stroke(frame, object_id, np.array(points, np.float32), radius, positive)
    return Interaction(tool, gesture, Region(*region) if region else None)


class MemoryScratch:
    """A scratch store in memory: it bounds nothing, but shows what was put where."""

    def __init__(self) -> None:
        self.contents: dict[int, bytes] = {}

    def put(self, key: int, content: bytes) -> None:
        self.contents[key] = content

    def get(self, key: int) -> bytes:
        return self.contents[key]

    def discard(self, key: int) -> None:
        self.contents.pop(key, None)
