"""Measure the core's suggestions of frames to correct and its confidence, and fit the calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import fmean

import numpy as np

from inference_core.types import Float64Array, Tool
from mivos_studio.evaluation.advice.choosers import advised, at_random, evenly, least_confident
from mivos_studio.evaluation.advice.observations import (
    WRONG_BELOW,
    Observation,
    calibration_error,
    confidences,
    fit,
    observe,
    rank_correlation,
    reliability,
    share_found,
)
from mivos_studio.evaluation.errors import EvaluationError
from mivos_studio.evaluation.figures import Figures
from mivos_studio.evaluation.folders import Selection, read_clips
from mivos_studio.evaluation.interactive.protocol import Metric, Protocol
from mivos_studio.evaluation.interactive.samples import Sample
from mivos_studio.evaluation.interactive.simulate import Chooser, SimulatedUser, worst
from mivos_studio.evaluation.settings import OnProgress, Settings, Steps, ignore_progress
from model.family import Calibration

REPORTED_CORRECTIONS = (3, 5)
DRAWS = 20
"""Repetitions of the random choices, whose mean is reported."""
NO_LIMIT_S = 1e9
"""A protocol's time for corrections of any length."""


@dataclass(frozen=True)
class AdviceOptions:
    """What is measured on a folder of clips.

    draws   repetitions of each clip with randomly chosen frames.
    rounds  corrections of each clip; 0 measures confidence alone.
    """

    folder: Path
    selection: Selection = field(default_factory=Selection)
    tool: Tool = Tool.SCRIBBLE
    draws: int = DRAWS
    rounds: int = max(REPORTED_CORRECTIONS)


def evaluate_advice(
    settings: Settings, options: AdviceOptions, on_progress: OnProgress = ignore_progress
) -> Figures:
    """Measure confidence against true J, and corrections of suggested frames against other choices."""
    clips = read_clips(options.folder, options.selection)
    choosers = _choosers(options.draws)
    runs = len(clips) * sum(map(len, choosers.values())) * options.rounds
    steps = Steps(sum(len(clip.frames) - 1 for clip in clips) + runs, on_progress)
    observations = [each for clip in clips for each in observe(clip, settings, steps)]
    samples = [Sample(clip, clip.name) for clip in clips]
    chosen = (
        {name: _correct(settings, options, samples, group, steps) for name, group in choosers.items()}
        if options.rounds
        else {}
    )
    return {
        "confidence": confidence_figures(observations, settings.networks.calibration),
        "corrections": chosen,
        "options": {
            "data": str(options.folder),
            **options.selection.as_figures(),
            "interactive": options.tool.value,
            "draws": options.draws,
            "rounds": options.rounds,
            **settings.as_figures(),
        },
    }


def fit_confidence(
    settings: Settings,
    folders: Sequence[Path],
    selection: Selection,
    on_progress: OnProgress = ignore_progress,
) -> tuple[Calibration, Figures]:
    """Fit the calibration to the clips of some folders, all of the same weight; return it and its fit."""
    clips = [read_clips(folder, selection) for folder in folders]
    steps = Steps(sum(len(clip.frames) - 1 for group in clips for clip in group), on_progress)
    groups = [[each for clip in group for each in observe(clip, settings, steps)] for group in clips]
    if not any(groups):
        raise EvaluationError("These clips have nothing to fit to: no mask could be propagated.")
    calibration = fit(groups)
    everything = [each for group in groups for each in group]
    return calibration, {
        "calibration": asdict(calibration),
        "confidence": confidence_figures(everything, calibration),
        "options": {
            "data": [str(folder) for folder in folders],
            **selection.as_figures(),
            **settings.as_figures(),
        },
    }


def confidence_figures(observations: Sequence[Observation], calibration: Calibration) -> Figures:
    """Return how well confidence predicts true J, over all masks and within each clip."""
    expected = confidences(observations, calibration)
    truth = np.array([each.jaccard for each in observations])
    names = np.array([each.clip for each in observations])
    bins = reliability(expected, truth)
    return {
        "masks": len(observations),
        "rank_correlation": rank_correlation(expected, truth),
        "rank_correlation_by_clip": {
            name: rank_correlation(expected[names == name], truth[names == name])
            for name in dict.fromkeys(names.tolist())
        },
        "calibration_error": calibration_error(bins),
        "wrong_masks": int((truth < WRONG_BELOW).sum()),
        "wrong_found": share_found(expected, truth),
        "mean_confidence": float(expected.mean()),
        "mean_J": float(truth.mean()),
        "reliability": [asdict(each) for each in bins],
    }


def _choosers(draws: int) -> dict[str, list[Chooser]]:
    return {
        "advised": [advised],
        "truly worst": [worst],
        "least confident": [least_confident],
        "even": [evenly],
        "random": [at_random(seed) for seed in range(draws)],
    }


def _correct(
    settings: Settings,
    options: AdviceOptions,
    samples: Sequence[Sample],
    choosers: Sequence[Chooser],
    steps: Steps,
) -> Figures:
    """Run every clip with each chooser; return J after each correction, mean over runs, then clips."""
    protocol = Protocol(options.tool, options.rounds, NO_LIMIT_S, Metric.J)
    curves: list[Float64Array] = []
    for sample in samples:
        runs = [SimulatedUser(settings, protocol, choose).run(sample, steps) for choose in choosers]
        curves.append(np.mean([[each.jaccard.mean() for each in run.submissions] for run in runs], axis=0))
    means = np.mean(curves, axis=0)
    return {
        "J": means.tolist(),
        "after": {
            str(count): float(means[count - 1]) for count in REPORTED_CORRECTIONS if count <= options.rounds
        },
        "by_clip": {sample.name: curve.tolist() for sample, curve in zip(samples, curves, strict=True)},
        "mean_over_rounds": fmean(means.tolist()),
    }
