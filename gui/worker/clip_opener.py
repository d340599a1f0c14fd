"""The thread that opens a clip. Each clip has a thread of its own, since a slow disk may block this one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt5.QtCore import pyqtSignal

from gui.worker.shutdown import ReportProgress, StoppableThread, StopRequested

if TYPE_CHECKING:
    from mivos_studio.media.clip import Clip

OpenClip = Callable[[Path | None, ReportProgress], "Clip"]
"""Opens a clip; None stands for the sample clip."""


class ClipOpener(StoppableThread):
    """Opens one clip, unless the thread is stopped first."""

    progressed = pyqtSignal(str)
    """Text for the status line."""
    opened = pyqtSignal(object, object)
    """Path and Clip."""
    failed = pyqtSignal(object)
    """The error."""

    def __init__(self, open_clip: OpenClip, path: Path | None) -> None:
        super().__init__()
        self._open_clip = open_clip
        self._path = path

    def run(self) -> None:
        """Open the clip and emit `opened` or `failed`."""
        try:
            clip = self._open_clip(self._path, self._report)
            self.check_stop()
        except StopRequested:
            return
        except Exception as error:
            self.failed.emit(error)
        else:
            self.opened.emit(self._path, clip)

    def _report(self, text: str) -> None:
        self.check_stop()
        self.progressed.emit(text)
