"""The measurements as the command line asks for them: a folder and options in, figures out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evaluation.ablation import ABLATIONS, switch_off
from evaluation.clips import score_baselines, score_clip
from evaluation.errors import EvaluationError
from evaluation.figures import Figures, clip_figures, round_figures, still_figures
from evaluation.folders import read_clips, read_stills
from evaluation.rounds import ROBOTS, score_rounds
from evaluation.settings import OnProgress, Settings, Steps, keep_quiet
from evaluation.stills import score_clicks, score_scribbles
from inference_core.values import Tool


@dataclass(frozen=True)
class ClipOptions:
    """First-mask evaluation of a folder in DAVIS layout.

    max_frames      frames of each clip, the first one included; None means all.
    with_ablations  measure again with memory, and with the previous probabilities, switched off.
    """

    folder: Path
    max_frames: int | None = None
    with_ablations: bool = False


@dataclass(frozen=True)
class RoundOptions:
    """Interactive evaluation of a folder in DAVIS layout: a robot's tool, and how often it corrects."""

    folder: Path
    tool: Tool
    rounds: int = 3
    max_frames: int | None = None


@dataclass(frozen=True)
class StillOptions:
    """Evaluation of a folder of single images; `clicks` is where counting ends."""

    folder: Path
    clicks: int = 20


def evaluate_clips(settings: Settings, options: ClipOptions, on_progress: OnProgress = keep_quiet) -> Figures:
    """Measure propagation from the first mask, beside its baselines."""
    clips = read_clips(options.folder, max_frames=options.max_frames)
    parts = tuple(ABLATIONS) if options.with_ablations else ()
    steps = Steps((1 + len(parts)) * sum(len(clip.frames) - 1 for clip in clips), on_progress)
    baselines = {clip.name: score_baselines(clip) for clip in clips}
    scores = {clip.name: score_clip(clip, settings, steps) for clip in clips}
    ablations = {}
    for part in parts:
        without = replace(settings, networks=switch_off(settings.networks, part))
        ablations[part] = {clip.name: score_clip(clip, without, steps) for clip in clips}
    chosen = {"frames": options.max_frames, "ablations": list(parts)}
    return {
        **clip_figures(scores, baselines, ablations),
        "options": _all_options(settings, options.folder, chosen),
    }


def evaluate_rounds(
    settings: Settings, options: RoundOptions, on_progress: OnProgress = keep_quiet
) -> Figures:
    """Measure what a robot's corrections give, round by round, over all frames of each clip."""
    if options.tool not in ROBOTS:
        raise EvaluationError(f"No robot corrects with the tool {options.tool}: choose scribble or click.")
    if options.rounds < 1:
        raise EvaluationError(f"At least one round is needed to measure anything, not {options.rounds}.")
    clips = read_clips(options.folder, max_frames=options.max_frames)
    steps = Steps(len(clips) * options.rounds, on_progress)
    scores = {clip.name: score_rounds(clip, settings, options.tool, options.rounds, steps) for clip in clips}
    chosen = {
        "frames": options.max_frames,
        "interactive": options.tool.value,
        "rounds": options.rounds,
    }
    return {**round_figures(scores), "options": _all_options(settings, options.folder, chosen)}


def evaluate_stills(
    settings: Settings, options: StillOptions, on_progress: OnProgress = keep_quiet
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
