"""Many random clips in DAVIS layout, written by several processes; the same seed gives the same bytes.

JPEGImages/480p/NAME/00000.jpg    frames
Annotations/480p/NAME/00000.png   ids, indexed
Alpha/480p/NAME/1/00000.png       soft coverage of object 1, grey, on request
Flow/480p/NAME/00000.flo          motion until the next frame, pixels, on request
ImageSets/2017/train.txt          names of the clips
manifest.json                     options, and seed and objects of every clip
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from itertools import count
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from inference_core.errors import UserError
from mivos_studio.synthetic.files import (
    whole_folder,
    write_flow,
    write_grey_png,
    write_indexed_png,
    write_jpeg,
)
from mivos_studio.synthetic.render import render, render_alpha, render_flow
from mivos_studio.synthetic.scene import Scene
from mivos_studio.synthetic.scenes import SceneSpec, make_scene

_SMALLEST_SIDE_PX = 64
_LARGEST_SIDE_PX = 16_384
_MOST_PIXELS = 36e6
_MANIFEST_VERSION = 1
_LEAST_SHARE = 0.002  # of the first frame that objects must cover


@dataclass(frozen=True)
class SynthesisSpec:
    """Options of a data set; size is (height, width) in pixels."""

    clips: int
    frames: int = 160
    size: tuple[int, int] = (512, 768)
    seed: int = 0
    has_alpha: bool = False
    has_flow: bool = False

    def __post_init__(self) -> None:
        if self.clips < 1 or self.frames < 1:
            raise UserError("Ask for at least one clip of at least one frame.")
        if min(self.size) < _SMALLEST_SIDE_PX:
            raise UserError(f"Frames must be at least {_SMALLEST_SIDE_PX} pixels wide and high.")
        if max(self.size) > _LARGEST_SIDE_PX or self.size[0] * self.size[1] > _MOST_PIXELS:
            raise UserError(
                f"Frames have at most {_LARGEST_SIDE_PX} pixels in width and height, and"
                f" {_MOST_PIXELS / 1e6:.0f} megapixels in all: ask for smaller ones."
            )
        if self.seed < 0:
            raise UserError("The seed must not be negative.")


@dataclass(frozen=True)
class ClipReport:
    """One finished clip: name, seed of its scene, objects, frames, the processor time it took."""

    name: str
    seed: tuple[int, int, int]
    object_ids: tuple[int, ...]
    frames: int
    cpu_s: float


def synthesize(spec: SynthesisSpec, out: Path | str, *, processes: int | None = None) -> Iterator[ClipReport]:
    """Write the clips to a new folder, yielding each as it is done, in order.

    The folder appears when all are done, or not at all; one that holds something already is refused with a
    UserError. By default as many processes work as there are processors.
    """
    workers = min(spec.clips, processes or os.cpu_count() or 1)
    reports = []
    with whole_folder(Path(out)) as folder:
        write = partial(_write_clip, spec, folder)
        # Spawned, not forked: a fork copies locks of threads that it does not copy.
        pool = ProcessPoolExecutor(workers, get_context("spawn"), _use_one_thread)
        try:
            for report in pool.map(write, range(spec.clips)):
                reports.append(report)
                yield report
        finally:
            pool.shutdown(cancel_futures=True)
        _write_lists(spec, reports, folder)


def frames_per_second_per_core(reports: list[ClipReport]) -> float:
    """Return the speed over all clips: frames written for each second of one processor core."""
    return sum(report.frames for report in reports) / max(sum(report.cpu_s for report in reports), 1e-9)


def _use_one_thread() -> None:
    cv2.setNumThreads(1)


def _write_clip(spec: SynthesisSpec, folder: Path, number: int) -> ClipReport:
    """Write one clip with its optional alpha and flow."""
    begun_s = time.process_time()
    seed, scene = _scene(spec, number)
    name = f"scene{number:05d}"
    object_ids = tuple(sorted({element.object_id for element in scene.elements} - {0}))
    for frame_index in range(spec.frames):
        image, ids = render(scene, frame_index)
        write_jpeg(_path(folder, "JPEGImages", name, f"{frame_index:05d}.jpg"), image)
        write_indexed_png(_path(folder, "Annotations", name, f"{frame_index:05d}.png"), ids)
        if spec.has_alpha:
            for object_id, alpha in render_alpha(scene, frame_index).items():
                write_grey_png(_path(folder, "Alpha", name, f"{object_id}/{frame_index:05d}.png"), alpha)
        if spec.has_flow and frame_index + 1 < spec.frames:
            flow = render_flow(scene, frame_index)
            write_flow(_path(folder, "Flow", name, f"{frame_index:05d}.flo"), flow)
    return ClipReport(name, seed, object_ids, spec.frames, time.process_time() - begun_s)


def _scene(spec: SynthesisSpec, number: int) -> tuple[tuple[int, int, int], Scene]:
    """Draw random scenes for a clip until the first frame shows enough of an object."""
    scene_spec = SceneSpec(size=spec.size, frames=spec.frames)
    for attempt in count():
        seed = (spec.seed, number, attempt)
        scene = make_scene(seed, scene_spec)
        if np.count_nonzero(render(scene, 0)[1]) > _LEAST_SHARE * spec.size[0] * spec.size[1]:
            break
    return seed, scene


def _path(folder: Path, kind: str, name: str, file_name: str) -> Path:
    """Return a file's path and make the folders above it."""
    path = folder / kind / "480p" / name / file_name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _write_lists(spec: SynthesisSpec, reports: list[ClipReport], folder: Path) -> None:
    names = folder / "ImageSets" / "2017" / "train.txt"
    names.parent.mkdir(parents=True)
    names.write_text("".join(f"{report.name}\n" for report in reports), encoding="utf-8")
    clips = [
        {"name": report.name, "seed": report.seed, "objects": report.object_ids, "frames": report.frames}
        for report in reports
    ]
    manifest = {"version": _MANIFEST_VERSION, "options": asdict(spec), "clips": clips}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
