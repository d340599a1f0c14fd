"""Frames a second and milliseconds a stroke, beside optical flow and GrabCut on the same frames."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from inference_core.session import Session
from inference_core.tools.registry import TOOLS
from inference_core.tools.spec import StrokeShape, ToolSpec
from inference_core.types import BoolArray, Float32Array, Interaction, Stroke, Tool
from mivos_studio.benchmarks.made_clip import MadeClip, make_clip
from mivos_studio.benchmarks.startup import measure_startup
from mivos_studio.evaluation.baselines import GrabCutPrior, grabcut, warp_by_flow
from mivos_studio.evaluation.machine import describe_machine, format_machine
from mivos_studio.session_options import SessionOptions
from mivos_studio.synthetic.robots import lasso_polygon, random_box, scribble_strokes

_SEED = 11
_STROKES = 6
_GRABCUTS = 2


@dataclass(frozen=True)
class SpeedOptions(SessionOptions):
    """Options: size is (height, width) of the synthetic clip, one run for each number of objects."""

    frames: int = 40
    size: tuple[int, int] = (480, 854)
    objects: tuple[int, ...] = (1, 3)


def measure_speed(options: SpeedOptions) -> dict[str, Any]:
    """Measure and return figures: propagation by number of objects, strokes by tool, start-up, machine."""
    networks = options.load()
    report: dict[str, Any] = {"frames": options.frames, "size": list(options.size), "propagation": {}}
    session: Session | None = None
    clip: MadeClip | None = None
    for count in options.objects:
        clip = make_clip(options.size, options.frames, count)
        session = options.open(clip, networks)
        report["propagation"][str(count)] = _propagation(session, clip)
    if session is not None and clip is not None:
        report["strokes"] = {name: _strokes(session, clip, tool) for name, tool in TOOLS.items()}
        report["first_click"] = _first_clicks(session, clip)
        report["device"], report["dtype"] = session.device, session.dtype
    report["startup"] = measure_startup(options.models, options.weights)
    report["machine"] = describe_machine()
    return report


def table(report: dict[str, Any]) -> Iterator[str]:
    """Format the figures as lines of a Markdown table."""
    height, width = report["size"]
    yield f"{width}x{height}, {report['frames']} frames, {report['device']} {report['dtype']}"
    yield format_machine(report["machine"])
    yield ""
    yield "| what | ours | baseline |"
    yield "|---|---|---|"
    for count, row in report["propagation"].items():
        yield f"| {count} object(s), frames a second | {row['fps']:.1f} | flow {row['flow_fps']:.1f} |"
    for tool, row in report["strokes"].items():
        baseline = f"GrabCut {row['grabcut_ms']:.0f}" if "grabcut_ms" in row else ""
        yield f"| {tool}, ms (median, worst) | {row['median_ms']:.0f}, {row['worst_ms']:.0f} | {baseline} |"
    first, last = (report["first_click"][f"{when}_mask_ms"] for when in ("first", "last"))
    yield f"| click where nothing is, ms (first mask, last mask) | {first:.0f}, {last:.0f} | |"
    for step, seconds in report["startup"].items():
        yield f"| start-up: {step.removesuffix('_s')}, s | {seconds:.2f} | |"


def _propagation(session: Session, clip: MadeClip) -> dict[str, float]:
    """Propagate the first frame's true mask to the end, after a few frames of warm-up."""
    session.set_ids(0, clip.masks[0])
    for _ in session.propagate(0, "forward", (0, min(3, len(clip) - 1))):
        pass
    session.undo()
    started = time.perf_counter()
    frames = sum(1 for _ in session.propagate(0, "forward"))
    seconds = time.perf_counter() - started
    first = clip.masks[0]
    masks = np.stack([first == object_id for object_id in np.unique(first[first > 0])])
    started = time.perf_counter()
    flowed = sum(1 for _ in warp_by_flow(clip.images, masks))
    flow_seconds = time.perf_counter() - started
    return {"fps": frames / seconds, "frames": frames, "flow_fps": flowed / flow_seconds}


def _strokes(session: Session, clip: MadeClip, tool: ToolSpec) -> dict[str, float]:
    """Draw on frames spread over the clip, the first one not counted; GrabCut on the same strokes."""
    rng = np.random.default_rng(_SEED)
    times: list[float] = []
    baseline: list[float] = []
    for frame_index in _frames_to_draw_on(clip):
        stroke = _stroke(clip, frame_index, tool.shape, rng)
        times.append(_interaction_ms(session, Interaction(tool.name, stroke))[-1])
        if tool.adds_up and len(baseline) < _GRABCUTS:
            baseline.append(_grabcut_ms(clip, frame_index, stroke.points))
    figures = {"median_ms": statistics.median(times[1:]), "worst_ms": max(times[1:])}
    return {**figures, "grabcut_ms": min(baseline)} if baseline else figures


def _first_clicks(session: Session, clip: MadeClip) -> dict[str, float]:
    """Click on empty frames: the times of the first and of the last result."""
    rng = np.random.default_rng(_SEED)
    times = []
    for frame_index in _frames_to_draw_on(clip):
        session.reset(frame_index)
        stroke = _stroke(clip, frame_index, StrokeShape.POINT, rng)
        times.append(_interaction_ms(session, Interaction(Tool.CLICK, stroke)))
    return {
        "first_mask_ms": statistics.median(ms[0] for ms in times[1:]),
        "last_mask_ms": statistics.median(ms[-1] for ms in times[1:]),
    }


def _frames_to_draw_on(clip: MadeClip) -> list[int]:
    """Return frames spread over the clip; the first is for warm-up."""
    shown = [frame_index for frame_index, mask in enumerate(clip.masks) if mask.any()]
    return [shown[place * (len(shown) - 1) // _STROKES] for place in range(_STROKES + 1)]


def _stroke(clip: MadeClip, frame_index: int, shape: StrokeShape, rng: np.random.Generator) -> Stroke:
    object_id = int(clip.masks[frame_index].max())
    points = _points(clip.masks[frame_index] == object_id, shape, rng)
    return Stroke(frame_index, object_id, points.astype(np.float32))


def _interaction_ms(session: Session, interaction: Interaction) -> list[float]:
    """Return the milliseconds until each result."""
    started = time.perf_counter()
    return [1000 * (time.perf_counter() - started) for _ in session.interact(interaction)]


def _points(truth: BoolArray, shape: StrokeShape, rng: np.random.Generator) -> Float32Array:
    """Return the points (N, 2) of a simulated user's gesture on an object (H, W)."""
    if shape is StrokeShape.POLYGON:
        return lasso_polygon(truth, rng)
    if shape is StrokeShape.BOX:
        return np.array(random_box(truth, rng), np.float32).reshape(2, 2)
    points = scribble_strokes(truth, np.zeros_like(truth), rng)[0].points
    return points[len(points) // 2 :][:1] if shape is StrokeShape.POINT else points


def _grabcut_ms(clip: MadeClip, frame_index: int, points: Float32Array) -> float:
    drawn = np.zeros(clip.size, np.bool_)
    drawn[points[:, 1].astype(int), points[:, 0].astype(int)] = True
    started = time.perf_counter()
    grabcut(clip.images[frame_index], drawn, np.zeros_like(drawn), GrabCutPrior.OBJECT)
    return 1000 * (time.perf_counter() - started)
