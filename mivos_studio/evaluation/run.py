"""Evaluate folders of clips and of single images: the measurements of the command line."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mivos_studio.evaluation.ablation import ABLATIONS, switch_off
from mivos_studio.evaluation.clips import score_baselines, score_clip
from mivos_studio.evaluation.errors import EvaluationError
from mivos_studio.evaluation.figures import Figures, clip_figures, still_figures
from mivos_studio.evaluation.folders import Selection, read_clips, read_stills
from mivos_studio.evaluation.settings import OnProgress, Settings, Steps, ignore_progress
from mivos_studio.evaluation.stills import score_clicks, score_scribbles
from mivos_studio.evaluation.strips import Strip


@dataclass(frozen=True)
class ClipOptions:
    """First-mask evaluation of a folder in DAVIS layout.

    selection       which clips, and how much of them.
    with_ablations  measure again with memory, and with the previous probabilities, switched off.
    """

    folder: Path
    selection: Selection = field(default_factory=Selection)
    with_ablations: bool = False


@dataclass(frozen=True)
class StillOptions:
    """Evaluation of a folder of single images with at most `clicks` clicks each; 20 in the benchmarks."""

    folder: Path
    clicks: int = 20


@dataclass(frozen=True)
class ClipResult:
    """Figures, and strips of masked frames by the clip's name."""

    figures: Figures
    strips: dict[str, Strip]


def evaluate_clips(
    settings: Settings, options: ClipOptions, on_progress: OnProgress = ignore_progress
) -> ClipResult:
    """Measure propagation from the first mask, beside its baselines."""
    clips = read_clips(options.folder, options.selection)
    parts = tuple(ABLATIONS) if options.with_ablations else ()
    steps = Steps((1 + len(parts)) * sum(len(clip.frames) - 1 for clip in clips), on_progress)
    baselines = {clip.name: score_baselines(clip) for clip in clips}
    scores = {clip.name: score_clip(clip, settings, steps) for clip in clips}
    ablations = {}
    for part in parts:
        without = replace(settings, networks=switch_off(settings.networks, part))
        ablations[part] = {clip.name: score_clip(clip, without, steps) for clip in clips}
    chosen = {**options.selection.as_figures(), "ablations": list(parts)}
    figures = {
        **clip_figures(scores, baselines, ablations),
        "options": _all_options(settings, options.folder, chosen),
    }
    return ClipResult(figures, {name: score.strip for name, score in scores.items() if score.strip})


def evaluate_stills(
    settings: Settings, options: StillOptions, on_progress: OnProgress = ignore_progress
) -> Figures:
    """Measure clicks and scribbles on single images, beside GrabCut with the same strokes."""
    if options.clicks < 1:
        raise EvaluationError(f"At least one click is needed to measure anything, not {options.clicks}.")
    stills = read_stills(options.folder)
    steps = Steps(2 * len(stills), on_progress)
    clicks, scribbles = [], []
    for still in stills:
        clicks.append(score_clicks(still, settings, options.clicks))
        steps.advance()
        scribbles.append(score_scribbles(still, settings))
        steps.advance()
    return {
        **still_figures(clicks, scribbles, options.clicks),
        "options": _all_options(settings, options.folder, {"clicks": options.clicks}),
    }


def _all_options(settings: Settings, folder: Path, chosen: dict[str, Any]) -> Figures:
    return {"data": str(folder), **chosen, **settings.as_figures()}
