"""How far a propagated mask can be trusted.

A propagated mask comes from memory, from the image and from the mask before it, with all errors of the way.
The nearest anchor's mask, carried over by the affinity in one leap, is a second opinion that knows nothing of
these errors. Where the two overlap, the mask is mostly right; which overlap means which J is calibrated on
clips whose true masks are known (`mivos evaluate --fit-confidence`).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import torch.nn.functional as F
from torch import Tensor

from inference_core.runtime.network_runner import NetworkRunner
from inference_core.state.mask_store import FrameRecord, ObjectKey
from inference_core.state.session_state import SessionState
from inference_core.types import Agreement
from model.interfaces import QueryFeatures

# Of the short side, so that the cost does not grow with the working size. At 480 lines, where the calibration
# was fitted, that is every second place: the rank correlation of the shares' log odds, added up, with J fell
# from 0.92 to 0.89 on eight clips that nothing was fitted on, and the affinity costs a sixteenth.
_CELLS = 15
# In cells of the coarse grid: two masks that are both empty agree, one that shrinks to nothing does not.
_LEAST_CELLS = 0.1
# Shares of 0 and 1 must not become infinite.
_MARGIN = 0.02


@dataclass(frozen=True)
class Calibration:
    """From agreement to confidence: weights of a logistic function of the two shares' log odds."""

    bias: float
    precision: float
    recall: float

    def confidence(self, agreement: Agreement) -> float:
        """Expect J, in [0, 1]."""
        precision, recall = features(agreement)
        return 1 / (1 + math.exp(-(self.bias + self.precision * precision + self.recall * recall)))


CALIBRATION = Calibration(bias=1.658, precision=0.112, recall=0.938)
"""Of the compact networks, by `mivos evaluate --fit-confidence` on 24 real and 24 made clips of 14 frames."""


def features(agreement: Agreement) -> tuple[float, float]:
    """Give the log odds that a calibration weighs."""
    return _log_odds(agreement.precision), _log_odds(agreement.recall)


@dataclass(frozen=True, eq=False)
class ReferenceMask:
    """An anchor that is asked: its memory key (R, Ck, gh, gw), its probabilities (K, h, w) in [0, 1]."""

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
        """Key (R, Ck, *grid), and what is carried with it: (K, 1, h, w) reduced as the grid is."""
        height, width = self.grid
        stride = self.prob.shape[-1] // self.key.shape[-1]
        maps = _pool(self.prob, (height * stride, width * stride)).unsqueeze(1)
        return _pool(self.key, self.grid), maps


def agree(
    runner: NetworkRunner, query: QueryFeatures, reference: ReferenceMask, prob: Tensor
) -> list[Agreement]:
    """Compare probabilities (K, h, w) of a frame with those carried there from an anchor, row by row."""
    grid = reference.grid
    key, maps = reference.coarse
    carried = _pool(runner.transfer(QueryFeatures(_pool(query.key, grid), ()), key, maps)[:, 0], grid)
    shown = _pool(prob, grid)
    both = (carried * shown).sum(dim=(1, 2)) + _LEAST_CELLS
    precision = both / (shown.sum(dim=(1, 2)) + _LEAST_CELLS)
    recall = both / (carried.sum(dim=(1, 2)) + _LEAST_CELLS)
    return [Agreement(*pair) for pair in zip(precision.tolist(), recall.tolist(), strict=True)]


def agreements_of(
    state: SessionState, record: FrameRecord | None, frame_index: int
) -> dict[int, Agreement | None]:
    """Tell how the objects that a frame says something of agree; see `Session.agreements`."""
    said, keys = _said(record, state.given(frame_index)), state.keys
    return {key.object_id: agreement for key, agreement in said if key in keys}


def confidences_of(
    state: SessionState, records: Mapping[int, FrameRecord], frame_indices: Iterable[int]
) -> list[dict[int, float]]:
    """Tell the J to expect, by object, on each of these frames; see `Session.confidence`."""
    corrected, keys = corrected_frames(state), frozenset(state.keys)
    given = {frame_index: state.given(frame_index) for frame_index in corrected}
    return [
        {
            key.object_id: confidence_of(agreement)
            for key, agreement in _said(records.get(frame_index), given.get(frame_index, frozenset()))
            if key in keys
        }
        for frame_index in frame_indices
    ]


def corrected_frames(state: SessionState) -> frozenset[int]:
    """Gather anchors and drafts: each shows the editor's word on an object or several."""
    return state.anchor_frames.union(draft.frame_index for draft in state.drafts)


def _said(
    record: FrameRecord | None, given: Collection[ObjectKey]
) -> Iterable[tuple[ObjectKey, Agreement | None]]:
    """Pair the objects that a frame knew when it was written with how they agree; None for those given."""
    if record is None:
        return ()
    agreements = record.agreements or (None,) * len(record.prob.known)
    pairs = zip(record.prob.known, agreements, strict=True)
    return ((key, None if key in given else agreement) for key, agreement in pairs)


def with_agreements_of(
    record: FrameRecord, earlier: FrameRecord | None, changed: Collection[ObjectKey]
) -> FrameRecord:
    """Return a record whose objects agree as they did in an earlier one, but for those changed by hand."""
    before = dict(_said(earlier, changed))
    agreements = tuple(before.get(key) for key in record.prob.known)
    return replace(record, agreements=agreements) if any(agreements) else record


@lru_cache(maxsize=1 << 16)
def confidence_of(agreement: Agreement | None) -> float:
    """Give the J to expect; what the editor gave, None, is certain.

    Remembered: the window asks of every frame again and again, and most of the cost is the logarithms.
    """
    return CALIBRATION.confidence(agreement) if agreement else 1.0


def _pool(planes: Tensor, size: tuple[int, int]) -> Tensor:
    return F.adaptive_avg_pool2d(planes, size)


def _log_odds(share: float) -> float:
    return math.log((share + _MARGIN) / (1 - share + _MARGIN))
