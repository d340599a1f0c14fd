"""The project of the open clip: its name, saving it under another, and what an earlier run left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PyQt5.QtCore import QObject, pyqtSignal
from PyQt5.QtWidgets import QFileDialog, QWidget

from gui.canvas.canvas import Canvas
from gui.controllers.controller import Controller
from gui.controllers.file_controller import FileController
from gui.crash import show_or_report
from gui.panels.dialogs.recovery_dialog import RecoveryDialog
from gui.state.saved_view import written_view
from gui.state.session_model import Messages
from gui.state.view_model import ViewModel
from gui.worker.commands import CollectCommand, Command, SaveProjectCommand
from gui.worker.project import OpenedFile, Project, Projects
from gui.worker.unnamed_finder import UnnamedFinder
from gui.worker.worker import Ending, OpenedSession, Outcome
from mivos_studio.media.output.places import PROJECT_SUFFIX
from mivos_studio.project.unnamed import UnnamedProject

_FILTER = f"Projects (*{PROJECT_SUFFIX})"
_NOT_OPEN = "The clip is still being opened: try again once its networks are loaded."
_NO_UNNAMED = "There is no work without a name but what is open in a window."
_NEEDS_NAME = "Give the project a name first: File, Save project as…"


@dataclass(frozen=True)
class SavePlace:
    """Where the user wants a project, and whether one that is there may be replaced."""

    path: Path
    replaces: bool = False


class ProjectController(QObject):
    """Handles the project entries of the File menu, and keeps the project's view of the window current."""

    title_changed = pyqtSignal(str, bool)
    """The name of what is open, and whether it is work without a name."""
    file_chosen = pyqtSignal(object)
    """Path of a project to be opened."""

    def __init__(
        self,
        window: QWidget,
        model: ViewModel,
        messages: Messages,
        canvas: Canvas,
        controller: Controller,
        files: FileController,
        projects: Projects | None,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._model = model
        self._messages = messages
        self._canvas = canvas
        self._controller = controller
        self._files = files
        self._projects = projects
        self._opened: OpenedFile | None = None
        self._waiting: dict[Command, Callable[[bool], None]] = {}
        self._failure = ""
        self._finder: UnnamedFinder | None = None
        self._is_listing_unnamed = False
        self._is_stopped = False
        model.changed.connect(self.update_view)
        controller.submitted.connect(self.update_view)
        controller.session_opened.connect(self._on_session_opened)
        controller.command_done.connect(self._on_command_done)
        controller.save_failed.connect(self._on_save_failed)
        controller.saved_again.connect(self._on_saved_again)

    # What is open.

    @property
    def backend(self) -> Projects | None:
        """What opens projects; None where the window is used without."""
        return self._projects

    @property
    def project(self) -> Project | None:
        """The project of the open clip; None before its session is open, unless it was opened by itself."""
        saver = self._controller.saver
        if saver is not None:
            return saver.project
        return self._opened.project if self._opened is not None else None

    @property
    def name(self) -> str:
        """The project's name; that of the clip while it has none."""
        project = self.project
        return project.path.stem if project is not None and project.has_name else self._files.clip_name

    @property
    def has_unnamed_work(self) -> bool:
        """Whether there is work in a project without a name."""
        project, controller = self.project, self._controller
        if self._projects is None or (project is not None and project.has_name):
            return False
        session = controller.session
        is_begun = session is not None and session.undo_count > controller.initial_undo_count
        return is_begun or controller.is_changing_session

    @property
    def save_failure(self) -> str:
        """Why the last save failed; empty where it has not."""
        return self._failure

    def describe_work(self) -> str:
        """Describe the work, as in "2 strokes on 1 frame and 1 propagation"."""
        parts = list(self._files.describe_work(self._controller.initial_undo_count))
        if self._controller.is_changing_session:
            parts.append("what is under way")
        return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))

    def show_note(self, sentence: str) -> None:
        """Show a note in the banner."""
        self._messages.note.emit(sentence)

    def set_file(self, opened: OpenedFile) -> None:
        """Show another clip or project."""
        self._opened, self._failure = opened, ""
        self._show_title()

    def update_view(self, *_: object) -> None:
        """Have the current frame, tool, zoom and so on remembered with the next save."""
        saver = self._controller.saver
        if saver is not None:
            saver.set_view(written_view(self._model.state, self._canvas.zoom_state))

    # Requests.

    def ask_for_project(self) -> None:
        """Ask for a project and open it."""
        chosen, _ = QFileDialog.getOpenFileName(self._window, "Open project", self._folder(), _FILTER)
        if chosen:
            self.file_chosen.emit(Path(chosen))

    def save(self) -> None:
        """Save now; ask for a name where there is none."""
        project = self.project
        if project is not None and project.has_name and not project.is_read_only:
            self.save_as(None)
        else:
            self.ask_where_to_save()

    def ask_where_to_save(self) -> None:
        """Ask for a name and go on there."""
        place = self.ask_for_path()
        if place is not None:
            self.save_as(place)

    def ask_for_path(self) -> SavePlace | None:
        """Ask for a name; None if the user cancels."""
        suggested = str(Path(self._folder()) / f"{self._suggested_name()}{PROJECT_SUFFIX}")
        chosen, _ = QFileDialog.getSaveFileName(self._window, "Save project as", suggested, _FILTER)
        if not chosen:
            return None
        if Path(chosen).suffix.lower() == PROJECT_SUFFIX:
            return SavePlace(Path(chosen), replaces=True)  # the dialog has asked
        return SavePlace(Path(f"{chosen}{PROJECT_SUFFIX}"))

    def save_as(self, place: SavePlace | None, on_done: Callable[[bool], None] | None = None) -> None:
        """Save under a name, or where the project is if place is None.

        on_done  is called with whether it is saved.
        """
        on_done = on_done or _ignore
        saver = self._controller.saver
        if saver is None:
            self._messages.error.emit(_NOT_OPEN)
            on_done(False)
            return
        self.update_view()
        command = SaveProjectCommand(saver)
        if place is not None:
            command = SaveProjectCommand(saver, place.path, place.replaces)
        self._waiting[command] = on_done
        self._controller.submit(command)

    def recent(self) -> tuple[Path, ...]:
        """Return the projects used last."""
        return self._projects.recent() if self._projects is not None else ()

    def ask_where_to_collect(self) -> None:
        """Ask for a folder and copy the project and its clip there."""
        saver = self._controller.saver
        if saver is None or not saver.project.has_name:
            self._messages.error.emit(_NEEDS_NAME if saver is not None else _NOT_OPEN)
            return
        title = "Collect into a new or empty folder"
        chosen = QFileDialog.getExistingDirectory(self._window, title, self._folder())
        if chosen:
            self._controller.submit(CollectCommand(saver, Path(chosen)))

    # What an earlier run left.

    def offer_unnamed(self) -> None:
        """Look for work that an earlier run of the program left, and offer it in a dialog."""
        self._find_unnamed(self._show_unnamed)

    def list_unnamed(self) -> None:
        """Look for work without a name and list it in a dialog; say so where there is none."""
        self._find_unnamed(self._list_unnamed)

    def stop(self) -> None:
        """Show no dialog any more: the window is being closed."""
        self._is_stopped = True
        if self._finder is not None:
            self._finder.request_stop()

    def _find_unnamed(self, show: Callable[[tuple[UnnamedProject, ...]], object]) -> None:
        """Call `show` with what is found; not while an earlier search runs, or its dialog is open."""
        projects = self._projects
        is_searching = self._finder is not None and self._finder.isRunning()
        if projects is not None and not (is_searching or self._is_listing_unnamed or self._is_stopped):
            self._finder = finder = UnnamedFinder(projects.unnamed)
            finder.connect_until_stop(finder.found, show)
            finder.begin()

    def _show_unnamed(self, found: tuple[UnnamedProject, ...]) -> bool:
        """List what is not open in a dialog; return whether there is any."""
        projects = self._projects
        opened = self.project.path if self.project is not None else None
        left = [each for each in found if each.path != opened]
        if projects is not None and left:
            dialog = RecoveryDialog(left, projects.discard, self._window)
            dialog.open_chosen.connect(self.file_chosen.emit)
            dialog.finished.connect(self._on_list_closed)
            self._is_listing_unnamed = True
            dialog.open()
        return bool(left)

    def _list_unnamed(self, found: tuple[UnnamedProject, ...]) -> None:
        if not self._show_unnamed(found):
            self.show_note(_NO_UNNAMED)

    def _on_list_closed(self) -> None:
        self._is_listing_unnamed = False

    # Events.

    def _on_session_opened(self, opened: OpenedSession) -> None:
        self.update_view()
        if opened.project is not None:
            self._remember(opened.project)
            if opened.project.notices:
                self._messages.error.emit(" ".join(opened.project.notices))
        self._show_title()

    def _on_command_done(self, outcome: Outcome) -> None:
        on_done = self._waiting.pop(outcome.command, None)
        is_done = outcome.ending is Ending.DONE
        if on_done is not None:
            if is_done:
                self._failure = ""
                if self.project is not None:
                    self._remember(self.project)
            on_done(is_done)
        self._show_title()

    def _on_save_failed(self, error: BaseException) -> None:
        self._failure = str(error)
        show_or_report(error, self._messages.error.emit)

    def _on_saved_again(self) -> None:
        self._failure = ""
        self._messages.note.emit("Everything is saved again.")

    # Internals.

    def _remember(self, project: Project) -> None:
        if self._projects is not None and project.has_name:
            self._projects.add_recent(project.path)

    def _show_title(self) -> None:
        project = self.project
        suffix = " (read-only)" if project is not None and project.is_read_only else ""
        self.title_changed.emit(f"{self.name}{suffix}", self.has_unnamed_work)

    def _folder(self) -> str:
        project = self.project
        if project is not None and project.has_name:
            return str(project.path.absolute().parent)
        path = self._opened.path if self._opened is not None else None
        return str(path.absolute().parent) if path is not None else str(Path.home())

    def _suggested_name(self) -> str:
        return Path(self.name).stem if self._opened is not None else "work"


def _ignore(is_saved: bool) -> None:
    del is_saved
