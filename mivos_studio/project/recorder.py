"""Record the steps that are performed on a session, for scripts and the project."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from mivos_studio.project.script import Script, ScriptObject
from mivos_studio.project.standing import standing_script, standing_steps
from mivos_studio.project.steps import AddObject, Draw, Meanwhile, Propagate, Step, StepRecord, Undo

INCOMPLETE = (
    "The project does not hold all steps of its work: what was undone is in the script too, and the masks"
    " that it makes may differ."
)
"""What is said of a script of a recorder that is not complete."""


class ScriptRecorder:
    """Keeps every step that has changed the session, in order; from any thread (`steps.StepRecord`)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._objects: list[ScriptObject] = []
        self._steps: list[Step] = []
        self._taken = 0
        self._is_first_take = True
        self._meanwhile: list[Meanwhile] = []
        self._running: Step | None = None
        self._is_complete = True

    def add_initial_object(self, object_id: int, name: str) -> None:
        """Add an object that existed before the first step."""
        with self._lock:
            self._objects.append(ScriptObject(object_id, name))

    def load(self, steps: Sequence[Step]) -> None:
        """Go on from the steps that a project holds."""
        with self._lock:
            # As in the session that made the project, a script declares the objects that came first.
            self._objects = []
            for step in steps:
                if not isinstance(step, AddObject):
                    break
                self._objects.append(ScriptObject(step.object_id, step.name))
            self._steps = [*steps[len(self._objects) :]]
            self._taken, self._is_first_take = len(self._steps), False

    def start(self, undo_count: int) -> None:
        """Start recording, with as many undo steps as the session has already."""
        with self._lock:
            self._is_complete = len(standing_steps(self._script(Path()))) == undo_count

    @property
    def is_complete(self) -> bool:
        """Whether the steps that a project held are those of its session."""
        return self._is_complete

    def add(self, step: Step) -> None:
        """Add a step that has changed the session."""
        with self._lock:
            self._steps.append(self._with_meanwhile(step))
            self._meanwhile, self._running = [], None

    def set_running(self, step: Step | None) -> None:
        """Set the propagation under way, as if it were stopped now; None where there is none."""
        with self._lock:
            self._running = step

    def during(self, frames_done: int) -> StepRecord:
        """Return what records steps during a propagation that has finished so many frames.

        They become part of the propagation's step, which is added when that ends.
        """
        return _DuringRecord(self, frames_done)

    def add_meanwhile(self, step: Step, frames_done: int) -> None:
        """Add a step during a propagation; see `during`."""
        with self._lock:
            self._meanwhile.append(Meanwhile(frames_done, step))

    @property
    def running(self) -> Step | None:
        """The propagation under way with what has been done during it so far; None where there is none."""
        with self._lock:
            return None if self._running is None else self._with_meanwhile(self._running)

    def script(self, folder: Path, *, with_undone: bool = True) -> Script:
        """Return the steps as a script whose relative paths start from the folder.

        with_undone  all steps; otherwise what stands, unless the record is not complete.
        A propagation under way is in it as far as it has come.
        """
        with self._lock:
            script = self._script(folder)
        return script if with_undone or not self._is_complete else standing_script(script)

    @property
    def has_undone(self) -> bool:
        """Whether a script of all steps differs from one of those that stand."""
        steps = self.script(Path()).steps
        return self._is_complete and any(
            isinstance(each, Undo) for step in steps for each in (step, *step.parts)
        )

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
        return _describe(standing_steps(self.script(Path()))[initial_undo_count:])

    def _script(self, folder: Path) -> Script:
        running = [] if self._running is None else [self._with_meanwhile(self._running)]
        return Script(tuple(self._objects), (*self._steps, *running), folder)

    def _with_meanwhile(self, step: Step) -> Step:
        if isinstance(step, Propagate) and self._meanwhile:
            return replace(step, meanwhile=(*step.meanwhile, *self._meanwhile))
        return step


class _DuringRecord:
    """Records steps during a propagation; see `ScriptRecorder.during`."""

    def __init__(self, recorder: ScriptRecorder, frames_done: int) -> None:
        self._recorder = recorder
        self._frames_done = frames_done

    def add(self, step: Step) -> None:
        self._recorder.add_meanwhile(step, self._frames_done)

    def set_running(self, step: Step | None) -> None:
        """Nothing runs for long during a propagation."""


def _describe(steps: Sequence[Step]) -> tuple[str, ...]:
    frames = {step.interaction.frame_index for step in steps if isinstance(step, Draw)}
    strokes = sum(isinstance(step, Draw) for step in steps)
    nouns = Counter(step.noun for step in steps if not isinstance(step, Draw))
    others = nouns.pop(Step.noun, 0)
    parts = (
        (strokes, f"{_counted_noun(strokes, 'stroke')} on {_counted_noun(len(frames), 'frame')}"),
        *((count, _counted_noun(count, noun)) for noun, count in nouns.items()),
        (others, _counted_noun(others, Step.noun)),
    )
    return tuple(text for count, text in parts if count)


def _counted_noun(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
