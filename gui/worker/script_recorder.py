"""What has been done in the window, as steps of a script. Written by the worker, read by the window.

It also knows which of that is in no file yet: the steps that the session could take back now, held against
those of the moment when a script was saved.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mivos_studio.project.script import Script, ScriptObject
from mivos_studio.project.steps import Draw, Propagate, Redo, Step, Undo


@dataclass(frozen=True, eq=False)
class _Done:
    """One step that the session can take back; None stands for one that nobody wrote down."""

    step: Step | None = None


Mark = tuple[_Done, ...]
"""A state of the work: the steps that led to it."""


@dataclass(frozen=True)
class Kept:
    """A script, and which state of the work it holds."""

    script: Script
    mark: Mark


class ScriptRecorder:
    """Steps in the order in which the session took them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._objects: list[ScriptObject] = []
        self._steps: list[Step] = []
        self._done: list[_Done] = []
        self._undone: list[_Done] = []
        self._saved: Mark = ()

    def declare(self, object_id: int, name: str) -> None:
        """Note an object that was there before the first step."""
        with self._lock:
            self._objects.append(ScriptObject(object_id, name))

    def begin(self, undo_count: int) -> None:
        """Note how many steps the session could take back before the editor's first."""
        with self._lock:
            self._done = [_Done() for _ in range(undo_count)]
            self._saved = tuple(self._done)

    def record(self, step: Step, undo_count: int) -> None:
        """Note a step that the session has taken, and how many it can take back now.

        The count tells whether anything changed: undo where there is nothing to undo is a step of the script,
        and no change.
        """
        with self._lock:
            self._steps.append(step)
            while len(self._done) > undo_count:
                self._undone.append(self._done.pop())
            if isinstance(step, Redo):
                while len(self._done) < undo_count and self._undone:
                    self._done.append(self._undone.pop())
            elif not isinstance(step, Undo) and len(self._done) < undo_count:
                self._undone.clear()
                self._done += [_Done() for _ in range(undo_count - len(self._done) - 1)]
                self._done.append(_Done(step))

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been done."""
        with self._lock:
            return not self._steps

    def script(self, folder: Path) -> Script:
        """Give all of it as a script that lies in a folder."""
        return self.kept(folder).script

    def kept(self, folder: Path) -> Kept:
        """Give all of it as a script that lies in a folder, to be told of by `has_saved`."""
        with self._lock:
            return Kept(Script(tuple(self._objects), tuple(self._steps), folder), tuple(self._done))

    def has_saved(self, kept: Kept) -> None:
        """A script is in a file now."""
        with self._lock:
            self._saved = kept.mark

    def unsaved(self) -> tuple[str, ...]:
        """Say what would be lost, as "12 strokes on 3 frames" and "2 propagations"."""
        with self._lock:
            done, saved = tuple(self._done), self._saved
        common = 0
        while common < min(len(done), len(saved)) and done[common] is saved[common]:
            common += 1
        return _in_words([each.step for each in done[common:]], len(saved) - common)


def _in_words(steps: Sequence[Step | None], taken_back: int) -> tuple[str, ...]:
    frames = {step.interaction.frame_index for step in steps if isinstance(step, Draw)}
    strokes = sum(isinstance(step, Draw) for step in steps)
    propagations = sum(isinstance(step, Propagate) for step in steps)
    others = len(steps) - strokes - propagations
    undone = f"that {_counted(taken_back, 'saved step')} {'was' if taken_back == 1 else 'were'} undone"
    parts = (
        (strokes, f"{_counted(strokes, 'stroke')} on {_counted(len(frames), 'frame')}"),
        (propagations, _counted(propagations, "propagation")),
        (others, _counted(others, "other change")),
        (taken_back, undone),
    )
    return tuple(text for count, text in parts if count)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
