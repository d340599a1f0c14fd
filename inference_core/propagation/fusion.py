"""Blend a fresh propagation with what a frame had: evidence of the editor's last change, and the distances.

Difference-aware fusion (MiVOS, section 3.4). Tensors in, tensors out: no state, no files.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from inference_core.runtime.network_runner import Engine
from model.interfaces import QueryFeatures


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the editor changed at the anchor that a walk comes from.

    anchor, limit  frame indices of the walk's own anchor and of the one it runs towards.
    key            (R, Ck, gh, gw), the anchor's memory key alone.
    change         (K, 2, h, w) float in [0, 1]: what was added [0] and removed [1] at the anchor.
    """

    anchor: int
    limit: int
    key: Tensor
    change: Tensor

    def distance(self, frame_index: int) -> tuple[float, float]:
        """Return the way to the (old, new) anchor over the way between; they sum to 1."""
        between = abs(self.limit - self.anchor)
        return abs(self.limit - frame_index) / between, abs(self.anchor - frame_index) / between


def split_change(draft: Tensor, earlier: Tensor) -> Tensor:
    """Split a change of probabilities (K, h, w) into what was added and removed: (K, 2, h, w) in [0, 1]."""
    change = draft - earlier
    return torch.stack([change.clamp(0, 1), (-change).clamp(0, 1)], dim=1)


def fuse_frame(
    engine: Engine,
    image: Tensor,
    query: QueryFeatures,
    masks: tuple[Tensor, Tensor],
    *,
    step: tuple[Evidence, int],
) -> Tensor:
    """Let the nearer anchor win, except where the editor has just disagreed.

    image  (1, 3, h, w) normalised; masks = (old, new), each (K, h, w) in [0, 1].
    step   the evidence and the frame's index.
    Returns each object's own probability (K, h, w), before the objects compete.
    """
    evidence, frame_index = step
    old, new = masks
    attention = engine.transfer(query, evidence.key, evidence.change)
    distance = torch.tensor(evidence.distance(frame_index), device=new.device)
    return engine.fuse(image, old, new, attention, distance)
