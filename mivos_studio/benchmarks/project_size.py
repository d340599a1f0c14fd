"""How large a project of one minute of 1080p is: `python -m mivos_studio.benchmarks.project_size`.

The session is made of records of true size, which is measured on some frames that the networks propagate
to; each stroke and each half second of a propagation is saved, as in the window.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean

from inference_core.types import Interaction, Tool
from mivos_studio.benchmarks.made_clip import make_clip
from mivos_studio.benchmarks.project_file import MadeSession
from mivos_studio.project.file.check import check_project
from mivos_studio.project.file.project_file import ProjectFile
from mivos_studio.project.scratch import TemporaryScratch
from mivos_studio.project.steps import AddObject, Draw, Propagate
from mivos_studio.session_options import SessionOptions

SIZE = (1080, 1920)
FRAMES, FRAME_RATE = 1500, 25
"""One minute."""
STROKES, PROPAGATIONS = 6, 4
"""Strokes of each object before each propagation, and propagations through the whole clip."""
_MEASURED_FRAMES = 6
_SAVED_TOGETHER = 12
"""Frames of a propagation: half a second, at the clip's rate."""
_FAR_FRAMES = 300
_MOST_OPENINGS = 50


@dataclass(frozen=True)
class TrueBytes:
    """Compressed bytes of one frame: ids of all objects, and probabilities."""

    ids: int
    prob: int


def measure_size(folder: Path, objects: int) -> dict[str, float]:
    """Return figures of a project with so many objects that is made in a folder; sizes are in MB."""
    path = folder / f"made{objects}.mivos"
    per_frame = measure_frame(objects)
    with ProjectFile.create(path) as project:
        session = MadeSession(
            project.storage, FRAMES, objects, ids_bytes=per_frame.ids, prob_bytes=per_frame.prob
        )
        project.save(session, steps=[AddObject(key.object_id) for key in session.keys])
        for number in range(PROPAGATIONS):
            _work(project, session, (number * _FAR_FRAMES) % FRAMES)
    sizes = {name: count / 1e6 for name, count in check_project(path).sizes.items()}
    minutes = FRAMES / FRAME_RATE / 60
    per_object = {
        "rest_per_minute_and_object_mb": sizes["rest"] / minutes / objects,
        "with_unused_room_mb": (sizes["rest"] + sizes["unused"]) / minutes / objects,
    }
    return {
        "objects": objects,
        "ids_of_a_frame_bytes": per_frame.ids,
        "prob_of_a_frame_bytes": per_frame.prob,
        **{f"{name}_mb": size for name, size in sizes.items()},
        **per_object,
        **_measure_discarding(path, session),
    }


def measure_frame(objects: int) -> TrueBytes:
    """Return the mean size of a frame of 1080p that the networks have propagated to."""
    clip, options, storage = make_clip(SIZE, _MEASURED_FRAMES, objects), SessionOptions(), TemporaryScratch()
    session = options.open(clip, options.load(), storage)
    for _ in range(objects):
        session.add_object()
    session.set_ids(0, clip.masks[0])
    for _ in session.propagate():
        pass
    session.flush()
    records = [record for frame_index, record in session.state.records.items() if frame_index]
    ids = mean(sum(len(storage.get(layer.blob)) for layer in record.layers) for record in records)
    prob = mean(len(storage.get(record.prob.blob)) for record in records if record.prob.planes)
    return TrueBytes(round(ids), round(prob))


def _work(project: ProjectFile, session: MadeSession, frame_index: int) -> None:
    """Draw every object on a frame, and propagate."""
    for key in session.keys:
        for _ in range(STROKES):
            stroke = session.stroke(frame_index, key.object_id)
            steps = [Draw(Interaction(Tool.BRUSH, stroke))]
            project.save(session, steps=steps, view={"frame": frame_index})
    for _ in session.propagate_frames(frame_index, _SAVED_TOGETHER):
        project.save(session)
    project.save(session, steps=[Propagate()])


def _measure_discarding(path: Path, made: MadeSession) -> dict[str, float]:
    """Undo a propagation and draw something else, so that it is gone; return how large the file is then."""
    with ProjectFile.open(path) as project:
        assert project.state is not None, "it was saved"
        made.storage, made.state = project.storage, project.state
        made.undo()
        gone = project.state.blobs() - replace(made.state, undone=()).blobs()
        made.stroke(0)
        for blob in gone:
            project.storage.discard(blob)
        project.save(made)
    closed = check_project(path).sizes
    opened = 0
    while (before := path.stat().st_size) and opened < _MOST_OPENINGS:
        with ProjectFile.open(path):
            pass
        opened += 1
        if path.stat().st_size == before:
            break
    left = check_project(path).sizes
    return {
        "file_after_discarding_mb": closed["file"] / 1e6,
        "unused_after_discarding_mb": closed["unused"] / 1e6,
        "file_once_room_is_given_back_mb": left["file"] / 1e6,
        "unused_then_mb": left["unused"] / 1e6,
        "openings_until_then": opened,
    }


def table(measured: list[dict[str, float]]) -> Iterator[str]:
    """Format the figures as lines of a Markdown table, one column for each number of objects."""
    yield "| | " + " | ".join(f"{figures['objects']:.0f}" for figures in measured) + " |"
    yield "|---|" + "---:|" * len(measured)
    for name in measured[0]:
        if name == "objects":
            continue
        ending = next((ending for ending in _UNITS if name.endswith(ending)), "")
        title = name.removesuffix(ending).replace("_", " ")
        shown = (_shown(figures[name], ending) for figures in measured)
        yield f"| {title} | " + " | ".join(shown) + " |"


_UNITS = {"_mb": (1.0, " MB"), "_bytes": (1e-3, " kB"), "": (1.0, "")}


def _shown(value: float, ending: str) -> str:
    factor, unit = _UNITS[ending]
    return f"{value * factor:.2f}{unit}" if unit else str(value)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="mivos-") as made_in:
        print(json.dumps([measure_size(Path(made_in), objects) for objects in (1, 3, 5)], indent=1))
