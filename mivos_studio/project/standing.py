"""Which steps of a script still stand at its end, when what was undone is left out.

Each step but Undo and Redo must have made one undo step, as those that a `ScriptRecorder` holds: then the
session's history follows from the script alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from mivos_studio.project.script import Script
from mivos_studio.project.steps import AddObject, Meanwhile, Propagate, Redo, Step, Undo


@dataclass(eq=False)
class _UndoStep:
    """One undo step, and the step of the script that made it.

    during  the propagation that was under way, after how many of its frames.
    parts   of a propagation: the undo steps that were made during it, also those undone since.
    """

    step: Step
    during: _UndoStep | None = None
    after: int = 0
    parts: list[_UndoStep] = field(default_factory=list)
    undone_parts: bool = False
    """Of a propagation: whether any step was undone during it."""
    left: tuple[_UndoStep, ...] = ()
    """Of a propagation that one of its parts affected: the undo steps that there were at its end."""

    @property
    def is_affected(self) -> bool:
        """Whether a step that was done during it has changed what it propagates."""
        return any(part.step.affects_propagation for part in self.parts)


@dataclass
class _History:
    """The undo and redo steps that a session has after some steps of a script."""

    done: list[_UndoStep] = field(default_factory=list)
    undone: list[_UndoStep] = field(default_factory=list)

    def follow(self, step: Step, during: _UndoStep | None = None, after: int = 0) -> None:
        """Follow a step, and what was done during it."""
        if isinstance(step, Undo):
            if during is not None:
                during.undone_parts = True
            if self.done:
                self.undone.append(self.done.pop())
        elif isinstance(step, Redo):
            if self.undone:
                self.done.append(self.undone.pop())
        else:
            self._push(_UndoStep(step, during, after))

    def _push(self, added: _UndoStep) -> None:
        self.done.append(added)
        self.undone.clear()
        if added.during is not None:
            added.during.parts.append(added)
        if isinstance(added.step, Propagate):
            for each in added.step.meanwhile:
                self.follow(each.step, added, each.after)
            if added.is_affected:
                added.left = tuple(self.done)


def standing_script(script: Script) -> Script:
    """Return a script of what stands at the end of another: it makes the same masks, bit for bit.

    What was undone of what was done during a propagation stays where it changed what was propagated, as a
    lock does; it is undone behind the propagation.
    """
    declared = _declared(script)
    done = _followed([*declared, *script.steps]).done
    count = 0
    while count < min(len(declared), len(done)) and done[count].step is declared[count]:
        count += 1
    return dataclasses.replace(script, objects=script.objects[:count], steps=tuple(_written(done, count)))


def standing_steps(script: Script) -> tuple[Step, ...]:
    """Return the steps that made the undo steps that a session has after a script, one each.

    The objects of the script's list are the first of them.
    """
    return tuple(made.step for made in _followed([*_declared(script), *script.steps]).done)


def _declared(script: Script) -> list[AddObject]:
    return [AddObject(declared.object_id, declared.name) for declared in script.objects]


def _followed(steps: Iterable[Step]) -> _History:
    history = _History()
    for step in steps:
        history.follow(step)
    return history


def _written(done: Sequence[_UndoStep], first: int) -> Iterator[Step]:
    """Yield steps that make these undo steps, from the first on; those before it are there already."""
    place = first
    while place < len(done):
        made = done[place]
        end = place + 1
        while end < len(done) and done[end].during is made:
            end += 1
        if isinstance(made.step, Propagate):
            yield from _propagation(made, done[:end], done[place + 1 : end])
        else:
            yield made.step
        place = end


def _propagation(made: _UndoStep, done: Sequence[_UndoStep], parts: Sequence[_UndoStep]) -> Iterator[Step]:
    """Yield a propagation with what stands of what was done during it, its parts; done: all up to them."""
    assert isinstance(made.step, Propagate)
    is_all_there = not made.undone_parts and len(parts) == len(made.parts)
    if is_all_there or not made.is_affected:
        during = tuple(Meanwhile(part.after, part.step) for part in parts)
        yield replace(made.step, meanwhile=during)
        return
    yield made.step
    same = 0
    while same < min(len(made.left), len(done)) and made.left[same] is done[same]:
        same += 1
    yield from (Undo() for _ in made.left[same:])
    yield from (Redo() for _ in done[same:])
