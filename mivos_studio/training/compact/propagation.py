"""Loss step of the propagation network: frame 0 is given, every later one is read from all before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from mivos_studio.training.losses import (
    bootstrapped,
    dice_loss,
    hardest_share,
    intersection_over_union,
    match_loss,
)
from model.compact.encoder import Pyramid
from model.compact.propagation import CompactPropagation, target_features
from model.compact.target_model import coverage, learn, score
from model.layers.aggregate import aggregate_logits
from model.layers.attention import distance_affinity

MATCH_WEIGHT = 0.15


@dataclass(frozen=True)
class ObjectRows:
    """The N objects present in a batch, with all samples concatenated.

    sample, slot  (N,) int64: index in the batch B, and index among the sample's K slots for objects.
    """

    sample: Tensor
    slot: Tensor
    count: int
    slots: int

    def scatter(self, maps: Tensor) -> Tensor:
        """Put N maps (N, h, w) back into (B, K, h, w); absent objects are zero."""
        out = maps.new_zeros((self.count, self.slots, *maps.shape[-2:]))
        return out.index_put((self.sample, self.slot), maps)

    def gather(self, maps: Tensor) -> tuple[Tensor, Tensor]:
        """Return of (B, K, h, w) each object's own map and the sum of the others', both (N, 1, h, w)."""
        own = maps[self.sample, self.slot].unsqueeze(1)
        return own, maps.sum(dim=1)[self.sample].unsqueeze(1) - own


class PropagationLossStep:
    """Computes the loss of one batch. The network must be built with reduction 1."""

    def __init__(self, network: CompactPropagation) -> None:
        self.network = network

    def __call__(self, batch: dict[str, Tensor], progress: float) -> tuple[Tensor, dict[str, float]]:
        """Loss and figures of a batch of PropagationData; progress runs from 0 to 1 over the training."""
        images = batch["images"]
        present = batch["objects"][:, 0].flatten(2).any(dim=2)
        truth = batch["objects"] * present[:, None, :, None, None]
        sample, slot = present.nonzero(as_tuple=True)
        rows = ObjectRows(sample, slot, *present.shape)
        pyramids, keys = self._encode(images)
        given = batch["given"] * present[:, :, None, None]
        scores = self._scores(rows, images, given, pyramids)
        values = self._memorize(rows, images[:, 0], given, pyramids[0])
        positions = values.shape[2]
        before = batch["before"] * present[:, :, None, None]
        logits: list[Tensor] = []
        matching = values.new_zeros((), dtype=torch.float32)
        last = len(pyramids) - 1
        for frame in range(1, len(pyramids)):
            affinity = self._affinity(keys[:frame], keys[frame])
            readout = self._read(rows, affinity, values)
            logits.append(self._decode(rows, pyramids[frame], readout, before, scores[frame - 1]))
            matching = matching + match_loss(affinity[..., :positions], batch["matches"][:, frame - 1])
            if frame < last:
                before = torch.softmax(logits[-1], dim=1)[:, 1:] * present[:, :, None, None]
                memorized = self._memorize(rows, images[:, frame], before, pyramids[frame])
                values = torch.cat([values, memorized], dim=2)
        loss, figures = self._mask_loss(rows, logits, truth, progress)
        figures["match"] = float(matching.detach()) / last
        return loss + MATCH_WEIGHT * matching, figures

    def _encode(self, images: Tensor) -> tuple[list[Pyramid], list[Tensor]]:
        count, frames = images.shape[:2]
        together = images.transpose(0, 1).flatten(0, 1).contiguous(memory_format=torch.channels_last)
        whole = self.network.encoder(together)
        keys = self.network.key(whole.merged)
        parts = (whole.stride2, whole.stride4, whole.stride8, whole.stride16, whole.merged)
        split = [part.split(count) for part in parts]
        return [Pyramid(*(part[frame] for part in split)) for frame in range(frames)], list(keys.split(count))

    def _affinity(self, memory: list[Tensor], query: Tensor) -> Tensor:
        with torch.autocast(query.device.type, enabled=False):
            return distance_affinity(torch.cat([key.flatten(2) for key in memory], dim=2), query.flatten(2))

    def _memorize(self, rows: ObjectRows, image: Tensor, objects: Tensor, pyramid: Pyramid) -> Tensor:
        own, others = rows.gather(objects)
        value: Tensor = self.network.value(image[rows.sample], own, others, pyramid.merged[rows.sample])
        return value.flatten(2)

    @torch.no_grad()
    def _scores(
        self, rows: ObjectRows, images: Tensor, given: Tensor, pyramids: Sequence[Pyramid]
    ) -> list[Tensor]:
        """Scores of target models learned on frame 0, for every later frame: (N, 1, gh, gw) each."""
        height, width = pyramids[0].merged.shape[-2:]
        scores: list[list[Tensor]] = [[] for _ in pyramids[1:]]
        for sample in range(rows.count):
            features = [
                target_features(
                    *(maps[sample, None].float() for maps in (image, p.stride2, p.stride4, p.merged))
                )
                for image, p in zip(images.unbind(dim=1), pyramids, strict=True)
            ]
            own = given[sample, rows.slot[rows.sample == sample]].unsqueeze(1)
            target_models = learn([(features[0], coverage(own, (height, width)))], [range(len(own))])
            for later, later_features in zip(scores, features[1:], strict=True):
                later.append(score(target_models, later_features, (height, width)))
        return [torch.cat(later) for later in scores]

    def _read(self, rows: ObjectRows, affinity: Tensor, values: Tensor) -> Tensor:
        weights = torch.softmax(affinity, dim=-1).to(values.dtype)
        return torch.bmm(values, weights[rows.sample].transpose(1, 2))

    def _decode(
        self, rows: ObjectRows, pyramid: Pyramid, readout: Tensor, before: Tensor, scores: Tensor
    ) -> Tensor:
        """Logits over background and objects (B, K+1, h, w)."""
        readout = readout.view(*readout.shape[:2], *pyramid.merged.shape[-2:])
        parts = (pyramid.stride2, pyramid.stride4, pyramid.stride8, pyramid.stride16, pyramid.merged)
        chosen = Pyramid(*(part[rows.sample] for part in parts))
        logits = self.network.decoder(chosen, readout, torch.cat(rows.gather(before), dim=1), scores)
        return aggregate_logits(rows.scatter(torch.sigmoid(logits.float()[:, 0])))

    def _mask_loss(
        self, rows: ObjectRows, logits: Sequence[Tensor], truth: Tensor, progress: float
    ) -> tuple[Tensor, dict[str, float]]:
        share = hardest_share(progress)
        total = truth.new_zeros(())
        figures: dict[str, float] = {}
        for frame, frame_logits in enumerate(logits, start=1):
            target = truth[:, frame]
            label = torch.where(target.any(dim=1), target.argmax(dim=1) + 1, 0)
            total = total + bootstrapped(F.cross_entropy(frame_logits, label, reduction="none"), share)
            prob = torch.softmax(frame_logits, dim=1)[:, 1:][rows.sample, rows.slot]
            own_target = target[rows.sample, rows.slot]
            total = total + 0.5 * dice_loss(prob, own_target).mean()
            figures[f"j{frame}"] = float(intersection_over_union(prob.detach(), own_target).mean())
        return total, figures
