"""Confidence: the J to expect of a propagated mask.

A propagated mask depends on memory, on the image and on the mask before it, so errors accumulate. The nearest
anchor's mask, transferred by the affinity in one step, is a second estimate without these errors. Where the
two overlap, the mask is mostly right; which overlap means which J is calibrated on clips with known masks,
for each family of networks (`mivos evaluate --fit-confidence`).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import torch.nn.functional as F
from torch import Tensor

from inference_core.runtime.network_runner import NetworkRunner
from inference_core.state.frame_record import FrameRecord, ObjectKey
from inference_core.state.session_state import SessionState
from inference_core.types import Agreement
from model.family import Calibration
from model.interfaces import QueryFeatures

# Of the short side, so that the cost does not grow with the working size. At 480 lines, where the calibration
# was fitted, that is every second place: confidence orders masks as well as with every place (its rank
# correlation with J is 0.60 on validation clips; 0.53 with 10 cells), and the affinity costs a sixteenth.
# Measured, as the two below: docs/research/constants.md.
_CELLS = 15
# In cells of the coarse grid: two masks that are both empty agree, one that shrinks to nothing does not. Less
# orders masks as well, 1 worse.
_LEAST_CELLS = 0.1
# Shares of 0 and 1 must not become infinite. From 0.005 to 0.1 masks are ordered the same.
_MARGIN = 0.02


def features(agreement: Agreement) -> tuple[float, float]:
    """Give the log odds that a calibration weighs."""
    return _log_odds(agreement.precision), _log_odds(agreement.recall)


@dataclass(frozen=True, eq=False)
class ReferenceMask:
    """An anchor to compare with: its memory key (R, Ck, gh, gw), its probabilities (K, h, w) in [0, 1]."""

    frame_index: int
    key: Tensor
    prob: Tensor

    @property
    def grid(self) -> tuple[int, int]:
        """Height and width of the coarse grid on which frames are compared."""
        height, width = self.key.shape[-2:]
        coarser = max(1, round(min(height, width) / _CELLS))
        return height // coarser, width // coarser

    @cached_property
    def coarse(self) -> tuple[Tensor, Tensor]:
        """Key (R, Ck, *grid), and the maps that are transferred: (K, 1, h, w) reduced as the grid is."""
        height, width = self.grid
        stride = self.prob.shape[-1] // self.key.shape[-1]
        maps = _pool(self.prob, (height * stride, width * stride)).unsqueeze(1)
        return _pool(self.key, self.grid), maps


@dataclass(frozen=True, eq=False)
class SegmentReferences:
    """The anchors that a segment's frames are compared with: its own, and those its objects run towards.

    masks   by frame; an anchor that memory does not hold is missing.
    limits  for the row of every object of the segment, the frame of its next anchor, None for none.
    """

    runner: NetworkRunner
    anchor: int
    masks: Mapping[int, ReferenceMask]
    limits: Mapping[int, int | None]

    def agreements(
        self, frame_index: int, query: QueryFeatures, prob: Tensor, rows: Iterable[int]
    ) -> dict[int, Agreement]:
        """Compare rows of a propagated frame, prob (K, h, w), with the nearer of the anchors around it."""
        rows_of: dict[int, list[int]] = {}
        for row in rows:
            near = [frame for frame in (self.anchor, self.limits[row]) if frame is not None]
            found = (frame for frame in near if frame in self.masks)
            nearest = min(found, key=lambda frame: abs(frame - frame_index))
            rows_of.setdefault(nearest, []).append(row)
        agreements: dict[int, Agreement] = {}
        for frame, compared in rows_of.items():
            found_there = agree(self.runner, query, self.masks[frame], prob)
            agreements.update((row, found_there[row]) for row in compared)
        return agreements


def agree(
    runner: NetworkRunner, query: QueryFeatures, reference: ReferenceMask, prob: Tensor
) -> list[Agreement]:
    """Compare probabilities (K, h, w) of a frame with those transferred from an anchor, row by row."""
    grid = reference.grid
    key, maps = reference.coarse
    transferred = _pool(runner.transfer(QueryFeatures(_pool(query.key, grid), ()), key, maps)[:, 0], grid)
    shown = _pool(prob, grid)
    both = (transferred * shown).sum(dim=(1, 2)) + _LEAST_CELLS
    precision = both / (shown.sum(dim=(1, 2)) + _LEAST_CELLS)
    recall = both / (transferred.sum(dim=(1, 2)) + _LEAST_CELLS)
    return [Agreement(*pair) for pair in zip(precision.tolist(), recall.tolist(), strict=True)]


def agreements_of(
    state: SessionState, record: FrameRecord | None, frame_index: int
) -> dict[int, Agreement | None]:
    """Return the agreements of the objects of a frame; see `Session.agreements`."""
    pairs, keys = _agreement_pairs(record, state.given(frame_index)), state.keys
    return {key.object_id: agreement for key, agreement in pairs if key in keys}


def confidences_of(
    state: SessionState,
    records: Mapping[int, FrameRecord],
    frame_indices: Iterable[int],
    calibration: Calibration,
) -> list[dict[int, float]]:
    """Return the J to expect, by object, on each of these frames; see `Session.confidence`."""
    corrected, keys = corrected_frames(state), frozenset(state.keys)
    given = {frame_index: state.given(frame_index) for frame_index in corrected}
    return [
        {
            key.object_id: confidence_of(agreement, calibration)
            for key, agreement in _agreement_pairs(
                records.get(frame_index), given.get(frame_index, frozenset())
            )
            if key in keys
        }
        for frame_index in frame_indices
    ]


def corrected_frames(state: SessionState) -> frozenset[int]:
    """Return the frames of anchors and drafts."""
    anchored = frozenset(anchor.frame_index for anchor in state.anchors)
    return anchored.union(draft.frame_index for draft in state.drafts)


def _agreement_pairs(
    record: FrameRecord | None, given: Collection[ObjectKey]
) -> Iterable[tuple[ObjectKey, Agreement | None]]:
    """Pair the objects of a frame with their agreements; None for those that the user gave."""
    if record is None:
        return ()
    agreements = record.agreements or (None,) * len(record.prob.known)
    pairs = zip(record.prob.known, agreements, strict=True)
    return ((key, None if key in given else agreement) for key, agreement in pairs)


def with_agreements_of(
    record: FrameRecord, earlier: FrameRecord | None, changed: Collection[ObjectKey]
) -> FrameRecord:
    """Return a record with the agreements of an earlier one, without those of objects changed by hand."""
    before = dict(_agreement_pairs(earlier, changed))
    agreements = tuple(before.get(key) for key in record.prob.known)
    return replace(record, agreements=agreements) if any(agreements) else record


@lru_cache(maxsize=1 << 16)
def confidence_of(agreement: Agreement | None, calibration: Calibration) -> float:
    """Return the J to expect, in [0, 1]; None, what the user gave, is certain.

    Cached: the window needs it for every frame again and again, and most of the cost is the logarithms.
    """
    if agreement is None:
        return 1.0
    precision, recall = features(agreement)
    odds = calibration.bias + calibration.precision * precision + calibration.recall * recall
    return 1 / (1 + math.exp(-odds))


def _pool(planes: Tensor, size: tuple[int, int]) -> Tensor:
    return F.adaptive_avg_pool2d(planes, size)


def _log_odds(share: float) -> float:
    return math.log((share + _MARGIN) / (1 - share + _MARGIN))
