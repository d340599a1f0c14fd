"""The main window: lays out the widgets, connects them to the controllers, opens and closes clips."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt5.QtCore import QEvent, QObject, Qt, QTimer, pyqtSignal
from PyQt5.QtGui import QCloseEvent, QColor, QKeyEvent, QKeySequence, QPaintEvent
from PyQt5.QtWidgets import (
    QApplication,
    QBoxLayout,
    QColorDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QMainWindow,
    QMenu,
    QVBoxLayout,
    QWidget,
)

from gui.actions import ACTIONS, ActionSpec, build_actions
from gui.canvas.canvas import Canvas
from gui.controllers.controller import Controller, Views
from gui.controllers.file_controller import FileController, OpenedClip
from gui.controllers.navigator import Navigator
from gui.controllers.unsaved_work import UnsavedWorkGuard
from gui.crash import show_or_report
from gui.panels.banner import Banner
from gui.panels.icons import required_icon
from gui.panels.object_panel import ObjectPanel
from gui.panels.propagation_panel import PropagationPanel
from gui.panels.status_line import StatusLine
from gui.panels.timeline import Timeline
from gui.panels.tool_panel import ToolPanel
from gui.panels.transport import Transport
from gui.panels.view_bar import ViewBar
from gui.state.overlay import ViewMode
from gui.state.view_model import ViewModel
from gui.state.view_state import ViewState
from gui.worker.clip_opener import ClipOpener, OpenClip
from gui.worker.frame_reader import FrameReader
from gui.worker.script_recorder import ScriptRecorder
from gui.worker.shutdown import ReportProgress, stop_threads
from gui.worker.worker import OpenedSession, Worker

if TYPE_CHECKING:
    from mivos_studio.media.clip import Clip

_MENUS = ("File", "Edit", "Tools", "View", "Propagate", "Go", "Help")
_SIDE_WIDTH = 268
"""Pixels: enough for an object's row and the propagation buttons; the canvas has the rest."""
_TITLE = "MiVOS Studio"
_OPENING = "Opening the clip …"


@dataclass(frozen=True)
class Backend:
    """Functions that the window calls to open clips and sessions, each on a thread of its own.

    open_clip     opens a clip; None stands for the sample clip.
    open_session  makes a session on a clip.
    """

    open_clip: OpenClip
    open_session: Callable[[Clip, ScriptRecorder, ReportProgress], OpenedSession]


