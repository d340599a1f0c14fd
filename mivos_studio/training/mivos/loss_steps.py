"""Loss steps of the published networks, with bootstrapped cross-entropy."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mivos_studio.training.compact.propagation import ObjectRows
from mivos_studio.training.losses import bootstrapped, intersection_over_union
from model.interfaces import QueryFeatures
from model.layers.aggregate import aggregate_logits
from model.layers.attention import dot_affinity, read_memory
from model.layers.blocks import join
from model.mivos.encoders import ImageFeatures
from model.mivos.fusion import MivosFusion
from model.mivos.propagation import MivosPropagation
from model.mivos.scribble import MivosScribble

OBJECTS = 2

Share = Callable[[float], float]
"""Share of pixels in the loss at a progress of 0 to 1."""


class PropagationLossStep:
    """Frame 0 is given, frame 1 is read from it, frame 2 from both.

    The memory is read without a top-k filter. Normalisation keeps its loaded statistics: batches are too
    small for their own.
    """

    def __init__(self, network: MivosPropagation, share: Share) -> None:
        self.network, self._share = network, share

    def __call__(self, batch: dict[str, Tensor], progress: float) -> tuple[Tensor, dict[str, float]]:
        """Loss and figures of a batch of PropagationData; progress runs from 0 to 1 over the training."""
        _freeze_normalisation(self.network)
        images, objects = batch["images"], batch["objects"][:, :, :OBJECTS]
        present = objects[:, 0].flatten(2).any(dim=2)
        truth = objects * present[:, None, :, None, None]
        sample, slot = present.nonzero(as_tuple=True)
        rows = ObjectRows(sample, slot, *present.shape)
        share = self._share(progress)
        loss, figures = truth.new_zeros(()), {}
        known, memory = truth[:, 0], []
        for frame in (1, 2):
            memory.append(self._memorize(rows, images[:, frame - 1], known))
            logits = self._segment(rows, images[:, frame], memory)
            known = torch.softmax(logits, dim=1)[:, 1:] * present[:, :, None, None]
            target = truth[:, frame]
            loss = loss + _cross_entropy(logits, target, share)
            figures[f"j{frame}"] = _overlap(known[rows.sample, rows.slot], target[rows.sample, rows.slot])
        return loss, figures

    def _memorize(self, rows: ObjectRows, image: Tensor, objects: Tensor) -> tuple[Tensor, Tensor]:
        """Keys (N, Ck, M) and values (N, Cv, M) of a frame, a row for each object."""
        own, others = rows.gather(objects)
        key, value = self.network.kv_m_f16(
            self.network.mask_rgb_encoder(join(image[rows.sample], own, others))
        )
        return key.flatten(2), value.flatten(2)

    def _segment(self, rows: ObjectRows, image: Tensor, memory: list[tuple[Tensor, Tensor]]) -> Tensor:
        """Logits over background and objects (B, K+1, h, w)."""
        features: ImageFeatures = self.network.rgb_encoder(image)
        key, value = self.network.kv_q_f16(features.f16)
        keys, values = (torch.cat(parts, dim=2) for parts in zip(*memory, strict=True))
        affinity = dot_affinity(keys, key.flatten(2)[rows.sample])
        value = value[rows.sample]
        readout = read_memory(affinity, values, top_k=0, positions=affinity.shape[1]).view_as(value)
        skip8, skip4 = (skip[rows.sample] for skip in self.network.decoder.skips(features))
        both = torch.cat([readout, value], dim=1)
        prob = torch.sigmoid(self.network.decoder(both, (skip8, skip4))[:, 0])
        return aggregate_logits(rows.scatter(prob))


class ScribbleLossStep:
    """One prediction from a previous mask and the strokes on its errors."""

    def __init__(self, network: MivosScribble, share: Share) -> None:
        self.network, self._share = network, share

    def __call__(self, batch: dict[str, Tensor], progress: float) -> tuple[Tensor, dict[str, float]]:
        """Loss and figures of a batch of InteractionData; progress runs from 0 to 1 over the training."""
        truth = batch["truth"]
        prob = torch.sigmoid(self.network.predict(torch.cat([batch["image"], batch["guides"]], dim=1)))
        loss = _cross_entropy(aggregate_logits(prob), truth[:, None], self._share(progress))
        return loss, {"iou": _overlap(prob[:, 0], truth)}


class FusionLossStep:
    """Fusion of the masks of two propagations. The propagation network is frozen; it transfers the change."""

    def __init__(self, network: MivosFusion, propagation: MivosPropagation, share: Share) -> None:
        self.network, self._share = network, share
        self._propagation = propagation.eval().requires_grad_(False)

    def __call__(self, batch: dict[str, Tensor], progress: float) -> tuple[Tensor, dict[str, float]]:
        """Loss and figures of a batch of FusionData; progress runs from 0 to 1 over the training."""
        old, new, truth = batch["old"][:, None], batch["new"][:, None], batch["truth"]
        distances = batch["distance"][:, :, None, None].expand(-1, -1, *truth.shape[-2:])
        planes = torch.cat([batch["image"], old, new, self._attention(batch), distances], dim=1)
        logits = aggregate_logits(torch.sigmoid(self.network.blend(planes)))
        fused = torch.softmax(logits, dim=1)[:, 1]
        figures = {"fused": _overlap(fused, truth), "newest": _overlap(batch["new"], truth)}
        return _cross_entropy(logits, truth[:, None], self._share(progress)), figures

    @torch.no_grad()
    def _attention(self, batch: dict[str, Tensor]) -> Tensor:
        """Transfer additions and removals to the target frame: (B, 2, h, w)."""
        mask, change = batch["anchor_truth"][:, None], batch["change"]
        network = self._propagation.to(change.device)
        encoded = network.mask_rgb_encoder(join(batch["anchor_image"], mask, torch.zeros_like(mask)))
        memory, _ = network.kv_m_f16(encoded)
        query, _ = network.kv_q_f16(network.rgb_encoder(batch["image"]).f16)
        maps = torch.stack([change.clamp(0, 1), (-change).clamp(0, 1)], dim=1)
        return network.transfer(QueryFeatures(query, ()), memory, maps)


def _freeze_normalisation(network: nn.Module) -> None:
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.eval()


def _cross_entropy(logits: Tensor, objects: Tensor, share: float) -> Tensor:
    """Bootstrapped cross-entropy: logits (B, K+1, h, w), background first; objects (B, K, h, w) in {0, 1}."""
    label = torch.where(objects.any(dim=1), objects.argmax(dim=1) + 1, 0)
    return bootstrapped(F.cross_entropy(logits, label, reduction="none"), share)


def _overlap(prob: Tensor, truth: Tensor) -> float:
    return float(intersection_over_union(prob.detach(), truth).mean())
