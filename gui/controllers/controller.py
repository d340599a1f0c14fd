"""The controller between the window and the worker: submits commands and handles what becomes of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PyQt5.QtCore import QObject, pyqtSignal

from gui.canvas.canvas import Canvas
from gui.controllers.navigator import Navigator
from gui.controllers.session_presenter import SessionPresenter
from gui.crash import show_or_report
from gui.state.overlay import RenderedFrame
from gui.state.session_model import Messages
from gui.state.session_view import StatusKind
from gui.state.view_model import ViewModel
from gui.worker.commands import (
    AddObjectCommand,
    Change,
    Command,
    EditCommand,
    PlayScriptCommand,
    UndoCommand,
)
from gui.worker.project_saver import ProjectSaver
from gui.worker.worker import Ending, OpenedSession, Outcome, Worker
from inference_core.types import Interaction, Progress
from mivos_studio.project.steps import Draw

if TYPE_CHECKING:
    from inference_core.session import Session

_STOPPING = "Stopping …"


class Controller(QObject):
    """Submits commands to the worker of the open clip, and passes on their changes and their endings."""

    submitted = pyqtSignal()
    """A command that changes the session has been submitted."""
    became_idle = pyqtSignal()
    """No command is running or queued any more."""
    opening_cancelled = pyqtSignal()
    """The user has cancelled the opening of a clip."""
    progressed = pyqtSignal(object)
    """Progress of the running command; None when no long one runs."""
    session_opened = pyqtSignal(object)
    """OpenedSession."""
    open_failed = pyqtSignal()
    """No session could be opened on the clip; the banner says why."""
    command_done = pyqtSignal(object)
    """Outcome."""
    save_failed = pyqtSignal(object)
    """The error: the session could not be saved in its project."""
    saved_again = pyqtSignal()

    def __init__(
        self,
        model: ViewModel,
        presenter: SessionPresenter,
        messages: Messages,
        canvas: Canvas,
        navigator: Navigator,
    ) -> None:
        super().__init__(model)
        self._model = model
        self._presenter = presenter
        self._messages = messages
        self._canvas = canvas
        self._navigator = navigator
        self._worker: Worker | None = None
        self._opened: OpenedSession | None = None
        self._pending: list[Command] = []
        self._running: list[Command] = []
        self._finished_strokes: list[Interaction] = []

    @property
    def session(self) -> Session | None:
        """The session, once it is open, for reading only."""
        return self._opened.session if self._opened else None

    @property
    def opened(self) -> OpenedSession | None:
        """The session with its family of networks, once it is open."""
        return self._opened

    @property
    def initial_undo_count(self) -> int:
        """The session's undo steps that the user cannot undo."""
        return self._opened.initial_undo_count if self._opened else 0

    @property
    def saver(self) -> ProjectSaver | None:
        """What saves the session in its project; None before it is open, and where there is no project."""
        return self._worker.saver if self._worker is not None and self._opened is not None else None

    @property
    def is_busy(self) -> bool:
        """Whether a command is running or queued."""
        return bool(self._pending)

    @property
    def is_changing_session(self) -> bool:
        """Whether a command is running or queued that changes what a script records."""
        return any(command.changes_session for command in self._pending)

    @property
    def has_long_command(self) -> bool:
        """Whether a command is running or queued that can be cancelled."""
        return any(command.is_long for command in self._pending)

    # Attaching and detaching a session.

    def attach(self, worker: Worker) -> None:
        """Use a worker, whose session is still being opened; stops the previous one."""
        self.detach()
        self._worker = worker
        worker.connect_until_stop(
            worker.loading, lambda text: self._presenter.set_status(StatusKind.LOADING, text)
        )
        worker.connect_until_stop(worker.opened, self._on_opened)
        worker.connect_until_stop(worker.open_failed, self._on_open_failed)
        worker.connect_until_stop(worker.command_started, self._on_command_started)
        worker.connect_until_stop(worker.changed, self._on_changed)
        worker.connect_until_stop(worker.noticed, self._on_noticed)
        worker.connect_until_stop(worker.command_ended, self._on_command_ended)
        worker.connect_until_stop(worker.save_failed, self.save_failed.emit)
        worker.connect_until_stop(worker.saved_again, self.saved_again.emit)

    def detach(self, *, discards: bool = False) -> None:
        """Stop the worker, which ends after its current frame and saves, and clear what was shown of it.

        discards  whether the project is removed if it has no name.
        """
        worker, self._worker, self._opened = self._worker, None, None
        if worker is not None:
            if discards:
                worker.discard_project()
            worker.request_stop()
        self._pending.clear()
        self._running.clear()
        self._finished_strokes.clear()
        self._presenter.detach()
        self.progressed.emit(None)

    def show_opening(self, text: str) -> None:
        """Show the progress of opening a clip; empty where none is being opened."""
        self._presenter.set_status(StatusKind.OPENING, text)

    # Requests.

    def submit(self, command: Command) -> None:
        """Queue a command in the worker, which may still be loading the networks."""
        if self._worker is None:
            self._messages.error.emit("Open a clip first: File, Open clip.")
            return
        self._pending.append(command)
        self._worker.submit(command)
        if command.changes_session:
            self.submitted.emit()
        self._show_commands()

    def undo(self) -> None:
        """Queue an undo of the user's newest step."""
        worker = self._worker
        self.submit(UndoCommand(lambda: worker.initial_undo_count if worker is not None else 0))

    def cancel(self) -> None:
        """Cancel the long command, keeping what is done, and the opening of a clip."""
        if self._presenter.is_opening:
            self.opening_cancelled.emit()
        if self._worker is not None and self.has_long_command:
            self._presenter.set_status(StatusKind.STOPPING, _STOPPING)
            self._worker.cancel()

    # Results.

    def on_frame_rendered(self, rendered: RenderedFrame) -> None:
        """Show a rendered frame, and remove the previews whose masks it shows."""
        self._navigator.on_frame_rendered(rendered)
        for interaction in self._finished_strokes:
            self._canvas.remove_preview(interaction)
        self._finished_strokes.clear()

    def _on_opened(self, opened: OpenedSession) -> None:
        self._opened = opened
        session = opened.session
        self._presenter.attach(opened)
        self._navigator.show_masks(session.ids, lambda: tuple(o.object_id for o in session.objects))
        self._show_session()
        self.session_opened.emit(opened)

    def _on_open_failed(self, error: BaseException) -> None:
        show_or_report(error, self._messages.error.emit)
        for command in self._pending:
            self._remove_preview_of(command)
        self.detach()
        self.became_idle.emit()
        self.open_failed.emit()

    def _on_noticed(self, sentence: str) -> None:
        """Show the notice until it is dismissed, and the session's device, which may have changed."""
        self._messages.error.emit(sentence)
        self._presenter.update_description()

    def _on_command_started(self, command: Command) -> None:
        self._running.append(command)
        self._presenter.set_status(StatusKind.SUGGESTION, "")
        self._show_commands()

    def _on_changed(self, change: Change) -> None:
        if self._worker is not None:
            self._worker.acknowledge()
        if isinstance(change, Progress):
            self.progressed.emit(change)
            return
        timeline = self._presenter.timeline
        if change.progress is None:
            timeline.update_frame(change.frame_index)
        else:
            self.progressed.emit(change.progress)
            timeline.add_propagated(change.frame_index)
            if change.progress.done == 1:  # the draft has just become an anchor
                self._presenter.update_session()
            self._navigator.follow(change.frame_index)
        if change.frame_index == self._model.state.frame_index:
            self._navigator.refresh()

    def _on_command_ended(self, outcome: Outcome) -> None:
        self._pending = [command for command in self._pending if command is not outcome.command]
        self._running = [command for command in self._running if command is not outcome.command]
        if outcome.ending is Ending.FAILED and outcome.error is not None:
            show_or_report(outcome.error, self._messages.error.emit)
            self._remove_preview_of(outcome.command)
        else:
            self._show_outcome(outcome)
        if outcome.ending is Ending.FAILED or isinstance(outcome.command, PlayScriptCommand):
            self._presenter.timeline.update_all()
        self._show_session()
        self.command_done.emit(outcome)
        if not self._pending:
            self.became_idle.emit()

    def _show_outcome(self, outcome: Outcome) -> None:
        command = outcome.command
        if isinstance(command, EditCommand) and isinstance(command.step, Draw):
            self._finished_strokes.append(command.step.interaction)
        elif isinstance(command, AddObjectCommand) and self.session:
            objects = self.session.objects  # none where it was undone or removed since
            if objects:
                self._choose_object(objects[-1].object_id)
        elif command.note and outcome.ending is Ending.DONE:
            self._messages.note.emit(command.note)

    def _remove_preview_of(self, command: Command) -> None:
        if isinstance(command, EditCommand) and isinstance(command.step, Draw):
            self._canvas.remove_preview(command.step.interaction)

    # Views.

    def _show_session(self) -> None:
        """Show the session's current state, without progress if no long command is running."""
        session = self.session
        if session is None:
            return
        if not self.has_long_command:
            self._presenter.timeline.clear_progress()
            self.progressed.emit(None)
        ids = [each.object_id for each in session.objects]
        self._model.set(self._model.state.with_colours(session.objects))
        if ids and self._model.state.object_id not in ids:
            self._choose_object(ids[-1])
        self._show_commands()
        self._presenter.update_session()
        self._navigator.refresh()

    def _show_commands(self) -> None:
        self._presenter.update_commands(self._pending, self._running)

    def _choose_object(self, object_id: int) -> None:
        self._model.set(replace(self._model.state, object_id=object_id))