class MainWindow(QMainWindow):
    """The window, with one open clip at a time."""

    first_painted = pyqtSignal()
    session_opened = pyqtSignal()

    def __init__(self, backend: Backend) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.setWindowTitle(_TITLE)
        self.setWindowIcon(required_icon("app"))
        self._backend = backend
        self._is_painted = False
        self._has_panned = False
        self._frame_rate = 25.0
        self.model = ViewModel(self)
        self._opener: ClipOpener | None = None
        self._reader: FrameReader | None = None
        self._compute_lock = threading.Lock()
        self._is_shut_down = False
        self._build()
        self._connect_signals()

    def show_sized_to_screen(self) -> None:
        """Show the window, large but not larger than the screen."""
        screen = QApplication.primaryScreen()
        available = screen.availableSize() if screen is not None else self.sizeHint()
        self.resize(min(1600, available.width()), min(960, available.height()))
        self.show()
        self.activateWindow()

    # Opening.

    def open(self, path: Path | None) -> None:
        """Open a clip without asking about unsaved work; None stands for the sample clip.

        The current clip stays open until the other one is opened, and if that fails.
        """
        if self._is_shut_down:
            return
        self._stop_opener()
        self.unsaved_work_guard.mark_discarded()
        opener = self._opener = ClipOpener(self._backend.open_clip, path)
        opener.connect_until_stop(opener.progressed, self._show_opening)
        opener.connect_until_stop(opener.opened, self._on_clip_opened)
        opener.connect_until_stop(opener.failed, self._on_open_failed)
        self._show_opening(_OPENING)
        opener.begin()

    def _open_if_confirmed(self, path: Path) -> None:
        self.unsaved_work_guard.confirm(lambda: self.open(path))

    def _show_opening(self, text: str) -> None:
        self.controller.show_opening(text)
        self.canvas.show_placeholder(text)

    def _stop_opener(self) -> None:
        if self._opener is not None:
            self._opener.request_stop()
            self._opener = None
        self.controller.show_opening("")

    def _on_clip_opened(self, path: Path | None, clip: Clip) -> None:
        """Switch to the opened clip; the user may have worked on the current one meanwhile, so ask first."""
        self._stop_opener()
        self._show_open_hint()
        self.unsaved_work_guard.confirm(lambda: self._switch_to(path, clip), is_queued=True)

    def _switch_to(self, path: Path | None, clip: Clip) -> None:
        if self._is_shut_down:  # by the dialog that this was queued behind
            return
        self._stop_reader()
        recorder = ScriptRecorder()
        self.files.set_clip(OpenedClip(clip, path, recorder))
        self.unsaved_work_guard.clear_discarded()
        height, width = clip.size
        frame_rate = self._frame_rate = float(clip.frame_rate)
        worker = Worker(
            lambda report: self._backend.open_session(clip, recorder, report), recorder, self._compute_lock
        )
        self.controller.attach(worker)
        worker.connect_until_stop(worker.opened, lambda _: self.session_opened.emit())
        reader = self._reader = FrameReader(clip)
        reader.connect_until_stop(reader.frame_rendered, self.controller.on_frame_rendered)
        reader.connect_until_stop(reader.failed, self._on_reader_failed)
        self.navigator.show_clip(reader, frame_count=len(clip), size=(height, width), frame_rate=frame_rate)
        name = self.files.clip_name
        self.setWindowTitle(f"{name} – {_TITLE}")
        self.status_line.show_clip(f"{name}   {width} × {height}   {len(clip)} frames   {frame_rate:g} fps")
        self._show_state(self.model.state, self.model.state)
        reader.begin()
        worker.begin()

    # Closing.

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Close if there is no unsaved work; else ask, and close later or not at all."""
        if self.unsaved_work_guard.has_unsaved_work:
            if event is not None:
                event.ignore()
            self.unsaved_work_guard.confirm(self.close_without_asking)
            return
        self.shut_down()
        super().closeEvent(event)

    def close_without_asking(self) -> None:
        """Close the window and discard unsaved work."""
        self.unsaved_work_guard.mark_discarded()
        self.close()

    def shut_down(self) -> None:
        """Hide the window, then stop all threads, waiting a bounded time; does nothing the second time."""
        if self._is_shut_down:
            return
        self._is_shut_down = True
        self.hide()
        self.navigator.stop()
        self._stop_opener()
        self.controller.detach()
        self._stop_reader()
        application = QApplication.instance()
        if application is not None:
            application.removeEventFilter(self)
        stop_threads()

    def _stop_reader(self) -> None:
        if self._reader is not None:
            self._reader.request_stop()
            self._reader = None

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Emit `first_painted` after the first paint: slow work starts then."""
        super().paintEvent(event)
        if not self._is_painted:
            self._is_painted = True
            QTimer.singleShot(0, self.first_painted.emit)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 Qt's name
        """Handle Space: held, it pans with a left drag; tapped, it starts or stops playback."""
        if (
            isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Space
            and self.isActiveWindow()
            and not isinstance(QApplication.focusWidget(), QLineEdit)
        ):
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease) and not event.isAutoRepeat():
                self._on_space(event.type() == QEvent.Type.KeyPress)
                return True
        return super().eventFilter(watched, event)

    def _on_space(self, is_pressed: bool) -> None:
        if is_pressed:
            self._has_panned = False
        elif not self._has_panned:
            self.navigator.toggle_playing()
        self.canvas.set_pan_mode(is_pressed)

    # Building.

    def _build(self) -> None:
        self.actions_by_name = build_actions(ACTIONS, self._perform, self)
        actions = self.actions_by_name
        self.canvas = Canvas()
        self.timeline = Timeline()
        self.status_line = StatusLine()
        self.objects = ObjectPanel(actions)
        self.propagation = PropagationPanel(actions)
        self._canvas_area = QWidget()
        self.banner = Banner(self._canvas_area)
        self._tool_panel = ToolPanel(actions)
        self._view_bar = ViewBar(actions)
        self._transport = Transport(actions)
        self.navigator = Navigator(self.model, self.canvas, self.timeline)
        views = Views(
            self.canvas, self.timeline, self.objects, self.propagation, self.status_line, self.banner
        )
        self.controller = Controller(views, actions, self.model, self.navigator)
        self.files = FileController(self, self.controller, self.banner)
        self.unsaved_work_guard = UnsavedWorkGuard(self, self.controller, self.files)
        self._lay_out()
        self._build_menus()
        self.addActions(list(actions.values()))

    def _lay_out(self) -> None:
        stage = _box(self._canvas_area, QVBoxLayout(), self._view_bar, (self.canvas, 1))
        side = _box(_frame("side"), QVBoxLayout(), (self.objects, 1), self.propagation)
        side.setFixedWidth(_SIDE_WIDTH)
        middle = _box(QWidget(), QHBoxLayout(), self._tool_panel, (stage, 1), side)
        bottom = _box(_frame("transport"), QHBoxLayout(), self._transport, (self.timeline, 1))
        self.setCentralWidget(_box(QWidget(), QVBoxLayout(), (middle, 1), bottom))
        self.setStatusBar(self.status_line)
        self.banner.set_top_margin(self._view_bar.sizeHint().height())

    def _build_menus(self) -> None:
        bar = self.menuBar()
        menus = {title: bar.addMenu(title) for title in _MENUS} if bar is not None else {}
        last_group: dict[str, str] = {}
        for spec in ACTIONS:
            menu: QMenu | None = menus.get(spec.menu)
            if menu is None:
                continue
            if last_group.get(spec.menu, spec.group) != spec.group:
                menu.addSeparator()
            last_group[spec.menu] = spec.group
            menu.addAction(self.actions_by_name[spec.name])

    def _connect_signals(self) -> None:
        self.controller.opening_cancelled.connect(self._on_opening_cancelled)
        self.files.clip_chosen.connect(self._open_if_confirmed)
        self.files.quit_requested.connect(self._quit)
        self.model.changed.connect(self._show_state)
        self.canvas.scale_changed.connect(self._view_bar.set_scale)
        self.canvas.gesture_started.connect(self._on_press)
        self.navigator.playing_changed.connect(self._transport.set_playing)
        self._view_bar.radius_chosen.connect(self.controller.set_radius)
        self._view_bar.view_mode_chosen.connect(self.navigator.set_view_mode)
        self._view_bar.leave_region_clicked.connect(self.controller.escape)
        self.objects.colour_requested.connect(self._ask_for_colour)
        application = QApplication.instance()
        if application is not None:
            application.installEventFilter(self)
        self._show_state(self.model.state, self.model.state)

    # Connections.

    def _perform(self, spec: ActionSpec) -> None:
        for handler in (self.controller, self.navigator, self.files):
            method = getattr(handler, spec.command, None)
            if method is not None:
                method() if spec.argument is None else method(spec.argument)
                return
        raise LookupError(f"No controller has a method {spec.command}.")

    def _show_state(self, before: ViewState, state: ViewState) -> None:
        del before
        self._tool_panel.set_tool(state.tool)
        self._view_bar.set_state(state)
        self._transport.set_position(state.frame_index, state.frame_count, self._frame_rate)
        for mode in ViewMode:
            self.actions_by_name[f"view_{mode}"].setChecked(mode is state.view_mode)
        self.actions_by_name["escape"].setEnabled(True)

    def _quit(self) -> None:
        self.close()

    def _on_press(self) -> None:
        self._has_panned = True

    def _on_reader_failed(self, error: BaseException) -> None:
        show_or_report(error, self.banner.show_error)

    def _on_open_failed(self, error: BaseException) -> None:
        self._on_opening_cancelled()
        show_or_report(error, self.banner.show_error)

    def _on_opening_cancelled(self) -> None:
        self._stop_opener()
        self._show_open_hint()
        self.unsaved_work_guard.clear_discarded()

    def _show_open_hint(self) -> None:
        video, images = (self.actions_by_name[name].shortcut() for name in ("open_clip", "open_images"))
        native = QKeySequence.SequenceFormat.NativeText
        self.canvas.show_placeholder(
            f"Open a video ({video.toString(native)}) or a folder of images ({images.toString(native)})"
        )

    def _ask_for_colour(self, object_id: int) -> None:
        chosen = QColorDialog.getColor(QColor(*self.model.state.colour(object_id)), self, "Colour")
        if chosen.isValid():
            colour = (chosen.red(), chosen.green(), chosen.blue())
            self.model.set(self.model.state.with_colour(object_id, colour))


def _frame(name: str) -> QFrame:
    frame = QFrame()
    frame.setObjectName(name)
    return frame


def _box(holder: QWidget, layout: QBoxLayout, *parts: QWidget | tuple[QWidget, int]) -> QWidget:
    """Lay out parts in a holder without margins; a part may be given with its stretch."""
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    for part in parts:
        widget, stretch = part if isinstance(part, tuple) else (part, 0)
        layout.addWidget(widget, stretch)
    holder.setLayout(layout)
    return holder
