"""The main window: the canvas, the panels of the registry around it, the menus; it opens and closes clips."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from PyQt5.QtCore import QTimer, pyqtSignal
from PyQt5.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PyQt5.QtWidgets import QApplication, QMainWindow, QWidget

from gui.actions.build import build_actions, fill_menus
from gui.actions.keys import key_sections, open_hint
from gui.actions.registry import ACTIONS
from gui.actions.spec import ActionSpec
from gui.canvas.canvas import Canvas
from gui.controllers.clip_controller import ClipController
from gui.controllers.space_key import SpaceKey
from gui.controllers.unnamed_work import UnnamedWorkGuard
from gui.controllers.window import build_window
from gui.panels.banner import Banner
from gui.panels.icons import required_icon
from gui.panels.layout import lay_out
from gui.panels.registry import PANELS
from gui.panels.spec import PanelContext, PanelSpec
from gui.panels.timeline import Timeline
from gui.worker.backend import Backend
from gui.worker.shutdown import stop_threads
from mivos_studio.one_line import one_line

_TITLE = "MiVOS Studio"
_Panel = TypeVar("_Panel", bound=QWidget)


class MainWindow(QMainWindow):
    """The window, with one open clip at a time."""

    first_painted = pyqtSignal()
    session_opened = pyqtSignal()

    def __init__(
        self,
        backend: Backend,
        *,
        actions: Sequence[ActionSpec] = ACTIONS,
        panels: Sequence[PanelSpec] = PANELS,
    ) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.setWindowTitle(_TITLE)
        self.setWindowIcon(required_icon("app"))
        self.setAcceptDrops(True)
        self._is_painted = False
        self._is_shut_down = False
        self._is_leaving = False
        self._build(backend, actions)
        self._add_panels(panels)
        self._connect()

    # Building.

    def _build(self, backend: Backend, specs: Sequence[ActionSpec]) -> None:
        self.canvas = Canvas()
        self.parts = build_window(
            self, self.canvas, key_sections(specs), backend.projects, backend.make_report
        )
        self.model, self.messages = self.parts.model, self.parts.messages
        self.navigator, self.files = self.parts.navigator, self.parts.files
        self.controller, self.edit = self.parts.controller, self.parts.edit
        self.work_guard = UnnamedWorkGuard(self, self.controller, self.parts.projects)
        self.clips = ClipController(self.parts, self.work_guard, backend, open_hint(specs), self)
        self.actions_by_name = build_actions(specs, self.parts, self)
        self.addActions(list(self.actions_by_name.values()))
        bar = self.menuBar()
        if bar is not None:
            fill_menus(bar, specs, self.actions_by_name)
        self._space_key = SpaceKey(self, self.canvas, self.navigator)

    def _add_panels(self, specs: Sequence[PanelSpec]) -> None:
        stage = QWidget()
        context = PanelContext(self.parts, self.actions_by_name, stage)
        self._panels = [(spec, spec.build(context)) for spec in specs]
        lay_out(self, stage, self.canvas, self._panels)
        self._show_optional_panels()
        self.model.changed.connect(self._show_optional_panels)

    def _connect(self) -> None:
        self.parts.projects.title_changed.connect(self._show_title)
        self.clips.session_opened.connect(self.session_opened)
        self.files.quit_requested.connect(self._quit)

    def _quit(self) -> None:
        self.close()

    def _show_title(self, name: str, is_unnamed_work: bool) -> None:
        name = one_line(name).replace("[*]", "[ * ]")
        self.setWindowTitle(f"{name}[*] – {_TITLE}")
        self.setWindowModified(is_unnamed_work)

    # Panels.

    def _show_optional_panels(self, *_: object) -> None:
        for spec, widget in self._panels:
            if spec.is_optional:
                widget.setVisible(spec.name in self.model.state.open_panels)

    def panel(self, kind: type[_Panel]) -> _Panel:
        """Return the panel of a class; raises a LookupError where there is none."""
        for _, widget in self._panels:
            if isinstance(widget, kind):
                return widget
        raise LookupError(kind.__name__)

    @property
    def banner(self) -> Banner:
        """The panel with the messages."""
        return self.panel(Banner)

    @property
    def timeline(self) -> Timeline:
        """The panel with the frames."""
        return self.panel(Timeline)

    # Opening.

    def show_sized_to_screen(self) -> None:
        """Show the window, large but not larger than the screen."""
        screen = QApplication.primaryScreen()
        available = screen.availableSize() if screen is not None else self.sizeHint()
        self.resize(min(1600, available.width()), min(960, available.height()))
        self.show()
        self.activateWindow()

    def open(self, path: Path | None) -> None:
        """Open a clip or a project; None stands for the sample clip. Work so far stays in its project.

        The current clip stays open until the other one is opened, and if that fails.
        """
        self.clips.open(path)

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        """Accept one file or folder."""
        if event is not None and _dropped_path(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:
        """Open a clip or a project that is dropped on the window."""
        path = _dropped_path(event) if event is not None else None
        if event is not None and path is not None:
            event.acceptProposedAction()
            QTimer.singleShot(0, lambda: self.clips.open_if_confirmed(path))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Emit `first_painted` after the first paint: slow work starts then."""
        super().paintEvent(event)
        if not self._is_painted:
            self._is_painted = True
            # A timer of the window's own: it does not fire once the window is deleted.
            timer = QTimer(self)
            timer.setSingleShot(True)
            timer.timeout.connect(self.first_painted)
            timer.start(0)

    # Closing.

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Close if nothing is to be asked and nothing runs; else close later or not at all."""
        if not self._is_leaving:
            self.work_guard.confirm(self._leave)
        if not self._is_leaving:
            if event is not None:
                event.ignore()
            return
        self.shut_down()
        super().closeEvent(event)

    def _leave(self) -> None:
        self._is_leaving = True
        self.close()

    def close_without_asking(self) -> None:
        """Close the window and discard work without a name."""
        self.work_guard.mark_discarded()
        self._leave()

    def shut_down(self) -> None:
        """Hide the window, then stop all threads, waiting a bounded time; does nothing the second time."""
        if self._is_shut_down:
            return
        self._is_shut_down = True
        self.hide()
        self.clips.shut_down()
        self._space_key.uninstall()
        stop_threads()


def _dropped_path(event: QDropEvent) -> Path | None:
    """Return the file or folder that is being dropped; None where it is none, or are several."""
    data = event.mimeData()
    urls = data.urls() if data is not None else []
    return Path(urls[0].toLocalFile()) if len(urls) == 1 and urls[0].isLocalFile() else None
