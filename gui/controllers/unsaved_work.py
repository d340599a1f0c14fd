"""Work that is in no file is not left without a question: on closing the window, on opening another clip."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt5.QtCore import QObject
from PyQt5.QtWidgets import QMessageBox, QWidget

from gui.controllers.controller import Controller
from gui.controllers.file_controller import FileController
from gui.panels.dialogs.unsaved_dialog import UnsavedDialog

_UNDER_WAY = "the work under way"


class UnsavedWorkGuard(QObject):
    """Asks once, and does what was wanted as soon as nothing is lost by it that the editor wants to keep."""

    def __init__(self, window: QWidget, controller: Controller, files: FileController) -> None:
        super().__init__(window)
        self._window = window
        self._controller = controller
        self._files = files
        self._pending_save: tuple[Path, Callable[[], None]] | None = None
        self._is_dialog_open = False
        self._queued: Callable[[], None] | None = None
        self._is_discarded = False
        controller.submitted.connect(self.clear_discarded)
        controller.became_idle.connect(self._save_when_idle)

    @property
    def has_unsaved_work(self) -> bool:
        """Whether there is work that is in no file, and that the editor has not given up."""
        return not self._is_discarded and bool(self._describe_unsaved())

    def mark_discarded(self) -> None:
        """The work so far may go; work that comes from now on is another matter."""
        self._is_discarded = True

    def clear_discarded(self) -> None:
        """What was given up has stayed after all, or more has come."""
        self._is_discarded = False

    def confirm(self, proceed: Callable[[], None], *, is_queued: bool = False) -> None:
        """Do it at once where no work is lost; else ask, and do it later or not at all.

        There is one question at a time. What is wanted meanwhile is not done, or, with is_queued, its turn comes
        when the question is answered and the answer carried out.
        """
        if self._is_dialog_open or self._pending_save is not None:
            self._queued = proceed if is_queued else self._queued
            return
        if not self.has_unsaved_work:
            proceed()
            return
        dialog = UnsavedDialog(self._files.clip_name, self._describe_unsaved(), self._window)
        dialog.finished.connect(lambda answer: self._on_answer(answer, proceed))
        self._is_dialog_open = True
        dialog.open()

    def _on_answer(self, answer: int, proceed: Callable[[], None]) -> None:
        self._is_dialog_open = False
        if answer == QMessageBox.StandardButton.Discard:
            self.mark_discarded()
            proceed()
        elif answer == QMessageBox.StandardButton.Save:
            path = self._files.ask_for_script_path()
            if path is not None:
                self._pending_save = (path, proceed)
                # The script is to hold all that there is at the end of what is under way.
                self._controller.cancel()
                self._save_when_idle()
        self._run_queued()

    def _save_when_idle(self) -> None:
        """Write the script that is wanted, if one is; where that fails, all stays as it is."""
        if self._pending_save is None or self._controller.is_busy:
            return
        (path, proceed), self._pending_save = self._pending_save, None
        if self._files.save_script(path):
            proceed()
        self._run_queued()

    def _run_queued(self) -> None:
        if self._pending_save is None and self._queued is not None:
            proceed, self._queued = self._queued, None
            self.confirm(proceed)

    def _describe_unsaved(self) -> str:
        parts = list(self._files.unsaved_work())
        if self._controller.is_changing_session:
            parts.append(_UNDER_WAY)
        return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))
