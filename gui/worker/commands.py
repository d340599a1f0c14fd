"""Commands: one value for each request of the user, run by the worker. No Qt.

A command yields each change as it happens. What it did is recorded as steps of a script, so that the work can
be replayed outside the window with the same masks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from inference_core.errors import NotReadyError, UserError
from inference_core.types import Direction, FrameMask, Interaction, Progress, Stroke, Tool, UInt8Array
from mivos_studio.project.playable import ReadIds
from mivos_studio.project.playback import check_masks, perform_numbered
from mivos_studio.project.script import Script, check_script
from mivos_studio.project.steps import AddObject, Propagate, Redo, Step, StepRecord, Undo

if TYPE_CHECKING:
    from gui.worker.project_saver import ProjectSaver
    from inference_core.session import Session
    from mivos_studio.media.export.export_format import ExportFormat
    from mivos_studio.media.export.job import ExportJob

Change = FrameMask | Progress
Changes = Generator[Change, None, None]


class Command(ABC):
    """One request of the user."""

    is_long = False
    """Whether it can be cancelled."""
    changes_session = True
    """Whether it changes what a script records."""
    is_interruptible = False
    """Whether short commands may run between two of its changes."""

    @property
    @abstractmethod
    def title(self) -> str:
        """Text of the status line while it runs."""

    @property
    def note(self) -> str:
        """Text of the banner when it is done; empty where the canvas shows the result."""
        return ""

    @abstractmethod
    def run(self, session: Session, record: StepRecord) -> Changes:
        """Run it, yielding each change. Closing the generator stops it and keeps what is done."""


@dataclass(frozen=True, eq=False)
class EditCommand(Command):
    """Runs one short step: a stroke, a reset, an undo, a lock."""

    step: Step

    @property
    def title(self) -> str:
        """The step's title."""
        return self.step.title

    def run(self, session: Session, record: StepRecord) -> Changes:
        """Perform the step and record it; one that changes nothing is not recorded."""
        yield from self.step.perform_and_record(session, _refuse_file, record)


@dataclass(frozen=True, eq=False)
class UndoCommand(Command):
    """Undoes the newest step, but none that existed before the user's first.

    initial_undo_count  returns how many those are. It is called when the command runs: the command may be
                        submitted before the session is open.
    """

    initial_undo_count: Callable[[], int]

    title = "Undo"

    def run(self, session: Session, record: StepRecord) -> Changes:
        """Undo the newest step if it is the user's."""
        if session.undo_count > self.initial_undo_count():
            yield from Undo().perform_and_record(session, _refuse_file, record)


@dataclass(frozen=True, eq=False)
class GoToStepCommand(Command):
    """Undoes or redoes steps until so many are done, or until there is none left to redo."""

    undo_count: int

    title = "Go to a step"

    def run(self, session: Session, record: StepRecord) -> Changes:
        """Undo or redo one after the other; each frame that has changed is yielded once, at the end."""
        frames: set[int] = set()
        while session.undo_count > self.undo_count:
            frames.update(session.undo().frames)
            record.add(Undo())
        while session.undo_count < self.undo_count and session.can_redo:
            frames.update(session.redo().frames)
            record.add(Redo())
        for frame_index in sorted(frames):
            yield FrameMask(frame_index, session.ids(frame_index))


@dataclass(frozen=True, eq=False)
class AddObjectCommand(Command):
    """Adds an object; the session chooses its id."""

    title = "Add object"

    def run(self, session: Session, record: StepRecord) -> Changes:
        """Add the object; no frame changes."""
        object_id = session.add_object()
        record.add(AddObject(object_id, session.objects[-1].name))
        yield from ()


@dataclass(frozen=True)
class PropagateCommand(Command):
    """Propagates from every draft, then what a cancelled propagation left; not from drafts drawn meanwhile.

    It is one undo step; what is done during it is behind it.
    """

    direction: Direction = Direction.BOTH

    is_long = True
    is_interruptible = True

    @property
    def title(self) -> str:
        """Name the command, with its direction unless it is both."""
        return "Propagate" if self.direction is Direction.BOTH else f"Propagate {self.direction.value}"

    def run(self, session: Session, record: StepRecord) -> Changes:
        """Propagate; one that was stopped is recorded with its number of finished frames."""
        if not session.drafts and not session.unfinished:
            raise NotReadyError("Draw on a frame before propagating.")
        step = Propagate(None, self.direction)
        yield from step.perform_and_record(session, _refuse_file, record)


