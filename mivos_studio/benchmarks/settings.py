"""Compare settings: the same clips propagated with each combination of values, with J and mask agreement."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Any

from inference_core.errors import UserError
from inference_core.propagation.memory import options_for
from inference_core.session import Session
from inference_core.types import UInt8Array
from mivos_studio.evaluation.folders import TrueClip, object_masks, read_clips
from mivos_studio.evaluation.metrics import jaccard
from mivos_studio.session_options import SessionOptions
from model.interfaces import Networks

Value = str | int

MEMORY_SETTINGS = ("mem_every", "max_memory_frames", "max_anchors")
SETTINGS = ("dtype", "working_size", *MEMORY_SETTINGS)
"""Settings that can be varied: options of the session, and of propagation's memory."""


@dataclass(frozen=True)
class SettingOptions(SessionOptions):
    """Options.

    data    folder of clips in DAVIS layout.
    varied  values of each setting; every combination is measured, and compared with the first one.
    given   frames whose true masks are given; the others are measured.
    """

    data: Path
    varied: Mapping[str, Sequence[Value]]
    given: tuple[int, ...] = (0,)


@dataclass
class _Result:
    """Result of one combination: by clip, J against the truth and IoU with the first combination's masks."""

    combination: dict[str, Value]
    j: dict[str, float] = field(default_factory=dict)
    agreement: dict[str, float] = field(default_factory=dict)
    frames: int = 0
    seconds: float = 0.0

    def as_figures(self) -> dict[str, Any]:
        return {
            **self.combination,
            "J": fmean(self.j.values()),
            "agreement": fmean(self.agreement.values()),
            "fps": self.frames / self.seconds,
            "clips": {name: {"J": j, "agreement": self.agreement[name]} for name, j in self.j.items()},
        }


def measure_settings(options: SettingOptions) -> dict[str, Any]:
    """Propagate the given masks through every clip with every combination; return figures."""
    clips = read_clips(options.data)
    for clip in clips:
        if max(options.given) >= len(clip.frames):
            raise UserError(f"{clip.name} has no frame {max(options.given)}: give masks of earlier frames.")
    networks = options.load()
    names = list(options.varied)
    results = [_Result(dict(zip(names, values, strict=True))) for values in product(*options.varied.values())]
    for clip in clips:
        reference: dict[int, UInt8Array] | None = None
        for result in results:
            masks = _propagate(clip, networks, options, result)
            reference = reference or masks
            truth = {frame_index: clip.ids(frame_index) for frame_index in masks}
            result.j[clip.name] = _mean_iou(truth, masks, clip.object_ids)
            result.agreement[clip.name] = _mean_iou(reference, masks, clip.object_ids)
    return {"given": list(options.given), "combinations": [result.as_figures() for result in results]}


def table(figures: dict[str, Any]) -> Iterator[str]:
    """Format the figures as lines of a Markdown table."""
    rows = figures["combinations"]
    names = [name for name in SETTINGS if name in rows[0]]
    yield f"| {' | '.join(names)} | J | IoU with the first row's masks | frames a second |"
    yield f"|{'---|' * len(names)}---:|---:|---:|"
    for row in rows:
        values = " | ".join(str(row[name]) for name in names)
        yield f"| {values} | {row['J']:.4f} | {row['agreement']:.4f} | {row['fps']:.1f} |"


def _propagate(
    clip: TrueClip, networks: Networks, options: SettingOptions, result: _Result
) -> dict[int, UInt8Array]:
    """Return the masks (H, W) of the frames that were not given, by frame."""
    chosen = {"dtype": options.dtype, "working_size": options.working_size, **result.combination}
    memory = {name: int(chosen[name]) for name in MEMORY_SETTINGS if name in chosen}
    session = Session(
        clip.frames,
        networks,
        device=options.device,
        dtype=str(chosen["dtype"]),
        working_size=int(chosen["working_size"]),
        memory=replace(options_for(networks), **memory),  # type: ignore[arg-type]
    )
    for frame_index in options.given:
        session.set_ids(frame_index, clip.ids(frame_index))
    started_s = time.perf_counter()
    result.frames += sum(1 for _ in session.propagate())
    result.seconds += time.perf_counter() - started_s
    measured = sorted(set(range(len(clip.frames))) - set(options.given))
    return {frame_index: session.ids(frame_index) for frame_index in measured}


def _mean_iou(
    reference: Mapping[int, UInt8Array], found: Mapping[int, UInt8Array], object_ids: tuple[int, ...]
) -> float:
    """Mean IoU over the objects of each frame, then over frames."""
    return fmean(
        fmean(map(jaccard, object_masks(reference[frame], object_ids), object_masks(ids, object_ids)))
        for frame, ids in found.items()
    )
