"""What the window asks of the session, one value a request. The worker runs them; nothing here touches Qt.

A command yields what it changes as it changes. What it did goes into the recorder as steps of a script, so
that the work can be replayed outside the window with the same masks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from inference_core.errors import NotReadyError, UserError
from inference_core.types import Direction, FrameMask, Interaction, Progress, Stroke, Tool, UInt8Array
from mivos_studio.project.playable import ReadIds, found_in
from mivos_studio.project.script import Script, check_script
from mivos_studio.project.steps import AddObject, Propagate, SetIds, Step, Undo

if TYPE_CHECKING:
    from gui.worker.script_recorder import ScriptRecorder
    from inference_core.session import Session
    from mivos_studio.media.export.formats import ExportFormat
    from mivos_studio.media.export.job import ExportJob

RecordStep = Callable[[Step], None]
Change = FrameMask | Progress
Changes = Generator[Change, None, None]


class Command(ABC):
    """One request of the editor."""

    is_long = False
    """Whether it can be cancelled."""
    changes_session = True
    """Whether it changes what a script would keep."""
    is_interruptible = False
    """Whether short commands may run between two of its changes; it is stopped for them and remainder."""

    @property
    @abstractmethod
    def title(self) -> str:
        """What the status line says while it runs."""

    @property
    def note(self) -> str:
        """What the editor is told when it is done, where that is not seen on the canvas."""
        return ""

    @abstractmethod
    def run(self, session: Session, record: RecordStep) -> Changes:
        """Do it. Closing the generator stops it and keeps what is done."""

    def prepared(self, session: Session) -> Command:
        """Fix what it is about, now that its turn has come."""
        del session
        return self

    def remainder(self, session: Session) -> Command | None:
        """What is left to do after it was stopped; None where nothing is."""
        del session
        return None


@dataclass(frozen=True, eq=False)
class EditCommand(Command):
    """A step that is over at once: a stroke, a reset, an undo, a lock."""

    step: Step

    @property
    def title(self) -> str:
        """Name the step."""
        return self.step.title

    def run(self, session: Session, record: RecordStep) -> Changes:
        """Do the step, then write it down: a step that fails is no part of the work."""
        yield from self.step.perform(session, _refuse_file)
        record(self.step)


@dataclass(frozen=True, eq=False)
class UndoCommand(Command):
    """Undo, but never what was there before the editor's first step."""

    initial_undo_count: int

    title = "Undo"

    def run(self, session: Session, record: RecordStep) -> Changes:
        """Take the newest step back, if it is the editor's."""
        if session.undo_count > self.initial_undo_count:
            yield from session.undo()
            record(Undo())


@dataclass(frozen=True, eq=False)
class AddObjectCommand(Command):
    """Add an object; the session says which id it gets."""

    title = "Add object"

    def run(self, session: Session, record: RecordStep) -> Changes:
        """Add it; no frame changes."""
        object_id = session.add_object()
        record(AddObject(object_id, session.objects[-1].name))
        yield from ()


@dataclass(frozen=True)
class PropagateCommand(Command):
    """Propagate every draft in turn, then what a cancelled walk left. Later drafts wait for the next one.

    It is one step of undo. A stroke that comes in between splits it: the part before the stroke, the stroke
    and what follows are steps of their own, in this order.
    """

    direction: Direction = Direction.BOTH
    frame_indices: tuple[int, ...] | None = None

    is_long = True
    is_interruptible = True

    @property
    def title(self) -> str:
        """Say which way."""
        return "Propagate" if self.direction is Direction.BOTH else f"Propagate {self.direction.value}"

    def prepared(self, session: Session) -> PropagateCommand:
        """Fix the frames it starts from."""
        frame_indices = _propagation_starts(session)
        if not frame_indices:
            raise NotReadyError("Draw on a frame before propagating.")
        return replace(self, frame_indices=frame_indices)

    def run(self, session: Session, record: RecordStep) -> Changes:
        """Propagate from each; a walk that is stopped is written down with the frames that it got to."""
        frame_indices = self.frame_indices or ()
        if len(frame_indices) > 1 and set(frame_indices) == set(_propagation_starts(session)):
            yield from self._propagate_from(session, None, record)
            return
        for frame_index in frame_indices:
            if frame_index in _propagation_starts(session):
                yield from self._propagate_from(session, frame_index, record)

    def remainder(self, session: Session) -> PropagateCommand | None:
        """Go on from those that still wait."""
        waiting = _propagation_starts(session)
        left = tuple(i for i in self.frame_indices or () if i in waiting)
        return replace(self, frame_indices=left) if left else None

    def _propagate_from(self, session: Session, frame_index: int | None, record: RecordStep) -> Changes:
        step = Propagate(frame_index, self.direction)
        done = 0
        try:
            with closing(session.propagate(frame_index, self.direction)) as changes:
                for change in changes:
                    done += 1
                    yield change
        except GeneratorExit:
            record(replace(step, stop_after=done))
            raise
        record(step)