@dataclass(frozen=True, eq=False)
class PlayScriptCommand(Command):
    """Performs a script's steps. It is not interruptible: strokes in between would change the result."""

    script: Script
    frame_count: int
    read_ids: ReadIds
    notices: tuple[str, ...] = ()
    """Sentences on the script, shown when it has been played."""

    title = "Play script"
    is_long = True

    @property
    def note(self) -> str:
        """Say that the script has ended."""
        return " ".join(("The script has been played.", *self.notices))

    def run(self, session: Session, record: StepRecord) -> Changes:
        """Perform the steps; those that change anything are recorded as if the user had performed them.

        A UserError is raised with the step's number in the script, and before anything is changed where the
        script does not fit the clip or a mask cannot be read.
        """
        check_script(self.script, self.frame_count)
        check_masks(self.script, self.read_ids)
        began_s = perf_counter()
        for missing in self._missing_objects(session):
            yield from missing.perform_and_record(session, self.read_ids, record)
        for number, step in enumerate(self.script.steps, start=1):
            folder = self.script.folder
            yield from perform_numbered(step, number, session, folder, self.read_ids, record)
            yield Progress(number, len(self.script.steps), perf_counter() - began_s)

    def _missing_objects(self, session: Session) -> list[AddObject]:
        known = {each.object_id for each in session.objects}
        return [AddObject(o.object_id, o.name) for o in self.script.objects if o.object_id not in known]


@dataclass(frozen=True, eq=False)
class SaveProjectCommand(Command):
    """Saves the project under a name, or where it is if path is None."""

    saver: ProjectSaver
    path: Path | None = None
    replaces: bool = False

    title = "Save project"
    changes_session = False

    @property
    def note(self) -> str:
        """Say where the work is."""
        return f"All your work is in {self.path or self.saver.project.path}."

    def run(self, session: Session, record: StepRecord) -> Changes:
        """Save; the session is not changed."""
        del record
        if self.path is None:
            self.saver.check_writable()
            self.saver.save(session)
        else:
            self.saver.save_as(session, self.path, replaces=self.replaces)
        yield from ()


@dataclass(frozen=True, eq=False)
class CollectCommand(Command):
    """Copies the project and its clip into a folder."""

    saver: ProjectSaver
    folder: Path

    title = "Collect into folder"
    changes_session = False

    @property
    def note(self) -> str:
        """Say where the copies are."""
        return f"The project and its clip are in {self.folder}."

    def run(self, session: Session, record: StepRecord) -> Changes:
        """Copy; the session is not changed."""
        del record
        self.saver.collect(session, self.folder)
        yield from ()


@dataclass(frozen=True, eq=False)
class ExportCommand(Command):
    """Writes the masks to files. It is not interruptible, so that all files show the same state."""

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
        """Say which folder the masks are in."""
        return f"The masks are in {self.path}."

    def run(self, session: Session, record: StepRecord) -> Changes:
        """Write frame by frame; if stopped, no files are left."""
        del session, record  # an export is not a step of the script
        began_s = perf_counter()
        writing = self.export_format.write(
            self.job, self.path, force=self.replaces, inputs=self.inputs, sources=self.sources
        )
        with closing(writing):
            for done, total in writing:
                yield Progress(done, total, perf_counter() - began_s)


def absent_interaction(frame_index: int, object_id: int, size: tuple[int, int]) -> Interaction:
    """Return a negative lasso around a whole frame, size (height, width): the object is not there."""
    height, width = size
    corners = np.array([(-1, -1), (width, -1), (width, height), (-1, height)], np.float32)
    return Interaction(Tool.LASSO, Stroke(frame_index, object_id, corners, is_positive=False))


def _refuse_file(file: Path, frame_index: int) -> UInt8Array:
    raise UserError(f"No mask can be read for frame {frame_index}: {file} is not part of a script.")
