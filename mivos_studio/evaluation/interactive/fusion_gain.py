"""The gain of fusion on frames between two anchors, over the newest propagation alone and a linear blend.

All three are applied to the same correction of the same masks, so that the differences are paired.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np
from torch import Tensor

from inference_core.session import Session
from inference_core.types import Float64Array
from mivos_studio.evaluation.ablation import FUSIONS
from mivos_studio.evaluation.folders import TrueClip, object_masks
from mivos_studio.evaluation.interactive.protocol import Span
from mivos_studio.evaluation.metrics import jaccard, score_table
from mivos_studio.evaluation.settings import Settings
from model.interfaces import FusionNetwork

DRAWS = 10_000
"""Bootstrap draws: some 250 lie beyond each end of the interval."""
CONFIDENCE = 0.95
"""Of the intervals: the usual one."""


@dataclass
class SwitchableFusion:
    """The session's fusion network, or temporarily one of the plain ones."""

    active: FusionNetwork
    multiple: int

    def __call__(
        self, image: Tensor, old: Tensor, new: Tensor, attention: Tensor, distance: Tensor
    ) -> Tensor:
        """Delegate to the active one."""
        return self.active(image, old, new, attention, distance)


CompareFusion = Callable[[Session, TrueClip, int], list[Span]]
"""Try the plain fusions on a draft before it is propagated; the spans' `learned` is still empty."""


def fusion_comparison(settings: Settings) -> tuple[Settings, CompareFusion]:
    """Return settings whose fusion can be switched, and the function that compares fusions with them."""
    learned = settings.placed.fusion
    switch = SwitchableFusion(learned, learned.multiple)
    switched = replace(settings, networks=replace(settings.placed, fusion=switch))

    def compare(session: Session, clip: TrueClip, frame_index: int) -> list[Span]:
        spans = [Span(clip.name, frames, {}, np.empty(0)) for frames in spans_next_to(session, frame_index)]
        for name, fusion in FUSIONS.items() if spans else ():
            switch.active = fusion
            try:
                _try_plain(session, clip, frame_index, spans, name)
            finally:
                switch.active = learned
        return spans

    return switched, compare


def spans_next_to(session: Session, frame_index: int) -> list[range]:
    """Return the frames between a frame and the next anchor on each side; sides without any are left out."""
    before = max((anchor for anchor in session.anchors if anchor < frame_index), default=frame_index)
    after = min((anchor for anchor in session.anchors if anchor > frame_index), default=frame_index)
    return [frames for frames in (range(before + 1, frame_index), range(frame_index + 1, after)) if frames]


def fusion_gain_figures(spans: Sequence[Span]) -> dict[str, object]:
    """Return mean J on all frames of the spans, and the gain of fusion, with bootstrap intervals."""
    learned = [span.learned for span in spans]
    if not spans:
        return {"spans": 0, "frames": 0}
    return {
        "spans": len(spans),
        "frames": sum(len(span.frames) for span in spans),
        "J": {
            "learned": float(np.concatenate(learned).mean()),
            **{name: float(np.concatenate([span.plain[name] for span in spans]).mean()) for name in FUSIONS},
        },
        "gain_over": {name: _gain(spans, name) for name in FUSIONS},
    }


def bootstrap_interval(groups: Iterable[Float64Array], *, seed: int = 0) -> tuple[float, float]:
    """Resample whole groups of values; return the 95 % interval of the mean over all values."""
    kept = list(groups)
    sums = np.array([group.sum() for group in kept])
    counts = np.array([len(group) for group in kept])
    chosen = np.random.default_rng(seed).integers(len(kept), size=(DRAWS, len(kept)))
    means = sums[chosen].sum(axis=1) / counts[chosen].sum(axis=1)
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def _gain(spans: Sequence[Span], name: str) -> dict[str, object]:
    """Return the gain over one plain fusion.

    Frames of a span are correlated, so whole spans are resampled; and, more strictly, whole clips.
    """
    gains = [span.learned - span.plain[name] for span in spans]
    by_clip: dict[str, list[Float64Array]] = {}
    for span, gain in zip(spans, gains, strict=True):
        by_clip.setdefault(span.clip, []).append(gain)
    low, high = bootstrap_interval(gains)
    clip_low, clip_high = bootstrap_interval(map(np.concatenate, by_clip.values()))
    return {
        "mean": float(np.concatenate(gains).mean()),
        "interval": [low, high],
        "interval_by_clip": [clip_low, clip_high],
        "spans_won": fmean(float(gain.mean() > 0) for gain in gains),
    }


def _try_plain(session: Session, clip: TrueClip, frame_index: int, spans: Sequence[Span], name: str) -> None:
    frames = [frame_index, *(frame for span in spans for frame in span.frames)]
    session.propagate(frame_index, frame_range=(min(frames), max(frames))).run()
    for span in spans:
        masks = (object_masks(session.ids(frame), clip.object_ids) for frame in span.frames)
        truth = (clip.masks(frame) for frame in span.frames)
        span.plain[name] = score_table(jaccard, truth, masks).mean(axis=1)
    session.undo()
