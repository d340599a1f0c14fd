"""The report for a bug: made on a thread, shown in a dialog."""

from __future__ import annotations

from pathlib import Path

from PyQt5 import sip
from PyQt5.QtCore import QObject
from PyQt5.QtWidgets import QWidget

from gui.controllers.project_controller import ProjectController
from gui.crash import error_message
from gui.panels.dialogs.report_dialog import ReportDialog
from gui.worker.report_maker import MakeReport, ReportMaker

_NOT_HERE = "Run `mivos doctor --report` in a terminal: this window cannot make the report."


class ReportController(QObject):
    """Shows the report of the program and the open project."""

    def __init__(self, window: QWidget, projects: ProjectController, make: MakeReport | None) -> None:
        super().__init__(window)
        self._window = window
        self._projects = projects
        self._make = make
        self._maker: ReportMaker | None = None

    def show(self) -> None:
        """Open the dialog, and fill it once the report is made."""
        dialog = ReportDialog(self._window)
        if self._make is None:
            dialog.show_failure(_NOT_HERE)
        else:
            self._start(self._make, dialog)
        dialog.open()

    def _start(self, make: MakeReport, dialog: ReportDialog) -> None:
        def show_text(text: str) -> None:
            if not sip.isdeleted(dialog):
                dialog.show_text(text)

        def show_failure(error: BaseException) -> None:
            if not sip.isdeleted(dialog):
                dialog.show_failure(error_message(error))

        self._maker = maker = ReportMaker(make, self._project())
        maker.connect_until_stop(maker.made, show_text)
        maker.connect_until_stop(maker.failed, show_failure)
        dialog.finished.connect(maker.request_stop)
        maker.begin()

    def _project(self) -> Path | None:
        project = self._projects.project
        return project.path if project is not None else None
