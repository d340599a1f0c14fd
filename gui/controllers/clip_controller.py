"""Opening clips and projects: one at a time; the current one stays open until the other one is there.

Where no session can be opened on the other one, the current one is opened again, as it was saved.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PyQt5.QtCore import QObject, pyqtSignal
from PyQt5.QtWidgets import QFileDialog, QWidget

from gui.controllers.file_controller import VIDEOS, OpenedClip
from gui.controllers.unnamed_work import UnnamedWorkGuard
from gui.controllers.window import Window
from gui.crash import show_or_report
from gui.panels.dialogs.clip_dialog import IMAGES, USE, VIDEO, ClipDialog
from gui.state.session_view import ClipFacts
from gui.worker.backend import Backend
from gui.worker.file_opener import FileOpener
from gui.worker.frame_reader import FrameReader
from gui.worker.project import ClipNotFoundError, OpenedFile
from gui.worker.shutdown import ReportProgress
from gui.worker.worker import Worker
from mivos_studio.media.output.places import PROJECT_SUFFIX
from mivos_studio.project.recorder import ScriptRecorder

_OPENING = "Opening the clip …"
_OPENING_PROJECT = "Opening the project …"
_CHOOSE = "Choose where the clip is now; the project remembers it."
_OTHER = "Masks may not fit the images. Use it only if it is the same clip in another form."


@dataclass(frozen=True)
class _Earlier:
    """What was open before: a project and its clip, or a clip alone, None for the sample clip."""

    project: Path | None
    clip: Path | None


class ClipController(QObject):
    """Opens clips and projects, with the threads of each: opener, frame reader, worker."""

    session_opened = pyqtSignal()

    def __init__(
        self, window: Window, guard: UnnamedWorkGuard, backend: Backend, open_hint: str, widget: QWidget
    ) -> None:
        """open_hint is shown on the canvas while there is no clip; widget is the parent of dialogs."""
        super().__init__(window.model)
        self._window = window
        self._guard = guard
        self._backend = backend
        self._open_hint = open_hint
        self._widget = widget
        self._opener: FileOpener | None = None
        self._waiting: OpenedFile | None = None
        self._reader: FrameReader | None = None
        self._earlier: _Earlier | None = None
        self._compute_lock = threading.Lock()
        self._is_shut_down = False
        window.controller.opening_cancelled.connect(self._on_opening_cancelled)
        window.controller.open_failed.connect(self._open_earlier)
        for chosen in (window.files.clip_chosen, window.projects.file_chosen):
            chosen.connect(self.open_if_confirmed)

    def open(self, path: Path | None) -> None:
        """Open a clip or a project; None stands for the sample clip. Work so far stays in its project.

        The current clip stays open until the other one is opened, and if that fails.
        """
        self._guard.mark_kept()
        self._begin(path)

    def open_if_confirmed(self, path: Path) -> None:
        """Open a clip or a project, after asking about work without a name.

        One that could only be looked at is opened anew: it may be free now.
        """

        def begin() -> None:
            if not self._is_open(path):  # the work so far may just have been saved there
                self._begin(path)

        if not self._is_open(path):
            self._guard.ask_first(begin)

    def shut_down(self) -> None:
        """Close the clip and make its threads stop, without waiting for them; no other one is opened."""
        self._is_shut_down = True
        self._window.navigator.stop()
        self._window.projects.stop()
        self._stop_opener()
        self._drop_waiting()
        self._detach()
        self._stop_reader()

    def _is_open(self, path: Path) -> bool:
        """Return whether a path, by whatever link, leads to the project that is open; a note says so."""
        project = self._window.projects.project
        is_open = project is not None and not project.is_read_only and _is_at(project.path, path)
        if is_open:
            self._window.messages.note.emit(f"{self._window.projects.name} is open already.")
        return is_open

    def _begin(self, path: Path | None, clip: Path | None = None) -> None:
        """Start opening; clip is that of a project where it is not where it was."""
        if self._is_shut_down:
            return
        self._stop_opener()
        self._drop_waiting()
        is_project = path is not None and path.suffix.lower() == PROJECT_SUFFIX
        opener = self._opener = FileOpener(partial(self._open_file, path, clip))
        opener.connect_until_stop(opener.progressed, self._show_opening)
        opener.connect_until_stop(opener.opened, self._on_file_opened)
        opener.connect_until_stop(opener.failed, self._on_open_failed)
        self._show_opening(_OPENING_PROJECT if is_project else _OPENING)
        opener.begin()

    def _open_file(self, path: Path | None, clip: Path | None, report: ReportProgress) -> OpenedFile:
        """Open a clip or a project; runs on the opener's thread."""
        projects = self._backend.projects
        if path is not None and path.suffix.lower() == PROJECT_SUFFIX and projects is not None:
            return projects.open(path, clip, report)
        return OpenedFile(self._backend.open_clip(path, report), path)

    def _show_opening(self, text: str) -> None:
        self._window.controller.show_opening(text)
        self._window.canvas.show_placeholder(text)

    def _on_file_opened(self, opened: OpenedFile) -> None:
        """Switch to what was opened; the user may have worked on the current clip meanwhile, so ask first."""
        if self._opener is not None:
            self._opener.take()
        self._stop_opener()
        self._window.canvas.show_placeholder(self._open_hint)
        self._drop_waiting()
        self._waiting = opened
        project = opened.project
        if opened.is_same_clip or project is None:
            self._confirm_switch(opened)
        else:
            text = f"{opened.path} is not the clip that “{project.path.stem}” was made on."
            self._ask_for_clip(project.path, text, _OTHER, opened)

    def _confirm_switch(self, opened: OpenedFile) -> None:
        self._guard.confirm(lambda: self._switch_to(opened), is_queued=True, on_cancel=self._drop_waiting)

    def _switch_to(self, opened: OpenedFile) -> None:
        if self._is_shut_down or self._waiting is not opened:  # by the dialog that this was queued behind
            return
        self._waiting = None
        self._earlier = self._current()
        self._detach()
        self._stop_reader()
        window, recorder = self._window, ScriptRecorder()
        window.files.set_clip(OpenedClip(opened.clip, opened.path, recorder))
        window.projects.set_file(opened)
        self._guard.clear_answer()
        worker = Worker(
            lambda report: self._backend.open_session(opened, recorder, report),
            recorder,
            self._compute_lock,
            abandon=opened.close,
        )
        window.controller.attach(worker)
        worker.connect_until_stop(worker.opened, lambda _: self.session_opened.emit())
        clip = opened.clip
        reader = self._reader = FrameReader(clip)
        reader.connect_until_stop(reader.frame_rendered, window.controller.on_frame_rendered)
        reader.connect_until_stop(reader.failed, self._show_error)
        reader.connect_until_stop(reader.damage_found, self._show_note)
        facts = ClipFacts(window.files.clip_name, len(clip), clip.size, float(clip.frame_rate))
        window.navigator.show_clip(reader, facts, opened.project.view if opened.project is not None else None)
        reader.begin()
        worker.begin()

    def _current(self) -> _Earlier | None:
        """Return what is open; None where it has no session."""
        if self._window.controller.session is None:
            return None
        project, clip = self._window.projects.project, self._window.files.clip_path
        is_saved = project is not None and (
            project.has_name or (self._window.projects.has_unnamed_work and not self._guard.is_discarded)
        )
        return _Earlier(project.path if project is not None and is_saved else None, clip)

    def _open_earlier(self) -> None:
        """Go back to what was open before, if anything was."""
        earlier, self._earlier = self._earlier, None
        if earlier is not None:
            self._begin(earlier.project or earlier.clip, earlier.clip)

    def _ask_for_clip(self, project: Path, text: str, advice: str, opened: OpenedFile | None) -> None:
        """Ask for the clip of a project; opened is another clip that may be used."""
        dialog = ClipDialog(text, advice, self._widget, can_use=opened is not None)

        def on_answer(answer: int) -> None:
            if answer == USE and opened is not None:
                self._confirm_switch(opened)
                return
            self._drop_waiting()
            chosen = self._choose_clip(project.parent, answer)
            if chosen is not None:
                self._begin(project, chosen)
            else:
                self._guard.clear_answer()

        dialog.finished.connect(on_answer)
        dialog.open()

    def _choose_clip(self, folder: Path, answer: int) -> Path | None:
        chosen = ""
        if answer == VIDEO:
            chosen, _ = QFileDialog.getOpenFileName(self._widget, "The project's clip", str(folder), VIDEOS)
        elif answer == IMAGES:
            chosen = QFileDialog.getExistingDirectory(self._widget, "The project's images", str(folder))
        return Path(chosen) if chosen else None

    def _on_open_failed(self, error: BaseException) -> None:
        if isinstance(error, ClipNotFoundError):
            self._stop_opener()
            self._window.canvas.show_placeholder(self._open_hint)
            self._ask_for_clip(error.project, str(error), _CHOOSE, None)
            return
        self._on_opening_cancelled()
        self._show_error(error)

    def _on_opening_cancelled(self) -> None:
        self._stop_opener()
        self._window.canvas.show_placeholder(self._open_hint)
        self._guard.clear_answer()

    def _show_note(self, sentence: str) -> None:
        self._window.messages.note.emit(sentence)

    def _show_error(self, error: BaseException) -> None:
        show_or_report(error, self._window.messages.error.emit)

    def _detach(self) -> None:
        self._window.projects.update_view()
        self._window.controller.detach(discards=self._guard.is_discarded)

    def _drop_waiting(self) -> None:
        """Close what was opened and not switched to."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.close()

    def _stop_opener(self) -> None:
        if self._opener is not None:
            self._opener.request_stop()
            self._opener = None
        self._window.controller.show_opening("")

    def _stop_reader(self) -> None:
        if self._reader is not None:
            self._reader.request_stop()
            self._reader = None


def _is_at(project: Path, path: Path) -> bool:
    """Whether a path leads to a project, by whatever link: its lock would be waited for."""
    try:
        return os.path.realpath(project) == os.path.realpath(path)
    except ValueError:  # a name with the character NUL
        return False
