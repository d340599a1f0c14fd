"""The controller between views and worker: submits commands and shows their results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PyQt5.QtCore import QObject, pyqtSignal
from PyQt5.QtWidgets import QAction

from gui.actions import update_enabled
from gui.canvas.canvas import Canvas
from gui.controllers.navigator import Navigator
from gui.controllers.timeline_presenter import TimelinePresenter, propagation_hint
from gui.crash import show_or_report
from gui.panels.banner import Banner
from gui.panels.object_panel import ObjectPanel, ObjectRow
from gui.panels.propagation_panel import PropagationPanel
from gui.panels.status_line import StatusKind, StatusLine
from gui.panels.timeline import Timeline
from gui.state.overlay import RenderedFrame
from gui.state.view_model import ViewModel
from gui.state.view_state import REGION, ViewState
from gui.worker.commands import (
    AddObjectCommand,
    Change,
    Command,
    EditCommand,
    PlayScriptCommand,
    PropagateCommand,
    UndoCommand,
    absent_interaction,
)
from gui.worker.worker import Ending, OpenedSession, Outcome, Worker
from inference_core.types import Direction, Interaction, Progress, Region, Tool
from mivos_studio.project.steps import Draw, Redo, RemoveObject, RenameObject, Reset, SetLock

if TYPE_CHECKING:
    from inference_core.session import Session

_PROPAGATION_HINT = "Looking around and drawing go on meanwhile."
_NOTHING_PROPAGATED = (
    "Draw on a frame and propagate first: then this leads to the frames that are most doubtful."
)
_ALL_CORRECTED = "Every frame has been corrected."
_STOPPING = "Stopping …"


@dataclass(frozen=True)
class Views:
    """The widgets that the controller updates."""

    canvas: Canvas
    timeline: Timeline
    objects: ObjectPanel
    propagation: PropagationPanel
    status: StatusLine
    banner: Banner


class Controller(QObject):
    """Handles editing; the Navigator handles navigation."""

    submitted = pyqtSignal()
    """A command that changes the session has been submitted."""
    became_idle = pyqtSignal()
    """No command is running or queued any more."""
    opening_cancelled = pyqtSignal()
    """The user has cancelled the opening of a clip."""

    def __init__(
        self, views: Views, actions: Mapping[str, QAction], model: ViewModel, navigator: Navigator
    ) -> None:
        super().__init__(model)
        self._views = views
        self._actions = actions
        self._model = model
        self._navigator = navigator
        self._worker: Worker | None = None
        self._session: Session | None = None
        self._opened: OpenedSession | None = None
        self._pending: list[Command] = []
        self._running: list[Command] = []
        self._finished_strokes: list[Interaction] = []
        self._initial_undo_count = 0
        self._timeline_presenter = TimelinePresenter(views.timeline)
        views.canvas.interaction_made.connect(self._on_interaction)
        views.canvas.region_chosen.connect(self.choose_region)
        views.canvas.radius_stepped.connect(self.step_radius)
        views.objects.chosen.connect(self.choose_object)
        views.objects.visibility_chosen.connect(self._on_visibility)
        views.objects.lock_chosen.connect(self._on_lock)
        views.objects.renamed.connect(self._on_renamed)
        model.changed.connect(self._on_state)
        self._update_enabled()

    @property
    def session(self) -> Session | None:
        """The session, once it is open, for reading only."""
        return self._session

    @property
    def opened(self) -> OpenedSession | None:
        """The session with its family of networks, once it is open."""
        return self._opened

    @property
    def is_busy(self) -> bool:
        """Whether a command is running or queued."""
        return bool(self._pending)

    @property
    def is_changing_session(self) -> bool:
        """Whether a command is running or queued that changes what a script records."""
        return any(command.changes_session for command in self._pending)

    # Attaching and detaching a session.

    def attach(self, worker: Worker) -> None:
        """Use a worker, whose session is still being opened; stops the previous one."""
        self.detach()
        self._worker = worker
        worker.connect_until_stop(
            worker.loading, lambda text: self._views.status.set_status(StatusKind.LOADING, text)
        )
        worker.connect_until_stop(worker.opened, self._on_opened)
        worker.connect_until_stop(worker.open_failed, self._on_open_failed)
        worker.connect_until_stop(worker.command_started, self._on_command_started)
        worker.connect_until_stop(worker.changed, self._on_changed)
        worker.connect_until_stop(worker.noticed, self._on_noticed)
        worker.connect_until_stop(worker.command_ended, self._on_command_ended)
        self._views.objects.set_rows((), 0)
        self._update_enabled()

    def detach(self) -> None:
        """Stop the worker, which ends after its current frame, and clear what was shown of it."""
        worker, self._worker, self._session, self._opened = self._worker, None, None, None
        if worker is not None:
            worker.request_stop()
        self._clear_commands()
        self._finished_strokes.clear()
        self._views.status.set_status(StatusKind.LOADING, "")
        self._timeline_presenter.detach()

    def show_opening(self, text: str) -> None:
        """Show the progress of opening a clip; empty where none is being opened."""
        self._views.status.set_status(StatusKind.OPENING, text)
        self._update_enabled()

    def submit(self, command: Command) -> None:
        """Queue a command in the worker, which may still be loading the networks."""
        if self._worker is None:
            self._views.banner.show_error("Open a clip first: File, Open clip.")
            return
        self._pending.append(command)
        self._worker.submit(command)
        if command.changes_session:
            self.submitted.emit()
        self._update_enabled()

    # Requests.

    def choose_tool(self, tool: str) -> None:
        """Select a tool."""
        self._model.set(replace(self._model.state, tool=tool))

    def choose_object(self, object_id: int) -> None:
        """Select an object."""
        self._model.set(replace(self._model.state, object_id=object_id))

    def choose_nth_object(self, number: int) -> None:
        """Select the object of that number in the list, counted from 1."""
        objects = self._session.objects if self._session else ()
        if number <= len(objects):
            self.choose_object(objects[number - 1].object_id)

    def choose_region(self, region: Region) -> None:
        """Restrict interactions to a region until Esc."""
        tool = self._model.state.tool
        tool = Tool.SCRIBBLE if tool == REGION else tool
        self._model.set(replace(self._model.state, region=region, tool=tool))

    def escape(self) -> None:
        """Abort the gesture under way, else leave the region."""
        if not self._views.canvas.abort_gesture():
            self._model.set(replace(self._model.state, region=None))

    def step_radius(self, direction: int) -> None:
        """Make the line a step wider (+1) or thinner (-1)."""
        self._model.set(self._model.state.with_stepped_radius(direction))

    def set_radius(self, radius_px: float) -> None:
        """Set the radius of the line."""
        self._model.set(self._model.state.with_radius(radius_px))

    def undo(self) -> None:
        """Undo the last step."""
        self.submit(UndoCommand(self._initial_undo_count))

    def redo(self) -> None:
        """Redo the last undone step."""
        self.submit(EditCommand(Redo()))

    def reset_frame(self) -> None:
        """Remove the masks of the current frame."""
        self.submit(EditCommand(Reset(self._model.state.frame_index)))

    def mark_absent(self) -> None:
        """Mark the selected object as absent from this frame, with a negative lasso around all of it."""
        state = self._model.state
        self.submit(EditCommand(Draw(absent_interaction(state.frame_index, state.object_id, state.source))))

    def add_object(self) -> None:
        """Add an object; it is selected once the session has added it."""
        self.submit(AddObjectCommand())

    def remove_object(self) -> None:
        """Remove the selected object and its masks."""
        self.submit(EditCommand(RemoveObject(self._model.state.object_id)))

    def rename_object(self) -> None:
        """Start editing the selected object's name in the list."""
        self._views.objects.edit_name(self._model.state.object_id)

    def toggle_lock(self) -> None:
        """Lock or unlock the selected object."""
        for each in self._session.objects if self._session else ():
            if each.object_id == self._model.state.object_id:
                self._on_lock(each.object_id, not each.is_locked)

    def toggle_visibility(self) -> None:
        """Hide or show the selected object."""
        state = self._model.state
        self._on_visibility(state.object_id, state.object_id in state.hidden)

    def propagate(self, direction: Direction) -> None:
        """Propagate the corrected frames, unless a long command is running or queued."""
        if not self._has_long_command:
            self._views.timeline.clear_progress()
            self._navigator.start_following()
            self.submit(PropagateCommand(direction))

    def cancel(self) -> None:
        """Cancel the long command, keeping what is done, and the opening of a clip."""
        if self._views.status.has_status(StatusKind.OPENING):
            self.opening_cancelled.emit()
        if self._worker is not None and self._has_long_command:
            self._views.status.set_status(StatusKind.STOPPING, _STOPPING)
            self._worker.cancel()

    def go_to_next_correction(self) -> None:
        """Go to the frame whose correction is likely to help most; show a note where there is none."""
        session = self._session
        if session is None:
            return
        frame_index = session.next_to_correct()
        if not session.anchors and not session.rounds:
            self._views.banner.show_note(_NOTHING_PROPAGATED)
        elif frame_index is None:
            self._views.banner.show_note(_ALL_CORRECTED)
        else:
            self._navigator.go_to(frame_index)
            if not self._pending:
                description = self._views.timeline.describe(frame_index)
                self._views.status.set_status(StatusKind.SUGGESTION, description)

    # Results.

    def on_frame_rendered(self, rendered: RenderedFrame) -> None:
        """Show a rendered frame, and remove the previews whose masks it shows."""
        self._navigator.on_frame_rendered(rendered)
        for interaction in self._finished_strokes:
            self._views.canvas.remove_preview(interaction)
        self._finished_strokes.clear()

    def _on_opened(self, opened: OpenedSession) -> None:
        self._opened = opened
        session = self._session = opened.session
        self._initial_undo_count = opened.initial_undo_count
        self._views.status.show_session(opened.description)
        self._views.status.set_status(StatusKind.LOADING, "")
        self._timeline_presenter.attach(session)
        self._navigator.show_masks(session.ids, lambda: tuple(o.object_id for o in session.objects))
        self._show_session()

    def _on_open_failed(self, error: BaseException) -> None:
        show_or_report(error, self._views.banner.show_error)
        for command in self._pending:
            self._remove_preview_of(command)
        self.detach()
        self._update_enabled()
        self.became_idle.emit()

    def _on_noticed(self, sentence: str) -> None:
        """Show the notice until it is dismissed, and the session's device, which may have changed."""
        self._views.banner.show_error(sentence)
        if self._opened is not None:
            self._views.status.show_session(self._opened.description)

    def _on_command_started(self, command: Command) -> None:
        self._running.append(command)
        self._views.status.set_status(StatusKind.SUGGESTION, "")
        self._show_command()

    def _on_changed(self, change: Change) -> None:
        if self._worker is not None:
            self._worker.acknowledge()
        if isinstance(change, Progress):
            self._views.propagation.set_progress(change)
            return
        if change.progress is None:
            self._timeline_presenter.update_frame(change.frame_index)
        else:
            self._views.propagation.set_progress(change.progress)
            self._timeline_presenter.add_propagated(change.frame_index)
            if change.progress.done == 1:  # the draft has just become an anchor
                self._show_marks()
            self._navigator.follow(change.frame_index)
        if change.frame_index == self._model.state.frame_index:
            self._navigator.refresh()

    def _on_command_ended(self, outcome: Outcome) -> None:
        self._pending = [command for command in self._pending if command is not outcome.command]
        self._running = [command for command in self._running if command is not outcome.command]
        if outcome.ending is Ending.FAILED and outcome.error is not None:
            show_or_report(outcome.error, self._views.banner.show_error)
            self._remove_preview_of(outcome.command)
        else:
            self._show_outcome(outcome)
        if outcome.ending is Ending.FAILED or isinstance(outcome.command, PlayScriptCommand):
            self._timeline_presenter.update_all()
        self._show_session()
        if not self._pending:
            self.became_idle.emit()

    def _show_outcome(self, outcome: Outcome) -> None:
        command = outcome.command
        if isinstance(command, EditCommand) and isinstance(command.step, Draw):
            self._finished_strokes.append(command.step.interaction)
        elif isinstance(command, AddObjectCommand) and self._session:
            self.choose_object(self._session.objects[-1].object_id)
        elif command.note and outcome.ending is Ending.DONE:
            self._views.banner.show_note(command.note)

    def _clear_commands(self) -> None:
        self._pending.clear()
        self._running.clear()
        self._views.status.set_status(StatusKind.STOPPING, "")
        self._show_command()

    def _remove_preview_of(self, command: Command) -> None:
        if isinstance(command, EditCommand) and isinstance(command.step, Draw):
            self._views.canvas.remove_preview(command.step.interaction)

    # Views.

    def _on_interaction(self, interaction: Interaction) -> None:
        self.submit(EditCommand(Draw(interaction)))

    def _on_lock(self, object_id: int, is_locked: bool) -> None:
        self.submit(EditCommand(SetLock(object_id, is_locked)))

    def _on_renamed(self, object_id: int, name: str) -> None:
        self.submit(EditCommand(RenameObject(object_id, name)))

    def _on_visibility(self, object_id: int, is_visible: bool) -> None:
        self._model.set(self._model.state.with_visibility(object_id, is_visible))

    def _on_state(self, before: ViewState, after: ViewState) -> None:
        self._views.canvas.set_pen(after.pen)
        if after.region != before.region:
            self._views.canvas.set_region(after.region)
        if after.frame_index != before.frame_index:
            self._views.status.set_status(StatusKind.SUGGESTION, "")
        self._show_objects()

    def _show_session(self) -> None:
        """Show the session's current state, without progress if no long command is running."""
        session = self._session
        if session is None:
            return
        if not self._has_long_command:
            self._views.status.set_status(StatusKind.STOPPING, "")
            self._views.timeline.clear_progress()
            self._views.propagation.set_progress(None)
        self._show_command()
        ids = [each.object_id for each in session.objects]
        if ids and self._model.state.object_id not in ids:
            self.choose_object(ids[-1])
        self._show_objects()
        self._show_marks()
        self._update_enabled()
        self._navigator.refresh()

    @property
    def _has_long_command(self) -> bool:
        return any(command.is_long for command in self._pending)

    def _show_command(self) -> None:
        text = f"{self._running[-1].title} …" if self._running else ""
        self._views.status.set_status(StatusKind.COMMAND, text)

    def _show_objects(self) -> None:
        state = self._model.state
        objects = self._session.objects if self._session else ()
        rows = [(o, state.colour(o.object_id), o.object_id not in state.hidden) for o in objects]
        shown = tuple(ObjectRow(o.object_id, o.name, colour, seen, o.is_locked) for o, colour, seen in rows)
        self._views.objects.set_rows(shown, state.object_id)

    def _show_marks(self) -> None:
        session = self._session
        if session is not None:
            self._timeline_presenter.update_marks()
            is_propagating = any(isinstance(command, PropagateCommand) for command in self._pending)
            self._views.propagation.set_hint(
                _PROPAGATION_HINT if is_propagating else propagation_hint(session)
            )

    def _update_enabled(self) -> None:
        update_enabled(
            self._actions,
            self._session,
            initial_undo_count=self._initial_undo_count,
            is_opening=self._views.status.has_status(StatusKind.OPENING),
            is_pending=bool(self._pending),
            is_long=self._has_long_command,
        )
