"""Memory against the length of the clip: each length in a fresh process, from opening to the last frame."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference_core.types import UInt8Array
from mivos_studio.benchmarks.long_clip import make_loop, write_clip
from mivos_studio.peak_memory import peak_rss_mb
from mivos_studio.session_options import SessionOptions


@dataclass(frozen=True)
class MemoryBenchmarkOptions(SessionOptions):
    """Options: clips of so many frames of a size (height, width), with so many objects."""

    frames: tuple[int, ...]
    size: tuple[int, int] = (1080, 1920)
    objects: int = 3


@dataclass(frozen=True)
class _Point:
    """Result of one process: seconds until the first frame was read, peak memory, frames a second."""

    open_s: float
    rss_mb: float | None
    fps: float


def measure_memory(options: MemoryBenchmarkOptions) -> dict[str, Any]:
    """Open and propagate clips of each length; return figures, a list with an entry for each length."""
    points = []
    loop = make_loop(options.size, options.objects)
    with tempfile.TemporaryDirectory(prefix="mivos-") as folder:
        clip = Path(folder) / "clip.mp4"
        for frames in options.frames:
            write_clip(loop, clip, frames)
            # A process each: memory left by one length must not count for the next.
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
                points.append(process.submit(_measure, clip, loop.first_ids, options).result())
    return {
        "frames": list(options.frames),
        "rss_mb": [point.rss_mb for point in points],
        "open_s": [point.open_s for point in points],
        "fps": [point.fps for point in points],
        "size": list(options.size),
        "objects": options.objects,
    }


def table(figures: dict[str, Any]) -> Iterator[str]:
    """Format the figures as lines of a Markdown table."""
    height, width = figures["size"]
    yield f"{width}x{height}, {figures['objects']} object(s)"
    yield ""
    yield "| frames | peak resident MiB | opened in s | frames a second |"
    yield "|---:|---:|---:|---:|"
    rows = zip(figures["frames"], figures["rss_mb"], figures["open_s"], figures["fps"], strict=True)
    for frames, rss_mb, open_s, fps in rows:
        held = "unknown" if rss_mb is None else f"{rss_mb:.0f}"
        yield f"| {frames} | {held} | {open_s:.2f} | {fps:.1f} |"


def _measure(path: Path, first_ids: UInt8Array, options: MemoryBenchmarkOptions) -> _Point:
    """Open the clip and propagate its first mask to the end, like the command line."""
    from mivos_studio.media.clip import open_clip
    from mivos_studio.project.scratch import TemporaryScratch

    started_s = time.perf_counter()
    with open_clip(path) as clip:
        clip[0]
        open_s = time.perf_counter() - started_s
        session = options.open(clip, options.load(), TemporaryScratch())
        session.set_ids(0, first_ids)
        started_s = time.perf_counter()
        done = sum(1 for _ in session.propagate(0))
        return _Point(open_s, peak_rss_mb(), done / (time.perf_counter() - started_s))
