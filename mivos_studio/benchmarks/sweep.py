"""Speed of propagation against resolution, objects, length, precision, device and family."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from inference_core.errors import UserError
from inference_core.runtime.device import choose_compute
from inference_core.types import UInt8Array
from mivos_studio.benchmarks.made_clip import MadeClip, make_clip
from mivos_studio.benchmarks.speed import SpeedOptions
from model.errors import CheckpointError
from model.families import FAMILIES

RESOLUTIONS = {"240p": 240, "360p": 360, "480p": 480, "720p": 720, "1080p": 1080}
OBJECTS = (1, 2, 4, 8)
LENGTHS = (20, 40, 80, 160)
FRAMES = 16
"""Frames of every run but those of the lengths; the first few are not counted."""
_WARM_UP = 4
_ASPECT = 16 / 9


@dataclass(frozen=True)
class Cell:
    """One run: the frames of a clip of this (height, width), with so many objects, on these settings."""

    options: SpeedOptions
    objects: int = 1


def measure_sweep(options: SpeedOptions) -> dict[str, dict[str, float]]:
    """Measure frames a second by varied option and value; those that this machine cannot run are left out.

    "resolution" varies the source alone, "working_size" both source and working size.
    """
    short = replace(options, frames=FRAMES)
    rows = {
        "resolution": {name: Cell(replace(short, size=_size(side))) for name, side in RESOLUTIONS.items()},
        "working_size": {
            name: Cell(replace(short, size=_size(side), working_size=side))
            for name, side in RESOLUTIONS.items()
        },
        "objects": {str(count): Cell(short, count) for count in OBJECTS},
        "length": {str(count): Cell(replace(options, frames=count)) for count in LENGTHS},
        "dtype": {name: Cell(replace(short, dtype=name)) for name in ("float32", "bfloat16", "float16")},
        "device": {name: Cell(replace(short, device=name)) for name in ("cpu", "cuda", "mps")},
        "family": {name: Cell(replace(short, models=name)) for name in FAMILIES},
    }
    return {name: _row(cells) for name, cells in rows.items()}


def sweep_table(sweep: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """Format the figures as lines of a Markdown table."""
    yield ""
    yield "| frames a second by | |"
    yield "|---|---|"
    for name, row in sweep.items():
        values = ", ".join(f"{value}: {fps:.1f}" for value, fps in row.items())
        yield f"| {name.replace('_', ' ')} | {values} |"


def _row(cells: Mapping[str, Cell]) -> dict[str, float]:
    measured = ((name, _measure(cell)) for name, cell in cells.items())
    return {name: fps for name, fps in measured if fps is not None}


def _measure(cell: Cell) -> float | None:
    """Return frames a second; None where this machine lacks the device, the precision or the weights."""
    options = cell.options
    try:
        networks = options.load()
        choose_compute(options.device, options.dtype)
    except (UserError, CheckpointError):
        return None
    clip = _tiled(make_clip(options.size, FRAMES, 1), options.frames)
    session = options.open(clip, networks)
    session.set_ids(0, _squares(options.size, cell.objects))
    frames = session.propagate(0, "forward")
    for _ in range(_WARM_UP):
        next(frames)
    started_s = time.perf_counter()
    counted = sum(1 for _ in frames)
    if session.device == "cuda":
        torch.cuda.synchronize()
    return counted / (time.perf_counter() - started_s)


def _tiled(clip: MadeClip, frames: int) -> MadeClip:
    """Repeat a clip forwards and backwards to a length: rendering costs more than propagating."""
    there_and_back: Sequence[UInt8Array] = [*clip.images, *clip.images[-2:0:-1]]
    images = [there_and_back[place % len(there_and_back)] for place in range(frames)]
    return MadeClip(images, [clip.masks[0]] * frames)


def _squares(size: tuple[int, int], objects: int) -> UInt8Array:
    """Make ids (H, W) of equal objects side by side; their content does not affect the cost."""
    height, width = size
    ids = np.zeros(size, np.uint8)
    step = width // objects
    for row in range(objects):
        ids[height // 3 : 2 * height // 3, row * step + step // 4 : row * step + 3 * step // 4] = row + 1
    return ids


def _size(side: int) -> tuple[int, int]:
    return side, round(side * _ASPECT / 2) * 2
