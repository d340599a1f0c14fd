"""Record the steps performed in the window, for scripts and the project."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from mivos_studio.project.script import Script, ScriptObject
from mivos_studio.project.steps import AddObject, Draw, Meanwhile, Propagate, Redo, Step, Undo

_EARLIER = "earlier step"


@dataclass(eq=False)
class _RecordedStep:
    """One step that the session can undo; step is None where it was not recorded here, or not yet."""

    step: Step | None = None


class ScriptRecorder:
    """Keeps the steps in the order in which the session performed them; from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._objects: list[ScriptObject] = []
        self._steps: list[Step] = []
        self._taken = 0
        self._is_first_take = True
        self._done: list[_RecordedStep] = []
        self._undone: list[_RecordedStep] = []
        self._meanwhile: list[Meanwhile] = []
        self._running: _RecordedStep | None = None

    def add_initial_object(self, object_id: int, name: str) -> None:
        """Add an object that existed before the first step."""
        with self._lock:
            self._objects.append(ScriptObject(object_id, name))

    def load(self, steps: Sequence[Step], running: Step | None = None) -> None:
        """Go on from the steps that a project holds.

        running  a propagation that was under way when the program died, as far as it was saved.
        """
        with self._lock:
            # As in the window that made the project, a script declares the objects that came first.
            self._objects = []
            for step in steps:
                if not isinstance(step, AddObject):
                    break
                self._objects.append(ScriptObject(step.object_id, step.name))
            self._steps = [*steps[len(self._objects) :]]
            self._taken, self._is_first_take = len(self._steps), False
            self._steps += [running] if running is not None else []

    def start(self, undo_count: int) -> None:
        """Start recording, with as many undo steps as the session has already."""
        with self._lock:
            self._done = [_RecordedStep() for _ in range(undo_count)]

    def record(self, step: Step, undo_count: int) -> None:
        """Record a step that the session has performed, with the number of steps it can undo now.

        The count shows whether anything changed: an undo with nothing to undo is a step of the script but
        changes nothing.
        """
        with self._lock:
            if isinstance(step, Propagate) and self._meanwhile:
                step = replace(step, meanwhile=tuple(self._meanwhile))
            self._steps.append(step)
            self._follow(step, undo_count)
            self._meanwhile, self._running = [], None

    def record_meanwhile(self, step: Step, frames_done: int, undo_count: int) -> None:
        """Record a step performed during a propagation that has finished so many frames.

        It becomes part of the propagation's step, which is recorded when that ends.
        """
        with self._lock:
            self._meanwhile.append(Meanwhile(frames_done, step))
            if self._running is None:
                # The propagation's step is in the session's history already, below this one.
                self._undone.clear()
                self._running = _RecordedStep()
                self._done.append(self._running)
            self._follow(step, undo_count)

    def with_meanwhile(self, step: Propagate) -> Propagate:
        """Return the step of the propagation under way with what has been done during it so far."""
        with self._lock:
            return replace(step, meanwhile=tuple(self._meanwhile))

    def _follow(self, step: Step, undo_count: int) -> None:
        """Keep `_done` and `_undone` as the session's history is after a step."""
        if self._running is not None and isinstance(step, Propagate):
            self._running.step = step
            return
        while len(self._done) > undo_count:
            self._undone.append(self._done.pop())
        if isinstance(step, Redo):
            while len(self._done) < undo_count and self._undone:
                self._done.append(self._undone.pop())
        elif not isinstance(step, Undo) and len(self._done) < undo_count:
            self._undone.clear()
            self._done += [_RecordedStep() for _ in range(undo_count - len(self._done) - 1)]
            self._done.append(_RecordedStep(step))

    def script(self, folder: Path) -> Script:
        """Return all steps as a script whose relative paths start from the folder."""
        with self._lock:
            return Script(tuple(self._objects), tuple(self._steps), folder)

    def take_new(self) -> tuple[Step, ...]:
        """Return the steps since the last call, for the project; before the first, the initial objects."""
        with self._lock:
            new, self._taken = self._steps[self._taken :], len(self._steps)
            if self._is_first_take:
                self._is_first_take = False
                new = [*(AddObject(each.object_id, each.name) for each in self._objects), *new]
            return tuple(new)

    def describe_work(self, initial_undo_count: int = 0) -> tuple[str, ...]:
        """Describe what could be undone, as ("12 strokes on 3 frames", "2 propagations").

        initial_undo_count  steps before the user's first, which do not count.
        """
        with self._lock:
            return _describe([each.step for each in self._done[initial_undo_count:]])


def _describe(steps: Sequence[Step | None]) -> tuple[str, ...]:
    frames = {step.interaction.frame_index for step in steps if isinstance(step, Draw)}
    strokes = sum(isinstance(step, Draw) for step in steps)
    nouns = Counter(step.noun if step else _EARLIER for step in steps if not isinstance(step, Draw))
    others, earlier = nouns.pop(Step.noun, 0), nouns.pop(_EARLIER, 0)
    parts = (
        (earlier, _counted_noun(earlier, _EARLIER)),
        (strokes, f"{_counted_noun(strokes, 'stroke')} on {_counted_noun(len(frames), 'frame')}"),
        *((count, _counted_noun(count, noun)) for noun, count in nouns.items()),
        (others, _counted_noun(others, Step.noun)),
    )
    return tuple(text for count, text in parts if count)


def _counted_noun(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
