"""Blend a fresh propagation with what a frame had: attention to the user's last change, and the distances.

Difference-aware fusion (MiVOS, section 3.4). Tensors in, tensors out: no state, no files.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from inference_core.propagation.segment import PropagatedFrame
from inference_core.runtime.network_runner import NetworkRunner
from model.interfaces import QueryFeatures


@dataclass(frozen=True, eq=False)
class ChangeAttention:
    """What the user changed at the anchor that a segment comes from, and where that lands on its frames.

    anchor, limit  frame indices of the segment's own anchor and of the one that it runs towards.
    key            (R, Ck, gh, gw), the anchor's memory key alone.
    change         (K, 2, h, w) float in [0, 1]: what was added [0] and removed [1] at the anchor.
    """

    anchor: int
    limit: int
    key: Tensor
    change: Tensor

    def on(self, runner: NetworkRunner, query: QueryFeatures) -> Tensor:
        """Return where additions [0] and removals [1] land on a frame: (K, 2, h, w) float in [0, 1]."""
        return runner.transfer(query, self.key, self.change)

    def distance(self, frame_index: int) -> tuple[float, float]:
        """Return the distances to the (old, new) anchor over the distance between them; they sum to 1."""
        between = abs(self.limit - self.anchor)
        return abs(self.limit - frame_index) / between, abs(self.anchor - frame_index) / between


def split_change(draft: Tensor, earlier: Tensor) -> Tensor:
    """Split a change of probabilities (K, h, w) into what was added and removed: (K, 2, h, w) in [0, 1]."""
    change = draft - earlier
    return torch.stack([change.clamp(0, 1), (-change).clamp(0, 1)], dim=1)


def fuse_frame(
    runner: NetworkRunner, propagated: PropagatedFrame, *, old: Tensor, change: ChangeAttention
) -> Tensor:
    """Let the nearer anchor win, except where the user has just changed the mask.

    old  (K, h, w) float in [0, 1]: what the frame had.
    Returns each object's own probability (K, h, w), before the objects are merged.
    """
    attention = change.on(runner, propagated.query)
    distance = torch.tensor(change.distance(propagated.frame_index), device=old.device)
    return runner.fuse(propagated.image, old, propagated.prob, attention, distance)
