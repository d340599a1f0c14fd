"""From scores to the figures that are written as JSON; the keys are promised to whoever reads the files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

from evaluation.clips import ClipScore, Pace
from evaluation.rounds import RoundScore
from evaluation.stills import REPORTED_CLICKS, REPORTED_SCRIBBLES, StillScore

Figures = dict[str, Any]


def clip_figures(
    scores: Mapping[str, ClipScore],
    baselines: Mapping[str, Mapping[str, float]],
    ablations: Mapping[str, Mapping[str, ClipScore]],
) -> Figures:
    """Tell first-mask evaluation: scores by clip, J by clip and baseline, scores by ablation and clip."""
    clips = {
        name: {
            **_j_and_f([score]),
            "objects": score.pace.objects,
            "fps": score.pace.fps,
            "baselines": {baseline: {"J": j} for baseline, j in baselines[name].items()},
            "ablations": {part: _j_and_f([by_clip[name]]) for part, by_clip in ablations.items()},
        }
        for name, score in scores.items()
    }
    means = {
        name: fmean(clip[name] for clip in baselines.values()) for name in next(iter(baselines.values()))
    }
    return {
        "clips": clips,
        "mean": _j_and_f(scores.values()),
        "baselines": {name: {"J": j} for name, j in means.items()},
        "ablations": {part: _j_and_f(by_clip.values()) for part, by_clip in ablations.items()},
        "fps_by_objects": _fps_by_objects(score.pace for score in scores.values()),
    }


def round_figures(scores: Mapping[str, Sequence[RoundScore]]) -> Figures:
    """Tell interactive evaluation: the rounds of each clip, as many for each."""
    clips = {
        name: {
            **_j_and_f(rounds[-1:]),
            "objects": rounds[-1].pace.objects,
            "rounds": [
                {"frame": score.frame_index, **_j_and_f([score]), "seconds": score.seconds}
                for score in rounds
            ],
        }
        for name, rounds in scores.items()
    }
    by_round = list(zip(*scores.values(), strict=True))
    return {
        "clips": clips,
        "rounds": [
            {**_j_and_f(each), "seconds": fmean(score.seconds for score in each)} for each in by_round
        ],
        "mean": _j_and_f(by_round[-1]),
        "fps_by_objects": _fps_by_objects(score.pace for each in by_round for score in each),
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


def _j_and_f(scores: Iterable[ClipScore | RoundScore]) -> dict[str, float]:
    kept = list(scores)
    return {"J": fmean(score.jaccard for score in kept), "F": fmean(score.f_measure for score in kept)}


def _fps_by_objects(paces: Iterable[Pace]) -> dict[str, float]:
    """Frames a second for each number of objects, over all frames that were propagated with so many."""
    by_objects: dict[int, list[Pace]] = {}
    for pace in paces:
        if pace.frames:
            by_objects.setdefault(pace.objects, []).append(pace)
    return {
        str(objects): sum(pace.frames for pace in group) / sum(pace.seconds for pace in group)
        for objects, group in sorted(by_objects.items())
    }
