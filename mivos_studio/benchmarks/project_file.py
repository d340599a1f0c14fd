"""How long a project of a long clip takes to open and save: `python -m mivos_studio.benchmarks.project_file`.

The project is made of records as propagations leave them, with bytes of a usual size; no network is needed.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

import numpy as np

from inference_core.state.frame_record import Blob, FrameRecord, MaskLayer, ObjectKey, PackedProb
from inference_core.state.round import RoundRecord
from inference_core.state.session_state import Anchor, Draft, SessionState, StrokeGroup, TrackedObject
from inference_core.state.snapshot import SessionSnapshot, UndoStep
from inference_core.types import Agreement, Float32Array, FrameInfo, ScratchStore, SessionSettings, Stroke
from mivos_studio.peak_memory import peak_rss_mb
from mivos_studio.project.file.project_file import ProjectFile

_SIZE = (1080, 1920)
_SAVES = 50


@dataclass
class MadeSession:
    """A session's state that grows as strokes and propagations let it grow.

    ids_bytes, prob_bytes  of one frame, compressed: the mean, from which each is up to a quarter away.
    """

    storage: ScratchStore
    frames: int
    objects: int
    ids_bytes: int = 6_000
    prob_bytes: int = 24_000
    state: SessionSnapshot = field(init=False)

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(0)
        self._next = 0
        self.keys = tuple(ObjectKey(number, number) for number in range(1, self.objects + 1))
        tracked = tuple(
            TrackedObject(*key, f"Object {key.object_id}", is_introduced=True) for key in self.keys
        )
        frames = tuple(FrameInfo(frame_index) for frame_index in range(self.frames))
        settings, state = SessionSettings(), SessionState(tracked)
        self.state = SessionSnapshot(
            settings, _SIZE, frames, state, {}, (), (), self.objects, self.objects, 0
        )

    def flush(self) -> None:
        """Do nothing: the bytes are put at once."""

    def stroke(self, frame_index: int, object_id: int = 1) -> Stroke:
        """Draw on a frame: one undo step. Return the stroke; the network sees it with those before it."""
        state = self.state.state
        now, after = self.state.records.get(frame_index), self._record()
        stroke = Stroke(frame_index, object_id, self._drawn_points())
        others = tuple(draft for draft in state.drafts if draft.frame_index != frame_index)
        earlier = next((draft for draft in state.drafts if draft.frame_index == frame_index), None)
        group, base, count = StrokeGroup("brush", (stroke,), now), now, 1
        if earlier is not None and earlier.strokes is not None:
            group = replace(earlier.strokes, strokes=(*earlier.strokes.strokes, stroke))
            base, count = earlier.base, earlier.corrections + 1
        drafts = (*others, Draft(frame_index, base, frozenset(self.keys), group, count))
        self._step(f"brush on Object {object_id}", replace(state, drafts=drafts), {frame_index: after})
        return stroke

    def undo(self) -> None:
        """Undo the newest step."""
        now, step = self.state, self.state.done[-1]
        records = {**now.records, **step.records_before}
        kept = {frame_index: record for frame_index, record in records.items() if record is not None}
        undone = (*now.undone, step)
        self.state = replace(now, state=step.before, records=kept, done=now.done[:-1], undone=undone)

    def _drawn_points(self) -> Float32Array:
        """Return the points (N, 2) of a stroke of a second or two, as a mouse reports them: whole pixels."""
        count = int(self._rng.integers(60, 180))
        speed = np.cumsum(self._rng.normal(0, 0.6, (count, 2)), axis=0)
        places = self._rng.uniform((300, 200), (1600, 900)) + np.cumsum(speed, axis=0)
        return np.rint(np.clip(places, 0, (_SIZE[1], _SIZE[0]))).astype(np.float32)

    def propagate(self, frame_index: int) -> None:
        """Propagate a drawn frame through the whole clip: one undo step."""
        for _ in self.propagate_frames(frame_index, self.frames):
            pass

    def propagate_frames(self, frame_index: int, chunk: int) -> Iterator[None]:
        """The same, in chunks of frames: each is a longer round in a longer step, as in a session."""
        start = self.state
        state, record = start.state, start.records[frame_index]
        base = state.drafts[-1].base
        anchors = (*state.anchors, *(Anchor(frame_index, key, record, base) for key in self.keys))
        changed: dict[int, FrameRecord] = {}
        for first in range(0, self.frames, chunk):
            reached = range(first, min(first + chunk, self.frames))
            changed = {**changed, **{index: self._record() for index in reached if index != frame_index}}
            before = {index: start.records.get(index) for index in changed}
            done = RoundRecord(
                anchor=frame_index,
                first=0,
                last=max(reached.stop - 1, frame_index),
                changed_frames=tuple(changed),
                bank_length=len(state.rounds) + 1,
                elapsed_s=12.5,
                keys=self.keys,
                records_before={frame_index: base, **before},
                records_after={frame_index: record, **changed},
            )
            rounds = (*state.rounds, done)
            after = replace(state, anchors=anchors, drafts=(), rounds=rounds)
            self._step("propagate", after, changed, start)
            yield

    def _step(
        self,
        label: str,
        after: SessionState,
        changed: dict[int, FrameRecord],
        start: SessionSnapshot | None = None,
    ) -> None:
        """Do a step, or more of the one that began at `start`."""
        now = start or self.state
        before = {frame_index: now.records.get(frame_index) for frame_index in changed}
        self.state = replace(
            now,
            state=after,
            records={**now.records, **changed},
            undone=(),
            done=(*now.done, UndoStep(label, now.state, after, before, {**changed})),
            next_blob=self._next,
        )

    def _record(self) -> FrameRecord:
        agreements = tuple(Agreement(*self._rng.random(2).tolist()) for _ in self.keys)
        prob = PackedProb(self.keys, self.keys, self._blob(self.prob_bytes))
        return FrameRecord(prob, (MaskLayer(self.keys, self._blob(self.ids_bytes)),), False, agreements)

    def _blob(self, length: int) -> Blob:
        self._next += 1
        spread = length // 4
        length += int(self._rng.integers(-spread, spread + 1))
        self.storage.put(self._next - 1, self._rng.bytes(length))
        return Blob(self._next - 1)


def make_project(path: Path, frames: int, objects: int, rounds: int, strokes: int) -> dict[str, float]:
    """Make a project with a history, saved after each step; return the median ms of two kinds of saves."""
    with ProjectFile.create(path) as project:
        session = MadeSession(project.storage, frames, objects)
        for number in range(rounds):
            for _ in range(strokes):
                session.stroke((number * 37) % frames)
                project.save(session)
            session.propagate((number * 37) % frames)
            project.save(session)
        stroke_ms = median(_timed_saves(project, session, _strokes(session)))
        running = session.propagate_frames(_SAVES - 1, chunk=1)
        return {
            "stroke_save_ms": stroke_ms,
            "propagated_frame_save_ms": median(_timed_saves(project, session, running)),
        }


def _strokes(session: MadeSession) -> Iterator[None]:
    for number in range(_SAVES):
        session.stroke(number)
        yield


def _timed_saves(project: ProjectFile, session: MadeSession, changes: Iterator[None]) -> Iterator[float]:
    """Save after each change; yield how many milliseconds it took."""
    for _ in changes:
        started_s = time.perf_counter()
        project.save(session)
        yield 1000 * (time.perf_counter() - started_s)


def measure(folder: Path, frames: int, objects: int, rounds: int, strokes: int) -> dict[str, float | None]:
    """Return figures of a project made in a folder: of its file, and of opening and saving it."""
    path = folder / "made.mivos"
    saves_ms = make_project(path, frames, objects, rounds, strokes)
    started_s, started_cpu_s = time.perf_counter(), time.process_time()
    with ProjectFile.open(path) as project:
        open_s, open_cpu_s = time.perf_counter() - started_s, time.process_time() - started_cpu_s
        assert project.state is not None, "it was saved"
        steps, records = len(project.state.done), len(project.state.records)
        first_s = time.perf_counter()
        session = MadeSession(project.storage, frames, objects)
        session.state, session._next = project.state, project.state.next_blob
        session.stroke(0)
        project.save(session)
        first_save_ms = 1000 * (time.perf_counter() - first_s)
    return {
        "frames": frames,
        "objects": objects,
        "rounds": rounds,
        "steps": steps,
        "frames_with_masks": records,
        "file_mb": path.stat().st_size / 1e6,
        "open_s": open_s,
        "open_cpu_s": open_cpu_s,
        **saves_ms,
        "first_save_ms": first_save_ms,
        "peak_rss_mb": peak_rss_mb(),
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="mivos-") as made_in:
        print(json.dumps(measure(Path(made_in), 2000, 5, *map(int, sys.argv[1:3] or (10, 20))), indent=1))
