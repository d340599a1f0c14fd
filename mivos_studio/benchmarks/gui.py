"""Speed of the window: first paint, brush moves, scrubbing, blocking during a propagation, and the speed of a
propagation with the window and without it.

Each measurement runs in a process of its own, one after the other, so that no thread, cache or memory of one
affects the next. On Linux without a screen, measure under xvfb-run or with QT_QPA_PLATFORM=offscreen; the
platform that was used is part of the result.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from inference_core.errors import UserError

SIZES = {"1080p": (1080, 1920), "4k": (2160, 3840)}
OBJECTS = (1, 2)
"""Numbers of objects to propagate."""
SIDES = {"window": "gui_window.propagation", "alone": "gui_alone.propagation"}
"""How a propagation is measured: key of the figures, and the function."""

_TOP = Path(__file__).resolve().parents[2]
_FIRST_PAINT = """
from mivos_studio import app
application, window = app.open_window(app.WindowOptions())
window.first_painted.disconnect()
window.first_painted.connect(lambda: (print(flush=True), application.exit(0)))
application.exec()
window.close()
"""
_MEASUREMENT = """
import importlib, json, sys
module, function = sys.argv[1].split(".")
module = importlib.import_module(f"mivos_studio.benchmarks.{module}")
print(json.dumps(getattr(module, function)(**json.loads(sys.argv[2]))))
"""

Runs = Mapping[str, Mapping[str, Sequence[float]]]
"""Frames a second of each run, by number of objects and side."""


@dataclass(frozen=True)
class GuiOptions:
    """Options.

    clip    footage; None stands for the sample clip.
    frames  how many of its frames are used.
    runs    of the first paint, and of each propagation with and without a window.
    """

    clip: Path | None = None
    frames: int = 24
    runs: int = 5


def measure_gui(options: GuiOptions, report: Callable[[str], None]) -> dict[str, Any]:
    """Measure everything; see `bench gui` for the keys. Reports each figure once it is measured."""
    figures: dict[str, Any] = {"first_paint_s": median(_first_paint() for _ in range(options.runs))}
    report(f"first paint: {figures['first_paint_s']:.2f} s")
    with tempfile.TemporaryDirectory() as folder:
        small, large = _write_clips(options, Path(folder))
        figures["scrub_fps"] = {"1080p": measure_in_process("gui_window.scrubbing", clip=str(large))}
        report(f"scrubbing, 1080p: {figures['scrub_fps']['1080p']:.1f} frames a second")
        figures["brush_move_ms"] = {}
        for name, size in SIZES.items():
            figures["brush_move_ms"][name] = measure_in_process("gui_window.brush_moves", size=size)
            report(f"brush moves, {name}: {_listed(figures['brush_move_ms'][name])} ms")
        figures["block_ms"] = measure_in_process("gui_window.blocks", clip=str(small))
        report(f"blocks: {_listed(figures['block_ms'])} ms")
        runs = {str(count): _propagations(small, count, options.runs, report) for count in OBJECTS}
    figures |= propagation_figures(runs)
    platform = measure_in_process("gui_window.platform")
    figures["options"] = {"platform": platform, "frames": options.frames, "runs": options.runs}
    return figures


def propagation_figures(runs: Runs) -> dict[str, Any]:
    """Return medians, runs and spreads: the largest run minus the smallest, as a share of the median."""
    return {
        "propagation_fps": _each(runs, median),
        "propagation_runs": runs,
        "propagation_spread": _each(runs, lambda fps: (max(fps) - min(fps)) / median(fps)),
    }


def alternating_sides(runs: int) -> Iterator[str]:
    """Yield the side of each run: by turns, so that a minute in which the machine is slow affects both."""
    for _ in range(runs):
        yield from SIDES


def _propagations(clip: Path, count: int, runs: int, report: Callable[[str], None]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {side: [] for side in SIDES}
    for side in alternating_sides(runs):
        fps = measure_in_process(SIDES[side], clip=str(clip), count=count)
        found[side].append(fps)
        number = f"run {len(found[side])} of {runs}"
        report(f"propagation, {count} object(s), {side}, {number}: {fps:.1f} frames a second")
    return found


def _first_paint() -> float:
    """Return seconds from the start of a process to its window's first paint."""
    began_s = perf_counter()
    command = [sys.executable, "-c", _FIRST_PAINT]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=_TOP, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        is_painted = bool(process.stdout.readline())
        elapsed_s = perf_counter() - began_s
        _, errors = process.communicate()
    if not is_painted:
        raise _failure("the first paint", errors)
    return elapsed_s


def measure_in_process(name: str, **arguments: object) -> Any:
    """Call a function, MODULE.FUNCTION of this package, in a fresh process; return its result."""
    command = [sys.executable, "-c", _MEASUREMENT, name, json.dumps(arguments)]
    done = subprocess.run(command, cwd=_TOP, check=False, capture_output=True, text=True)
    if done.returncode:
        raise _failure(name, done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def _failure(name: str, errors: str) -> Exception:
    if "platform plugin" in errors:  # Qt's own words where there is no display
        return UserError(
            f"{errors.strip()}\nOn Linux, xvfb-run or QT_QPA_PLATFORM=offscreen stands in for a display."
        )
    return RuntimeError(f"The process that was to measure {name} failed: {errors}")


def _write_clips(options: GuiOptions, folder: Path) -> tuple[Path, Path]:
    """Write the first frames as they are, and enlarged to 1080p; return both folders."""
    from mivos_studio.synthetic.sample import write_sample

    path = options.clip or write_sample(folder / "sample", frames=options.frames)
    small, large = folder / "small", folder / "large"
    _write_frames(path, small, options.frames, None)
    _write_frames(path, large, options.frames, SIZES["1080p"])
    return small, large


def _write_frames(path: Path, folder: Path, frames: int, size: tuple[int, int] | None) -> None:
    """Write the first frames as JPEGs, enlarged where a size (height, width) is given."""
    import cv2

    from mivos_studio.media.clip import open_clip

    folder.mkdir()
    with open_clip(path) as clip:
        for frame_index in range(min(frames, len(clip))):
            image = cv2.cvtColor(clip[frame_index], cv2.COLOR_RGB2BGR)
            if size is not None:
                image = cv2.resize(image, size[::-1], interpolation=cv2.INTER_CUBIC)
            cv2.imwrite(str(folder / f"{frame_index:05d}.jpg"), image)


def _each(runs: Runs, summarize: Callable[[Sequence[float]], float]) -> dict[str, dict[str, float]]:
    return {count: {side: summarize(fps) for side, fps in by_side.items()} for count, by_side in runs.items()}


def _listed(figures: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in figures.items())
