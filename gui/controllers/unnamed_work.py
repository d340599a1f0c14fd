"""Before the window is closed or another clip is opened: ask about work without a name, finish what runs."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from PyQt5.QtCore import QObject
from PyQt5.QtWidgets import QWidget

from gui.controllers.controller import Controller
from gui.controllers.project_controller import ProjectController, SavePlace
from gui.panels.dialogs.unnamed_dialog import DISCARD, KEEP, SAVE, UnnamedDialog

_WAITING = "What is under way is finished first; close again to leave at once."

Proceed = Callable[[], None]


class _Answer(Enum):
    """What becomes of the work without a name."""

    KEEP = auto()
    DISCARD = auto()


class UnnamedWorkGuard(QObject):
    """Runs an action once no work is lost by it: at once, or after the user has answered and work has ended.

    There is no other unsaved work: a project is saved with every change.
    """

    def __init__(self, window: QWidget, controller: Controller, projects: ProjectController) -> None:
        super().__init__(window)
        self._window = window
        self._controller = controller
        self._projects = projects
        self._answer: _Answer | None = None
        self._when_idle: Proceed | None = None
        self._is_saving = False
        self._is_dialog_open = False
        self._queued: tuple[Proceed, Proceed] | None = None
        controller.submitted.connect(self.clear_answer)
        controller.became_idle.connect(self._on_idle)

    @property
    def must_ask(self) -> bool:
        """Whether there is work without a name, or that could not be saved, and no answer about it."""
        has_work = self._projects.has_unnamed_work or bool(self._projects.save_failure)
        return self._answer is None and has_work

    @property
    def may_leave(self) -> bool:
        """Whether nothing is to be asked, and nothing to be waited for."""
        is_waiting = self._answer is not _Answer.DISCARD and self._controller.is_changing_session
        return not self.must_ask and not is_waiting

    @property
    def is_discarded(self) -> bool:
        """Whether the user has discarded the work."""
        return self._answer is _Answer.DISCARD

    def mark_kept(self) -> None:
        """Do not ask about the work so far, which stays in its project; later work clears this."""
        self._answer = _Answer.KEEP

    def mark_discarded(self) -> None:
        """Do not ask about the work so far, and remove it if it has no name; later work clears this."""
        self._answer = _Answer.DISCARD

    def clear_answer(self) -> None:
        """Ask again: the work is still there, or there is more."""
        self._answer = None

    def ask_first(self, proceed: Proceed) -> None:
        """Call proceed after the user has answered, without waiting for work under way."""
        if self._is_dialog_open or self._when_idle is not None or self._is_saving:
            return
        if self.must_ask:
            self._ask(proceed, lambda: None)
        else:
            proceed()

    def confirm(
        self, proceed: Proceed, *, is_queued: bool = False, on_cancel: Proceed = lambda: None
    ) -> None:
        """Call proceed after the user has answered and the work under way has ended, or on_cancel.

        Only one dialog is open at a time. A call meanwhile is dropped, or, with is_queued, handled after the
        dialog is closed. A second call while work is waited for does not wait any longer.
        """
        if self._is_dialog_open or self._is_saving or (is_queued and self._when_idle is not None):
            self._queued = (proceed, on_cancel) if is_queued else self._queued
        elif self._when_idle is not None:
            self._when_idle = None
            proceed()
        elif self.may_leave:
            proceed()
        elif self.must_ask:
            self._ask(proceed, on_cancel)
        else:
            self._wait(proceed)

    def _ask(self, proceed: Proceed, on_cancel: Proceed) -> None:
        projects = self._projects
        dialog = UnnamedDialog(projects.name, projects.describe_work(), projects.save_failure, self._window)
        dialog.finished.connect(lambda answer: self._on_answer(answer, proceed, on_cancel))
        self._is_dialog_open = True
        dialog.open()

    def _on_answer(self, answer: int, proceed: Proceed, on_cancel: Proceed) -> None:
        self._is_dialog_open = False
        place = self._projects.ask_for_path() if answer == SAVE else None
        if answer == DISCARD and self._projects.save_failure:
            self._keep(proceed)  # what was saved before stays
        elif answer == DISCARD:
            self.mark_discarded()
            proceed()
        elif answer == KEEP:
            self._wait(lambda: self._keep(proceed))
        elif place is not None:
            self._wait(lambda: self._save(place, proceed, on_cancel))
        else:
            on_cancel()
        self._run_queued()

    def _keep(self, proceed: Proceed) -> None:
        self.mark_kept()
        proceed()

    def _save(self, place: SavePlace, proceed: Proceed, on_cancel: Proceed) -> None:
        """Save under a name; proceed only if that succeeds."""

        def on_saved(is_saved: bool) -> None:
            self._is_saving = False
            (proceed if is_saved else on_cancel)()
            self._run_queued()

        self._is_saving = True
        self._projects.save_as(place, on_saved)

    def _wait(self, proceed: Proceed) -> None:
        """Call proceed once no command is running or queued; a long one is cancelled."""
        self._when_idle = proceed
        self._controller.cancel()
        if self._controller.is_busy:
            self._projects.show_note(_WAITING)
        self._on_idle()

    def _on_idle(self) -> None:
        if self._when_idle is None or self._controller.is_busy:
            return
        proceed, self._when_idle = self._when_idle, None
        proceed()
        self._run_queued()

    def _run_queued(self) -> None:
        is_free = not (self._is_dialog_open or self._is_saving or self._when_idle is not None)
        if is_free and self._queued is not None:
            (proceed, on_cancel), self._queued = self._queued, None
            self.confirm(proceed, on_cancel=on_cancel)
