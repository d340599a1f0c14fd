"""Blend a fresh propagation with what a frame had: attention to the user's last change, and the distances.

Difference-aware fusion (MiVOS, section 3.4). An object that runs towards another anchor is fused on the
frames between the two; one that runs to the clip's end replaces what it had there.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from inference_core.propagation.object_merger import ObjectMerger
from inference_core.runtime.network_runner import NetworkRunner
from inference_core.state.frame_record import PackedProb
from model.interfaces import QueryFeatures


@dataclass(frozen=True, eq=False)
class SegmentFusion:
    """Fuses the frames of one segment.

    anchor  frame_index of the segment's anchor; key (R, Ck, gh, gw), its memory key alone.
    change  (K, 2, h, w) float in [0, 1], see `split_change`: what the user changed at the anchor.
    """

    runner: NetworkRunner
    merger: ObjectMerger
    anchor: int
    key: Tensor
    change: Tensor

    def rows_by_limit(self, frame_index: int, before: PackedProb) -> dict[int, list[int]]:
        """Return the rows that are fused on a frame that held `before`, by the anchor they run towards."""
        rows: dict[int, list[int]] = {}
        for row in self.merger.free(frame_index):
            limit = self.merger.limits[row]
            if limit is not None and self.merger.codec.keys[row] in before.known:
                rows.setdefault(limit, []).append(row)
        return rows

    def fuse(
        self, frame_index: int, image: Tensor, query: QueryFeatures, prob: Tensor, before: PackedProb
    ) -> tuple[PackedProb, Tensor] | None:
        """Let the nearer anchor win, except where the user has just changed the mask.

        image (1, 3, h, w) normalised; prob (K, h, w) float in [0, 1], as propagated; before, what the frame
        held. Returns the merged objects packed and as (K, h, w) float32; None where no object is fused.
        """
        by_limit = self.rows_by_limit(frame_index, before)
        if not by_limit:
            return None
        old, own = self.merger.codec.decode(before), prob.clone()
        attention = self.runner.transfer(query, self.key, self.change)
        for limit, rows in by_limit.items():
            distance = torch.tensor(distances(self.anchor, limit, frame_index), device=old.device)
            own[rows] = self.runner.fuse(image, old, prob, attention, distance)[rows]
        return self.merger.merge(own, frame_index)


def split_change(draft: Tensor, earlier: Tensor) -> Tensor:
    """Split a change of probabilities (K, h, w) into what was added and removed: (K, 2, h, w) in [0, 1]."""
    change = draft - earlier
    return torch.stack([change.clamp(0, 1), (-change).clamp(0, 1)], dim=1)


def distances(anchor: int, limit: int, frame_index: int) -> tuple[float, float]:
    """Return the distances to the (old, new) anchor, `limit` and `anchor`, as shares of that between them."""
    between = abs(limit - anchor)
    return abs(limit - frame_index) / between, abs(anchor - frame_index) / between
