"""First-mask evaluation: the true mask of the first frame is given, the rest of the clip is propagated."""

from __future__ import annotations

import time
from dataclasses import dataclass

from inference_core.types import Direction, UInt8Array
from mivos_studio.evaluation.baselines import repeat_masks, warp_by_flow
from mivos_studio.evaluation.folders import TrueClip, object_masks
from mivos_studio.evaluation.metrics import Statistics, f_measure, jaccard, score_table
from mivos_studio.evaluation.settings import Settings, Steps
from mivos_studio.evaluation.strips import Strip, make_strip

BASELINES = {"still": repeat_masks, "flow": warp_by_flow}


@dataclass(frozen=True)
class Throughput:
    """Propagated frames, their number of objects, and the time it took."""

    objects: int
    frames: int
    seconds: float

    @property
    def fps(self) -> float:
        """Propagated frames a second."""
        return self.frames / self.seconds


@dataclass(frozen=True)
class ClipScore:
    """J and F of one clip, over objects and all frames but the first; strip shows the masks."""

    jaccard: Statistics
    f_measure: Statistics
    throughput: Throughput
    strip: Strip | None = None


def score_clip(clip: TrueClip, settings: Settings, steps: Steps) -> ClipScore:
    """Propagate the first mask to the clip's end and score the masks; one step for each frame."""
    session = settings.open(clip.frames)
    session.set_ids(0, clip.ids(0))
    predicted: dict[int, UInt8Array] = {}
    started_s = time.perf_counter()
    for change in session.propagate(0, Direction.FORWARD):
        predicted[change.frame_index] = change.ids
        steps.advance()
    seconds = time.perf_counter() - started_s
    true_masks = [clip.masks(frame_index) for frame_index in predicted]
    masks = [object_masks(ids, clip.object_ids) for ids in predicted.values()]
    return ClipScore(
        Statistics.of(score_table(jaccard, true_masks, masks)),
        Statistics.of(score_table(f_measure, true_masks, masks)),
        Throughput(len(clip.object_ids), len(predicted), seconds),
        make_strip(clip.frames, session.ids),
    )


def score_baselines(clip: TrueClip) -> dict[str, float]:
    """Measure J of each baseline on a clip."""
    true_masks = [clip.masks(frame_index) for frame_index in range(len(clip.frames))]
    images = [clip.frames[frame_index] for frame_index in range(len(clip.frames))]
    return {
        name: float(score_table(jaccard, true_masks[1:], baseline(images, true_masks[0])).mean())
        for name, baseline in BASELINES.items()
    }
