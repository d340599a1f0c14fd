"""Write what the window shows of a session and of the commands on it into the SessionModel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PyQt5.QtCore import QObject

from gui.controllers.timeline_presenter import TimelinePresenter
from gui.state.session_model import SessionModel
from gui.state.session_view import Marks, SessionView, StatusKind
from gui.state.view_model import ViewModel
from gui.state.view_state import ViewState
from gui.worker.commands import Command, PropagateCommand
from gui.worker.worker import OpenedSession

if TYPE_CHECKING:
    from inference_core.session import Session

_HINT_WHILE_PROPAGATING = "Looking around and drawing go on meanwhile."


class SessionPresenter(QObject):
    """Reads the session, never changes it; the panels connect to the model and to the timeline's signals."""

    def __init__(self, view_model: ViewModel, model: SessionModel, timeline: TimelinePresenter) -> None:
        super().__init__(model)
        self._model = model
        self._timeline = timeline
        self._opened: OpenedSession | None = None
        self._history_version = -1
        self._is_propagating = False
        view_model.changed.connect(self._on_view_changed)

    @property
    def timeline(self) -> TimelinePresenter:
        """The presenter of the frames."""
        return self._timeline

    @property
    def is_opening(self) -> bool:
        """Whether a clip is being opened."""
        return self._model.state.is_opening

    def describe(self, frame_index: int) -> str:
        """Describe a frame as the timeline does."""
        return self._model.state.marks.describe(frame_index, self._timeline.confidence(frame_index))

    def attach(self, opened: OpenedSession) -> None:
        """Show a session that has just been opened: its networks, and the confidences of all frames."""
        self._opened, self._history_version = opened, -1
        self.set_status(StatusKind.LOADING, "")
        self.update_description()
        self._timeline.attach(opened.session)

    def detach(self) -> None:
        """Show no session; another clip may be being opened."""
        self._opened = None
        self._timeline.detach()
        opening = self._model.state.statuses.get(StatusKind.OPENING, "")
        self._model.set(SessionView().with_status(StatusKind.OPENING, opening))

    def set_status(self, kind: StatusKind, text: str) -> None:
        """Set the status text of a kind; empty removes it."""
        self._model.set(self._model.state.with_status(kind, text))

    def update_description(self) -> None:
        """Show networks, device and precision: a session may change device."""
        if self._opened is not None:
            self._model.set(replace(self._model.state, is_open=True, description=self._opened.description))

    def update_commands(self, pending: Sequence[Command], running: Sequence[Command]) -> None:
        """Show the commands that are running or queued, and what can be undone and redone now.

        running  the commands under way: the last one runs in between the others.
        """
        self._is_propagating = any(isinstance(command, PropagateCommand) for command in pending)
        has_long_command = any(command.is_long for command in pending)
        status = f"{running[-1].title} …" if running else ""
        state = self._model.state.with_status(StatusKind.COMMAND, status)
        if not has_long_command:
            state = state.with_status(StatusKind.STOPPING, "")
        if self._opened is not None:
            state = self._with_history(state, self._opened)
        self._model.set(replace(state, is_busy=bool(pending), has_long_command=has_long_command))

    def update_session(self) -> None:
        """Show objects, corrected frames, steps and the hint; all frames if objects were added or removed."""
        if self._opened is None:
            return
        session = self._opened.session
        objects = session.objects
        names = {each.object_id: each.name for each in objects}
        marks = Marks(frozenset(session.anchors), frozenset(session.drafts), names)
        hint = _HINT_WHILE_PROPAGATING if self._is_propagating else _propagation_hint(session)
        state = self._with_history(self._model.state, self._opened)
        self._model.set(replace(state, objects=objects, marks=marks, hint=hint))
        self._timeline.update_objects(names)

    def _with_history(self, state: SessionView, opened: OpenedSession) -> SessionView:
        """Return a state with the user's steps; they are read only if the session has changed."""
        version = opened.session.version
        if version == self._history_version:
            return state
        self._history_version = version
        history = opened.session.history[opened.initial_undo_count :]
        return replace(state, history=history, undo_count=sum(not step.is_undone for step in history))

    def _on_view_changed(self, before: ViewState, after: ViewState) -> None:
        if after.frame_index != before.frame_index:
            self.set_status(StatusKind.SUGGESTION, "")


def _propagation_hint(session: Session) -> str:
    """Return a sentence on what is not propagated yet, or on what to do next."""
    drafts = sorted(session.drafts)
    if drafts:
        frames = ", ".join(str(i) for i in drafts[:5]) + (" …" if len(drafts) > 5 else "")
        return f"Not propagated yet: frame{'s' if len(drafts) > 1 else ''} {frames}"
    if session.unfinished:
        return "A propagation was cancelled; Propagate goes on with it."
    if session.anchors:
        return "Correct a frame where a mask is wrong, then propagate again."
    return "Draw on a frame, then propagate."
