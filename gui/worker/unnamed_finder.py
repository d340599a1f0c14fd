"""The thread that looks for work without a name, so that a slow disk does not delay the window."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import pyqtSignal

from gui.worker.shutdown import StoppableThread
from mivos_studio.project.unnamed import UnnamedProject


class UnnamedFinder(StoppableThread):
    """Runs once and emits what it found."""

    found = pyqtSignal(object)
    """A tuple of UnnamedProject."""

    def __init__(self, find: Callable[[], tuple[UnnamedProject, ...]]) -> None:
        super().__init__()
        self._find = find

    def run(self) -> None:
        """Look, and emit `found`."""
        self.found.emit(self._find())
