"""Random work on a session, as a window would run and record it: also steps during propagations."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np

from inference_core.errors import UserError
from inference_core.session import Session
from inference_core.types import Direction, Interaction, Region, Stroke, Tool, UInt8Array
from mivos_studio.project.recorder import ScriptRecorder
from mivos_studio.project.steps import (
    AddObject,
    Draw,
    Propagate,
    Redo,
    RemoveObject,
    RenameObject,
    Reset,
    SetColour,
    SetIds,
    SetLock,
    Step,
    StepRecord,
    Undo,
)
from tests.inference_core.fakes import square_ids

TOOLS = (Tool.SCRIBBLE, Tool.CLICK, Tool.BRUSH, Tool.ERASER, Tool.LASSO)
DURING = ("draw", "draw", "undo", "undo", "redo", "lock", "rest")
KINDS = (*DURING, "draw", "propagate", "propagate", "propagate", "undo", "redo")


def mask_of(file: Path, frame_index: int) -> UInt8Array:
    """Read the mask file that the steps name; there is none, its content follows from the frame."""
    del file
    return square_ids(frame_index % 6, both=True)


class RandomUser:
    """Performs random steps on a session that has object 1; what is refused is no step."""

    def __init__(self, session: Session, recorder: ScriptRecorder, rng: np.random.Generator) -> None:
        self.session = session
        self.recorder = recorder
        self._rng = rng

    def act(self) -> None:
        """Perform one step, a propagation with what is done during it."""
        step = self._step(str(self._rng.choice(KINDS)))
        with suppress(UserError):
            if isinstance(step, Propagate) and step.stop_after is None:
                self._propagate(step)
            else:
                self._perform(step, self.recorder)

    def _propagate(self, step: Propagate) -> None:
        """Run a propagation, with steps between its frames; it ends where one of them has undone it."""
        running = step.perform_and_record(self.session, mask_of, self.recorder)
        own = 0
        for done, _ in enumerate(running, start=1):
            own = own or self.session.undo_count
            lowest = own
            while self._rng.random() < 0.35:
                with suppress(UserError):
                    self._perform(self._step(str(self._rng.choice(DURING))), self.recorder.during(done))
                lowest = min(lowest, self.session.undo_count)
            if lowest < own or self._rng.random() < 0.05:
                running.close()
                return

    def _perform(self, step: Step, record: StepRecord) -> None:
        if isinstance(step, Undo) and self.session.undo_count <= 1:
            return  # the window keeps the object that it made
        for _ in step.perform_and_record(self.session, mask_of, record):
            pass

    def _step(self, kind: str) -> Step:
        frame_index = int(self._rng.integers(self.session.frame_count))
        objects = [each.object_id for each in self.session.objects] or [1]
        object_id = int(self._rng.choice(objects))
        if kind == "draw":
            return self._stroke(frame_index, object_id)
        if kind == "propagate":
            stop_after = int(self._rng.integers(1, 6)) if self._rng.random() < 0.2 else None
            direction = Direction(self._rng.choice(["both", "both", "forward", "backward"]))
            return Propagate(None, direction, stop_after=stop_after)
        if kind == "lock":
            return SetLock(object_id, is_locked=bool(self._rng.random() < 0.5))
        rest: tuple[Step, ...] = (
            Reset(frame_index),
            AddObject(int(self._rng.integers(2, 6)), "added"),
            RemoveObject(object_id),
            RenameObject(object_id, str(self._rng.choice(["one", "two"]))),
            SetColour(object_id, (1, 2, int(self._rng.integers(3)))),
            SetIds(frame_index, "mask.png"),
        )
        other: dict[str, Step] = {"undo": Undo(), "redo": Redo()}
        return other.get(kind) or rest[int(self._rng.integers(len(rest)))]

    def _stroke(self, frame_index: int, object_id: int) -> Step:
        height, width = self.session.size
        tool = TOOLS[int(self._rng.integers(len(TOOLS)))]
        count = {Tool.CLICK: 1, Tool.LASSO: 5}.get(tool, 3)
        points = self._rng.uniform((0, 0), (width, height), (count, 2)).astype(np.float32)
        region = Region(10, 10, 50, 40) if self._rng.random() < 0.2 else None
        positive = bool(self._rng.random() < 0.8)
        return Draw(Interaction(tool, Stroke(frame_index, object_id, points, 4.0, positive), region))
