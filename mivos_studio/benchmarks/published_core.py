"""A re-implementation of the published inference core, as the baseline of our own.

float32, tensors contiguous, normalisation not folded; every frame's features computed anew in every round;
each object reads the memory by itself through a full matrix of weights; fusion goes object by object.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from model.layers.aggregate import aggregate
from model.layers.blocks import others_of
from model.mivos.encoders import GRID_STRIDE
from model.mivos.fusion import MivosFusion
from model.mivos.propagation import MivosPropagation

_NOTHING = 1e-7


@dataclass(eq=False)
class Memory:
    """Keys (K, Ck, gh, gw) and values (K, Cv, gh, gw) of the frames that a segment reads."""

    keys: list[Tensor] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.keys)

    def put(self, index: int, entry: tuple[Tensor, Tensor]) -> None:
        """Put an entry at an index, replacing the entries from there on."""
        self.keys[index:], self.values[index:] = [entry[0]], [entry[1]]

    def copy(self) -> Memory:
        return Memory(list(self.keys), list(self.values))


class PublishedCore:
    """Rounds of propagation over one clip (MiVOS, section 3; the published inference core).

    images  (1, 3, h, w) normalised, one a frame, on the networks' device.
    prob    (K+1, T, h, w), background first: the result of the rounds so far.
    """

    def __init__(
        self,
        images: Sequence[Tensor],
        objects: int,
        propagation: MivosPropagation,
        fusion: MivosFusion,
        *,
        mem_every: int = 5,
    ) -> None:
        self._images = images
        self._propagation, self._fusion = propagation, fusion
        self._mem_every = mem_every
        self._anchors: list[int] = []
        self._memory = Memory()
        height, width = images[0].shape[-2:]
        self.prob = images[0].new_zeros((objects + 1, len(images), height, width))
        self.prob[0] = _NOTHING

    @torch.inference_mode()
    def commit(self, frame_index: int, mask: Tensor) -> Generator[int, None, None]:
        """Give a frame its mask (K+1, h, w), one-hot, and propagate; yield each frame once it is done."""
        self._anchors.append(frame_index)
        change = mask - self.prob[:, frame_index]
        self.prob[:, frame_index] = mask
        entry = self._memorize(frame_index, mask[1:])
        self._memory.put(len(self._memory), entry)
        for step in (1, -1):
            beyond = [other for other in self._anchors if (other - frame_index) * step > 0]
            limit = min(beyond, key=lambda other: abs(other - frame_index), default=None)
            stop = limit if limit is not None else (len(self._images) if step > 0 else -1)
            for reached, query, new in self._propagate(range(frame_index + step, stop, step), frame_index):
                if limit is not None:
                    distances = (abs(limit - reached), abs(frame_index - reached))
                    distance = torch.tensor(distances, device=new.device) / abs(limit - frame_index)
                    new = self._fuse(reached, new, self._transfer(entry[0], query, change[1:]), distance)
                self.prob[:, reached] = new
                yield reached

    def _propagate(self, frames: range, anchor: int) -> Generator[tuple[int, Tensor, Tensor], None, None]:
        """Yield frame, query key and probabilities (K+1, h, w) before any fusion."""
        memory, kept, last_memorized = self._memory.copy(), len(self._memory), anchor
        for reached in frames:
            features = self._propagation.rgb_encoder(self._images[reached])
            key, value = self._propagation.kv_q_f16(features.f16)
            readout = self._read(memory, key)
            both = torch.cat([readout, value.expand_as(readout)], dim=1)
            decoder = self._propagation.decoder
            prob = aggregate(torch.sigmoid(decoder(both, decoder.skips(features))[:, 0]))
            if reached != frames[-1]:
                memory.put(kept, self._memorize(reached, prob[1:]))
                if abs(reached - last_memorized) >= self._mem_every:
                    kept, last_memorized = kept + 1, reached
            yield reached, key, prob

    def _memorize(self, frame_index: int, objects: Tensor) -> tuple[Tensor, Tensor]:
        own = objects.unsqueeze(1)
        image = self._images[frame_index].expand(len(own), -1, -1, -1)
        key, value = self._propagation.kv_m_f16(
            self._propagation.mask_rgb_encoder(torch.cat([image, own, others_of(own)], dim=1))
        )
        return key, value

    def _read(self, memory: Memory, query: Tensor) -> Tensor:
        """Read for each object in turn -> (K, Cv, gh, gw)."""
        keys, values = torch.stack(memory.keys, dim=2), torch.stack(memory.values, dim=2)
        readouts = [
            torch.matmul(value.flatten(1), self._best(affinity_to(key, query)))
            for key, value in zip(keys, values, strict=True)
        ]
        return torch.stack(readouts).view(len(keys), -1, *query.shape[-2:])

    def _best(self, affinity: Tensor) -> Tensor:
        """Softmax over the k largest entries of each column (M, Q), zero elsewhere."""
        best, where = affinity.topk(min(self._propagation.top_k, len(affinity)), dim=0)
        return torch.zeros_like(affinity).scatter_(0, where, torch.softmax(best, dim=0))

    def _transfer(self, keys: Tensor, query: Tensor, change: Tensor) -> Tensor:
        """Transfer additions and removals (K, h, w) to the query's frame -> (K, 2, h, w)."""
        maps = torch.stack([change.clamp(0, 1), (-change).clamp(0, 1)], dim=1)
        grids = F.interpolate(maps, scale_factor=1 / GRID_STRIDE, mode="area")
        transferred = [
            torch.matmul(grid.flatten(1), torch.softmax(affinity_to(key.unsqueeze(1), query), dim=0))
            for key, grid in zip(keys, grids, strict=True)
        ]
        small = torch.stack(transferred).view(grids.shape)
        return F.interpolate(small, size=maps.shape[-2:], mode="bilinear", align_corners=False)

    def _fuse(self, frame_index: int, new: Tensor, attention: Tensor, distance: Tensor) -> Tensor:
        """Fuse the objects one by one -> (K+1, h, w)."""
        distances = distance.to(new)[:, None, None].expand(-1, *new.shape[-2:])
        own = []
        for row, transferred in enumerate(attention):
            old = self.prob[row + 1, frame_index]
            planes = torch.cat(
                [self._images[frame_index][0], old[None], new[row + 1][None], transferred, distances]
            )
            own.append(torch.sigmoid(self._fusion.blend(planes.unsqueeze(0))[0, 0]))
        return aggregate(torch.stack(own))


def affinity_to(keys: Tensor, query: Tensor) -> Tensor:
    """Scaled dot products of one object's keys (Ck, T, ...) with a query's (1, Ck, gh, gw) -> (M, Q)."""
    scaled = query[0].flatten(1) / query.shape[1] ** 0.5
    return torch.matmul(keys.flatten(1).t(), scaled)
