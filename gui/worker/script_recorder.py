"""Record the steps performed in the window for a script. Written by the worker, read by the window.

Unsaved work is found by comparing the steps that the session can undo now with those at the last save.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from mivos_studio.project.script import Script, ScriptObject
from mivos_studio.project.steps import Draw, Meanwhile, Propagate, Redo, Step, Undo


@dataclass(eq=False)
class _RecordedStep:
    """One step that the session can undo; step is None where it was not recorded, or not yet."""

    step: Step | None = None


WorkState = tuple[_RecordedStep, ...]
"""A state of the work: the steps that led to it. Steps are compared by identity."""


@dataclass(frozen=True)
class ScriptSnapshot:
    """A script and the state of the work that it holds."""

    script: Script
    state: WorkState


class ScriptRecorder:
    """Keeps the steps in the order in which the session performed them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._objects: list[ScriptObject] = []
        self._steps: list[Step] = []
        self._done: list[_RecordedStep] = []
        self._undone: list[_RecordedStep] = []
        self._saved: WorkState = ()
        self._meanwhile: list[Meanwhile] = []
        self._running: _RecordedStep | None = None

    def add_initial_object(self, object_id: int, name: str) -> None:
        """Add an object that existed before the first step."""
        with self._lock:
            self._objects.append(ScriptObject(object_id, name))

    def start(self, undo_count: int) -> None:
        """Start recording, with as many undo steps as the session had before the user's first."""
        with self._lock:
            self._done = [_RecordedStep() for _ in range(undo_count)]
            self._saved = tuple(self._done)

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

    @property
    def is_empty(self) -> bool:
        """Whether no step has been recorded."""
        with self._lock:
            return not self._steps

    def script(self, folder: Path) -> Script:
        """Return all steps as a script whose relative paths start from the folder."""
        return self.snapshot(folder).script

    def snapshot(self, folder: Path) -> ScriptSnapshot:
        """Return the script and the state it holds, for `mark_saved` once it is in a file."""
        with self._lock:
            return ScriptSnapshot(Script(tuple(self._objects), tuple(self._steps), folder), tuple(self._done))

    def mark_saved(self, snapshot: ScriptSnapshot) -> None:
        """Treat this state as saved."""
        with self._lock:
            self._saved = snapshot.state

    def describe_unsaved(self) -> tuple[str, ...]:
        """Describe the work that is in no script, as ("12 strokes on 3 frames", "2 propagations")."""
        with self._lock:
            done, saved = tuple(self._done), self._saved
        common = 0
        while common < min(len(done), len(saved)) and done[common] is saved[common]:
            common += 1
        return _describe([each.step for each in done[common:]], len(saved) - common)


def _describe(steps: Sequence[Step | None], taken_back: int) -> tuple[str, ...]:
    frames = {step.interaction.frame_index for step in steps if isinstance(step, Draw)}
    strokes = sum(isinstance(step, Draw) for step in steps)
    nouns = Counter(step.noun if step else Step.noun for step in steps if not isinstance(step, Draw))
    others = nouns.pop(Step.noun, 0)
    undone = f"that {_counted_noun(taken_back, 'saved step')} {'was' if taken_back == 1 else 'were'} undone"
    parts = (
        (strokes, f"{_counted_noun(strokes, 'stroke')} on {_counted_noun(len(frames), 'frame')}"),
        *((count, _counted_noun(count, noun)) for noun, count in nouns.items()),
        (others, _counted_noun(others, Step.noun)),
        (taken_back, undone),
    )
    return tuple(text for count, text in parts if count)


def _counted_noun(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
