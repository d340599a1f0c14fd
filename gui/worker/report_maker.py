"""The thread that makes the report for a bug, which takes seconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt5.QtCore import pyqtSignal

from gui.worker.shutdown import ReportProgress, StoppableThread, StopRequested

MakeReport = Callable[[Path | None, ReportProgress], str]
"""Makes a report about the program and a project, if any; the second argument is called while it waits."""


class ReportMaker(StoppableThread):
    """Runs once and emits the report, or why there is none."""

    made = pyqtSignal(str)
    failed = pyqtSignal(object)
    """The error."""

    def __init__(self, make: MakeReport, project: Path | None) -> None:
        super().__init__()
        self._make = make
        self._project = project

    def run(self) -> None:
        """Make the report, and emit `made` or `failed`."""
        try:
            self.made.emit(self._make(self._project, lambda _: self.check_stop()))
        except StopRequested:
            pass
        except Exception as error:
            self.failed.emit(error)
