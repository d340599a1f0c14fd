"""Record the steps performed in the window: for scripts, for the project, and as names of what undo takes back.

Written by the worker, read by the window.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from mivos_studio.project.script import Script, ScriptObject
from mivos_studio.project.steps import AddObject, Draw, Meanwhile, Propagate, Redo, Step, Undo

_NAMES_KEPT = 200
"""Undo steps whose names are kept in a project; older ones have the session's labels there."""
_EARLIER = "earlier step"
_NO_NAMES: Mapping[int, str] = {}


@dataclass(frozen=True)
class StepNames:
    """Names of the steps that can be undone and redone, in the order in which they were done and undone."""

    done: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()


@dataclass(eq=False)
class _RecordedStep:
    """One step that the session can undo; step is None where it was not recorded, or not yet."""

    step: Step | None = None
    name: str = ""


@dataclass(frozen=True)
class RecordedWork:
    """What a project holds of earlier sessions."""

    steps: tuple[Step, ...] = ()
    names: StepNames = field(default_factory=StepNames)


class ScriptRecorder:
    """Keeps the steps in the order in which the session performed them."""

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

    def load(self, work: RecordedWork) -> None:
        """Go on from what a project holds; call `start` then."""
        with self._lock:
            self._steps, self._taken, self._is_first_take = list(work.steps), len(work.steps), False
            self._done = [_RecordedStep(name=name) for name in work.names.done]
            self._undone = [_RecordedStep(name=name) for name in work.names.undone]

    def start(self, undo_count: int) -> None:
        """Start recording, with as many undo steps as the session had before the user's first."""
        with self._lock:
            unnamed = [_RecordedStep() for _ in range(undo_count - len(self._done))]
            self._done = [*unnamed, *self._done][:undo_count]

    def record(self, step: Step, undo_count: int, names: Mapping[int, str] = _NO_NAMES) -> None:
        """Record a step that the session has performed.

        undo_count  the number of steps that the session can undo now. It shows whether anything changed: an
                    undo with nothing to undo is a step of the script but changes nothing.
        names       the objects' names, by id.
        """
        with self._lock:
            if isinstance(step, Propagate) and self._meanwhile:
                step = replace(step, meanwhile=tuple(self._meanwhile))
            self._steps.append(step)
            self._follow(step, undo_count, names)
            self._meanwhile, self._running = [], None

    def record_meanwhile(
        self, step: Step, frames_done: int, undo_count: int, names: Mapping[int, str] = _NO_NAMES
    ) -> None:
        """Record a step performed during a propagation that has finished so many frames.

        It becomes part of the propagation's step, which is recorded when that ends.
        """
        with self._lock:
            self._meanwhile.append(Meanwhile(frames_done, step))
            if self._running is None:
                # The propagation's step is in the session's history already, below this one.
                self._undone.clear()
                self._running = _RecordedStep(name=Propagate().described(names))
                self._done.append(self._running)
            self._follow(step, undo_count, names)

    def _follow(self, step: Step, undo_count: int, names: Mapping[int, str]) -> None:
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
            self._done.append(_RecordedStep(step, step.described(names)))

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

    def names(self, undo_count: int) -> tuple[str, str]:
        """Return the names of what undo and redo would change now; empty where they are unknown.

        undo_count  the number of steps that the session can undo: a propagation under way is one of them, and
                    is recorded at its end.
        """
        with self._lock:
            is_recorded = bool(self._done) and len(self._done) == undo_count
            return self._done[-1].name if is_recorded else "", self._undone[-1].name if self._undone else ""

    def kept_names(self) -> StepNames:
        """Return the names of the newest steps, for the project."""
        with self._lock:
            done = tuple(each.name for each in self._done[-_NAMES_KEPT:])
            return StepNames(done, tuple(each.name for each in self._undone[-_NAMES_KEPT:]))

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
