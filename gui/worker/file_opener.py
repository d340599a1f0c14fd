"""The thread that opens a file. Each has a thread of its own, since a slow disk may block this one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt5.QtCore import pyqtSignal

from gui.worker.project import OpenedFile
from gui.worker.shutdown import ReportProgress, StoppableThread, StopRequested

if TYPE_CHECKING:
    from mivos_studio.media.clip import Clip

OpenClip = Callable[[Path | None, ReportProgress], "Clip"]
"""Opens a clip; None stands for the sample clip."""


class FileOpener(StoppableThread):
    """Opens one clip or project, unless the thread is stopped first."""

    progressed = pyqtSignal(str)
    """Text for the status line."""
    opened = pyqtSignal(object)
    """OpenedFile; call `take` to keep it."""
    failed = pyqtSignal(object)
    """The error."""

    def __init__(self, open_file: Callable[[ReportProgress], OpenedFile]) -> None:
        super().__init__()
        self._open_file = open_file
        self._result: OpenedFile | None = None

    def take(self) -> None:
        """Keep the file open when the thread is stopped."""
        with self._condition:
            self._result = None

    def request_stop(self) -> None:
        """Stop the thread at its next check; a file that was not taken is closed."""
        super().request_stop()
        with self._condition:
            result, self._result = self._result, None
        if result is not None:
            result.close()

    def run(self) -> None:
        """Open the file and emit `opened` or `failed`."""
        try:
            opened = self._open_file(self._report)
        except StopRequested:
            return
        except Exception as error:
            self.failed.emit(error)
            return
        with self._condition:
            is_stopping = self._is_stopping
            self._result = None if is_stopping else opened
        if is_stopping:
            opened.close()
        else:
            self.opened.emit(opened)

    def _report(self, text: str) -> None:
        self.check_stop()
        self.progressed.emit(text)
