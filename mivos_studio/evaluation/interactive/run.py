"""Interactive evaluation of a folder of clips: the measurement of the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from mivos_studio.evaluation.ablation import FUSIONS, limit_top_k, replace_fusion
from mivos_studio.evaluation.errors import EvaluationError
from mivos_studio.evaluation.figures import Figures
from mivos_studio.evaluation.folders import Selection, read_clips
from mivos_studio.evaluation.interactive.figures import interactive_figures, variant_figures
from mivos_studio.evaluation.interactive.fusion_gain import fusion_comparison
from mivos_studio.evaluation.interactive.protocol import Protocol, SampleRecord
from mivos_studio.evaluation.interactive.samples import Sample, read_samples
from mivos_studio.evaluation.interactive.simulate import ROBOTS, SimulatedUser
from mivos_studio.evaluation.settings import OnProgress, Settings, Steps, ignore_progress

TOP_KS = (10, 20, 50, 100, 0)
"""Compared values of top-k, around the published 50 and the compact family's 24; 0 means all positions."""


@dataclass(frozen=True)
class InteractiveOptions:
    """Interactive evaluation of a folder in DAVIS layout.

    fusion          "learned", or a plain fusion: "newest" or "linear".
    top_k           positions that memory is read at, 0 for all; None for the family's own number.
    with_ablations  repeat with each plain fusion and each top-k.
    """

    folder: Path
    protocol: Protocol = field(default_factory=Protocol)
    selection: Selection = field(default_factory=Selection)
    fusion: str = "learned"
    top_k: int | None = None
    with_ablations: bool = False


@dataclass(frozen=True)
class InteractiveResult:
    """Figures, and the records from which reports are made."""

    figures: Figures
    records: tuple[SampleRecord, ...]


def evaluate_interactive(
    settings: Settings, options: InteractiveOptions, on_progress: OnProgress = ignore_progress
) -> InteractiveResult:
    """Measure the masks after each of a robot's interactions, over all frames of each clip."""
    protocol = options.protocol
    if protocol.tool not in ROBOTS:
        raise EvaluationError(f"No robot corrects with the tool {protocol.tool}: choose scribble or click.")
    if protocol.interactions < 1:
        raise EvaluationError(
            f"At least one round is needed to measure anything, not {protocol.interactions}."
        )
    chosen = choose_networks(settings, options.fusion, options.top_k)
    samples = read_samples(options.folder, read_clips(options.folder, options.selection), protocol.tool)
    variants = _variants(chosen) if options.with_ablations else {}
    steps = Steps((1 + len(variants)) * len(samples) * protocol.interactions, on_progress)
    compared, compare = fusion_comparison(chosen)
    user = SimulatedUser(compared, protocol, compare=compare if options.fusion == "learned" else None)
    records = _run_all(user, samples, steps)
    rows = {
        name: _run_all(SimulatedUser(variant, protocol), samples, steps) for name, variant in variants.items()
    }
    rows = {"as it is": records, **rows} if rows else {}
    figures = {
        **interactive_figures(records, protocol),
        "ablations": {name: variant_figures(row, protocol) for name, row in rows.items()},
        "options": _all_options(options, settings),
    }
    return InteractiveResult(figures, records)


def choose_networks(settings: Settings, fusion: str, top_k: int | None) -> Settings:
    """Replace fusion and top-k where they are given."""
    networks = settings.networks
    if fusion != "learned":
        networks = replace_fusion(networks, fusion)
    if top_k is not None:
        networks = limit_top_k(networks, top_k)
    return replace(settings, networks=networks)


def _variants(settings: Settings) -> dict[str, Settings]:
    return {
        **{f"fusion: {name}": choose_networks(settings, name, None) for name in FUSIONS},
        **{f"top-k: {k or 'all'}": choose_networks(settings, "learned", k) for k in TOP_KS},
    }


def _run_all(user: SimulatedUser, samples: Sequence[Sample], steps: Steps) -> tuple[SampleRecord, ...]:
    return tuple(user.run(sample, steps) for sample in samples)


def _all_options(options: InteractiveOptions, settings: Settings) -> Figures:
    protocol = options.protocol
    return {
        "data": str(options.folder),
        **options.selection.as_figures(),
        "interactive": protocol.tool.value,
        "rounds": protocol.interactions,
        "seconds_per_interaction": protocol.seconds,
        "metric": protocol.metric.value,
        "schedule": protocol.schedule.value,
        "fusion": options.fusion,
        "top_k": options.top_k,
        **settings.as_figures(),
    }
