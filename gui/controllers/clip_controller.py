"""Opening clips: one at a time; the current one stays open until the other one is there."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt5.QtCore import QObject, pyqtSignal

from gui.controllers.file_controller import OpenedClip
from gui.controllers.unsaved_work import UnsavedWorkGuard
from gui.controllers.window import Window
from gui.crash import show_or_report
from gui.state.session_view import ClipFacts
from gui.worker.backend import Backend
from gui.worker.clip_opener import ClipOpener
from gui.worker.frame_reader import FrameReader
from gui.worker.script_recorder import ScriptRecorder
from gui.worker.worker import Worker

if TYPE_CHECKING:
    from mivos_studio.media.clip import Clip

_OPENING = "Opening the clip …"


class ClipController(QObject):
    """Opens clips, with the threads of each: opener, frame reader, worker."""

    session_opened = pyqtSignal()

    def __init__(self, window: Window, guard: UnsavedWorkGuard, backend: Backend, open_hint: str) -> None:
        """open_hint is shown on the canvas while there is no clip."""
        super().__init__(window.model)
        self._window = window
        self._guard = guard
        self._backend = backend
        self._open_hint = open_hint
        self._opener: ClipOpener | None = None
        self._reader: FrameReader | None = None
        self._compute_lock = threading.Lock()
        self._is_shut_down = False
        window.controller.opening_cancelled.connect(self._on_opening_cancelled)
        window.files.clip_chosen.connect(self._open_if_confirmed)

    def open(self, path: Path | None) -> None:
        """Open a clip without asking about unsaved work; None stands for the sample clip.

        The current clip stays open until the other one is opened, and if that fails.
        """
        if self._is_shut_down:
            return
        self._stop_opener()
        self._guard.mark_discarded()
        opener = self._opener = ClipOpener(self._backend.open_clip, path)
        opener.connect_until_stop(opener.progressed, self._show_opening)
        opener.connect_until_stop(opener.opened, self._on_clip_opened)
        opener.connect_until_stop(opener.failed, self._on_open_failed)
        self._show_opening(_OPENING)
        opener.begin()

    def shut_down(self) -> None:
        """Close the clip and make its threads stop, without waiting for them; no other one is opened."""
        self._is_shut_down = True
        self._window.navigator.stop()
        self._stop_opener()
        self._window.controller.detach()
        self._stop_reader()

    def _open_if_confirmed(self, path: Path) -> None:
        self._guard.confirm(lambda: self.open(path))

    def _show_opening(self, text: str) -> None:
        self._window.controller.show_opening(text)
        self._window.canvas.show_placeholder(text)

    def _on_clip_opened(self, path: Path | None, clip: Clip) -> None:
        """Switch to the opened clip; the user may have worked on the current one meanwhile, so ask first."""
        self._stop_opener()
        self._window.canvas.show_placeholder(self._open_hint)
        self._guard.confirm(lambda: self._switch_to(path, clip), is_queued=True)

    def _switch_to(self, path: Path | None, clip: Clip) -> None:
        if self._is_shut_down:  # by the dialog that this was queued behind
            return
        self._stop_reader()
        window, recorder = self._window, ScriptRecorder()
        window.files.set_clip(OpenedClip(clip, path, recorder))
        self._guard.clear_discarded()
        worker = Worker(
            lambda report: self._backend.open_session(clip, recorder, report), recorder, self._compute_lock
        )
        window.controller.attach(worker)
        worker.connect_until_stop(worker.opened, lambda _: self.session_opened.emit())
        reader = self._reader = FrameReader(clip)
        reader.connect_until_stop(reader.frame_rendered, window.controller.on_frame_rendered)
        reader.connect_until_stop(reader.failed, self._show_error)
        facts = ClipFacts(window.files.clip_name, len(clip), clip.size, float(clip.frame_rate))
        window.navigator.show_clip(reader, facts)
        reader.begin()
        worker.begin()

    def _on_open_failed(self, error: BaseException) -> None:
        self._on_opening_cancelled()
        self._show_error(error)

    def _on_opening_cancelled(self) -> None:
        self._stop_opener()
        self._window.canvas.show_placeholder(self._open_hint)
        self._guard.clear_discarded()

    def _show_error(self, error: BaseException) -> None:
        show_or_report(error, self._window.messages.error.emit)

    def _stop_opener(self) -> None:
        if self._opener is not None:
            self._opener.request_stop()
            self._opener = None
        self._window.controller.show_opening("")

    def _stop_reader(self) -> None:
        if self._reader is not None:
            self._reader.request_stop()
            self._reader = None
