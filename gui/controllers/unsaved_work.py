"""Ask before unsaved work is lost: when the window is closed or another clip is opened."""

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
    """Runs an action once no work is lost by it: at once, or after the user has saved or discarded."""

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
        """Whether there is work that is in no file and that the user has not discarded."""
        return not self._is_discarded and bool(self._describe_unsaved())

    def mark_discarded(self) -> None:
        """Do not ask about the work so far; later work clears this."""
        self._is_discarded = True

    def clear_discarded(self) -> None:
        """Ask again: the discarded work is still there, or there is more."""
        self._is_discarded = False

    def confirm(self, proceed: Callable[[], None], *, is_queued: bool = False) -> None:
        """Call proceed at once if there is no unsaved work; else ask, and call it later or not at all.

        Only one dialog is open at a time. A call meanwhile is dropped, or, with is_queued, handled after the
        dialog is closed and the save, if any, is done.
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
                # The script must include the commands under way, so it is written once they have ended.
                self._controller.cancel()
                self._save_when_idle()
        self._run_queued()

    def _save_when_idle(self) -> None:
        """Write the script that waits to be saved, if any; proceed only if that succeeds."""
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
