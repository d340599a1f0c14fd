"""From scores to the figures that are written as JSON; the keys are promised to whoever reads the files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

from mivos_studio.evaluation.clips import ClipScore, Throughput
from mivos_studio.evaluation.stills import REPORTED_CLICKS, REPORTED_SCRIBBLES, StillScore

Figures = dict[str, Any]


def clip_figures(
    scores: Mapping[str, ClipScore],
    baselines: Mapping[str, Mapping[str, float]],
    ablations: Mapping[str, Mapping[str, ClipScore]],
) -> Figures:
    """Tell first-mask evaluation: scores by clip, J by clip and baseline, scores by ablation and clip."""
    clips = {
        name: {
            **_j_and_f(score),
            "statistics": _statistics(score),
            "objects": score.pace.objects,
            "fps": score.pace.fps,
            "baselines": {baseline: {"J": j} for baseline, j in baselines[name].items()},
            "ablations": {part: _j_and_f(by_clip[name]) for part, by_clip in ablations.items()},
        }
        for name, score in scores.items()
    }
    means = {
        name: fmean(clip[name] for clip in baselines.values()) for name in next(iter(baselines.values()))
    }
    return {
        "clips": clips,
        "mean": _j_and_f(*scores.values()),
        "statistics": _statistics(*scores.values()),
        "baselines": {name: {"J": j} for name, j in means.items()},
        "ablations": {part: _j_and_f(*by_clip.values()) for part, by_clip in ablations.items()},
        "fps_by_objects": fps_by_objects(score.pace for score in scores.values()),
    }


def still_figures(clicks: Sequence[StillScore], scribbles: Sequence[StillScore], most: int) -> Figures:
    """Tell evaluation on stills; `most` is where counting clicks ended."""
    return {
        **_after(clicks, [count for count in REPORTED_CLICKS if count <= most]),
        "noc85": fmean(score.needed(0.85, most) for score in clicks),
        "noc90": fmean(score.needed(0.90, most) for score in clicks),
        "scribble": _after(scribbles, REPORTED_SCRIBBLES),
        "images": len(clicks),
    }


def _after(scores: Sequence[StillScore], counts: Iterable[int]) -> Figures:
    """Mean IoU after each count, GrabCut's with the same strokes, and how long one stroke took."""
    ours = {str(count): fmean(score.after(count) for score in scores) for count in counts}
    grabcut = {count: fmean(score.grabcut[int(count)] for score in scores) for count in ours}
    seconds = [second for score in scores for second in score.seconds]
    return {"iou_after": ours, "grabcut": {"iou_after": grabcut}, "ms_per_stroke": 1000 * fmean(seconds)}


def _j_and_f(*scores: ClipScore) -> dict[str, float]:
    return {
        "J": fmean(score.jaccard.mean for score in scores),
        "F": fmean(score.f_measure.mean for score in scores),
    }


def _statistics(*scores: ClipScore) -> Figures:
    """Recall and decay of J and of F, as DAVIS defines them."""
    return {
        name: {"recall": fmean(each.recall for each in table), "decay": fmean(each.decay for each in table)}
        for name, table in (
            ("J", [score.jaccard for score in scores]),
            ("F", [score.f_measure for score in scores]),
        )
    }


def fps_by_objects(paces: Iterable[Throughput]) -> dict[str, float]:
    """Frames a second for each number of objects, over all frames that were propagated with so many."""
    by_objects: dict[int, list[Throughput]] = {}
    for pace in paces:
        if pace.frames:
            by_objects.setdefault(pace.objects, []).append(pace)
    return {
        str(objects): sum(pace.frames for pace in group) / sum(pace.seconds for pace in group)
        for objects, group in sorted(by_objects.items())
    }