@dataclass(frozen=True, eq=False)
class PlayScriptCommand(Command):
    """Repeat what a script says. Strokes wait for it: in between they would make it another work.

    recorder  is told where the script's own file holds all that has been done.
    """

    script: Script
    frame_count: int
    read_ids: ReadIds
    recorder: ScriptRecorder

    title = "Play script"
    is_long = True

    @property
    def note(self) -> str:
        """Say that it is done."""
        return "The script has been played."

    def prepared(self, session: Session) -> PlayScriptCommand:
        """See that the script fits this clip before anything is changed."""
        check_script(self.script, self.frame_count)
        del session
        return self

    def run(self, session: Session, record: RecordStep) -> Changes:
        """Do step after step; every one is written down as if it had been done by hand."""
        steps = (*self._missing_objects(session), *self.script.steps)
        read_ids = found_in(self.script.folder, self.read_ids)
        is_all, began_s = self.recorder.is_empty, perf_counter()
        for number, step in enumerate(steps, start=1):
            yield from step.perform(session, read_ids)
            record(_with_absolute_path(step, self.script.folder))
            yield Progress(number, len(steps), perf_counter() - began_s)
        if is_all:
            self.recorder.has_saved(self.recorder.kept(self.script.folder))

    def _missing_objects(self, session: Session) -> list[Step]:
        known = {each.object_id for each in session.objects}
        return [AddObject(o.object_id, o.name) for o in self.script.objects if o.object_id not in known]


@dataclass(frozen=True, eq=False)
class ExportCommand(Command):
    """Write the masks to files. Strokes wait for it, so that all files are of one moment."""

    export_format: ExportFormat
    job: ExportJob
    path: Path
    replaces: bool
    inputs: tuple[Path, ...] = ()
    """Files in use that are never replaced."""
    sources: tuple[Path, ...] = ()
    """The clip: nothing is written into its folder."""

    title = "Export"
    is_long = True
    changes_session = False

    @property
    def note(self) -> str:
        """Say where the masks are."""
        return f"The masks are in {self.path}."

    def run(self, session: Session, record: RecordStep) -> Changes:
        """Write frame by frame; stopped, it leaves nothing behind."""
        del session, record  # files are no part of the work
        began_s = perf_counter()
        writing = self.export_format.write(
            self.job, self.path, force=self.replaces, inputs=self.inputs, sources=self.sources
        )
        with closing(writing):
            for done, total in writing:
                yield Progress(done, total, perf_counter() - began_s)


def absent_interaction(frame_index: int, object_id: int, size: tuple[int, int]) -> Interaction:
    """Say that an object is not on a frame (height, width): wipe it out with a lasso around all of it."""
    height, width = size
    corners = np.array([(-1, -1), (width, -1), (width, height), (-1, height)], np.float32)
    return Interaction(Tool.LASSO, Stroke(frame_index, object_id, corners, is_positive=False))


def _propagation_starts(session: Session) -> tuple[int, ...]:
    """Frames that a propagation can start from: drafts, then anchors whose walk was cancelled."""
    return tuple(dict.fromkeys((*session.drafts, *session.unfinished)))


def _refuse_file(file: Path, frame_index: int) -> UInt8Array:
    raise UserError(f"No mask can be read for frame {frame_index}: {file} is not part of a script.")


def _with_absolute_path(step: Step, folder: Path) -> Step:
    """Name a mask's file so that it is found from anywhere."""
    return replace(step, file=str((folder / step.file).resolve())) if isinstance(step, SetIds) else step
