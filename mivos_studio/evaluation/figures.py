"""Compute from scores the figures that are written as JSON; their keys must not change."""

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
    """Return the figures of first-mask evaluation.

    scores by clip, baselines' J by clip and name, ablations' scores by part and clip.
    """
    clips = {
        name: {
            **_j_and_f(score),
            "statistics": _statistics(score),
            "objects": score.throughput.objects,
            "fps": score.throughput.fps,
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
        "fps_by_objects": fps_by_objects(score.throughput for score in scores.values()),
    }


def still_figures(clicks: Sequence[StillScore], scribbles: Sequence[StillScore], most: int) -> Figures:
    """Return the figures of evaluation on stills; `most` is the largest number of clicks."""
    return {
        **_after(clicks, [count for count in REPORTED_CLICKS if count <= most]),
        "noc85": fmean(score.needed(0.85, most) for score in clicks),
        "noc90": fmean(score.needed(0.90, most) for score in clicks),
        "scribble": _after(scribbles, REPORTED_SCRIBBLES),
        "images": len(clicks),
    }


def _after(scores: Sequence[StillScore], counts: Iterable[int]) -> Figures:
    """Return mean IoU after each count, GrabCut's with the same strokes, and the time of one stroke."""
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
    """Return recall and decay of J and of F, as DAVIS defines them."""
    return {
        name: {"recall": fmean(each.recall for each in table), "decay": fmean(each.decay for each in table)}
        for name, table in (
            ("J", [score.jaccard for score in scores]),
            ("F", [score.f_measure for score in scores]),
        )
    }


def fps_by_objects(throughputs: Iterable[Throughput]) -> dict[str, float]:
    """Return frames a second for each number of objects, over all frames propagated with that number."""
    by_objects: dict[int, list[Throughput]] = {}
    for throughput in throughputs:
        if throughput.frames:
            by_objects.setdefault(throughput.objects, []).append(throughput)
    return {
        str(objects): sum(throughput.frames for throughput in group)
        / sum(throughput.seconds for throughput in group)
        for objects, group in sorted(by_objects.items())
    }
