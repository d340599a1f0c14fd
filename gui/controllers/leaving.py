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


class LeaveGuard(QObject):
    """Asks once, and does what was wanted as soon as nothing is lost by it that the editor wants to keep."""

    def __init__(self, window: QWidget, controller: Controller, files: FileController) -> None:
        super().__init__(window)
        self._window = window
        self._controller = controller
        self._files = files
        self._wanted: tuple[Path, Callable[[], None]] | None = None
        self._is_asking = False
        self._later: Callable[[], None] | None = None
        self._is_given_up = False
        controller.submitted.connect(self.ask_again)
        controller.became_idle.connect(self._save_at_rest)

    @property
    def has_unsaved_work(self) -> bool:
        """Whether there is work that is in no file, and that the editor has not given up."""
        return not self._is_given_up and bool(self._unsaved())

    def give_up(self) -> None:
        """The work so far may go; work that comes from now on is another matter."""
        self._is_given_up = True

    def ask_again(self) -> None:
        """What was given up has stayed after all, or more has come."""
        self._is_given_up = False

    def leave(self, go_on: Callable[[], None], *, waits: bool = False) -> None:
        """Do it at once where no work is lost; else ask, and do it later or not at all.

        There is one question at a time. What is wanted meanwhile is not done, or, with waits, its turn comes
        when the question is answered and the answer carried out.
        """
        if self._is_asking or self._wanted is not None:
            self._later = go_on if waits else self._later
            return
        if not self.has_unsaved_work:
            go_on()
            return
        dialog = UnsavedDialog(self._files.clip_name, self._unsaved(), self._window)
        dialog.finished.connect(lambda answer: self._on_answer(answer, go_on))
        self._is_asking = True
        dialog.open()

    def _on_answer(self, answer: int, go_on: Callable[[], None]) -> None:
        self._is_asking = False
        if answer == QMessageBox.StandardButton.Discard:
            self.give_up()
            go_on()
        elif answer == QMessageBox.StandardButton.Save:
            path = self._files.asked_script_path()
            if path is not None:
                self._wanted = (path, go_on)
                # The script is to hold all that there is at the end of what is under way.
                self._controller.cancel()
                self._save_at_rest()
        self._take_up_later()

    def _save_at_rest(self) -> None:
        """Write the script that is wanted, if one is; where that fails, all stays as it is."""
        if self._wanted is None or self._controller.is_busy:
            return
        (path, go_on), self._wanted = self._wanted, None
        if self._files.save_script(path):
            go_on()
        self._take_up_later()

    def _take_up_later(self) -> None:
        if self._wanted is None and self._later is not None:
            go_on, self._later = self._later, None
            self.leave(go_on)

    def _unsaved(self) -> str:
        parts = list(self._files.unsaved_work())
        if self._controller.is_changing_session:
            parts.append(_UNDER_WAY)
        return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))
