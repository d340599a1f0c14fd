"""The models and controllers of one window, and how they are put together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PyQt5.QtWidgets import QWidget

from gui.canvas.canvas import Canvas
from gui.controllers.controller import Controller
from gui.controllers.edit_controller import EditController
from gui.controllers.file_controller import FileController
from gui.controllers.navigator import Navigator
from gui.controllers.project_controller import ProjectController
from gui.controllers.report_controller import ReportController
from gui.controllers.session_presenter import SessionPresenter
from gui.controllers.timeline_presenter import TimelinePresenter
from gui.panels.dialogs.shortcut_sheet import Rows
from gui.state.session_model import Messages, SessionModel
from gui.state.view_model import ViewModel
from gui.worker.project import Projects
from gui.worker.report_maker import MakeReport


@dataclass(frozen=True)
class Window:
    """What actions call, and what panels show and call.

    model       the window's own state: frame, tool, zoom, colours.
    session     what is shown of the session and of the commands on it.
    timeline    emits the confidence of each frame that changes.
    navigator   changes what is shown of the clip.
    controller  runs commands on the session.
    edit        handles what the user does to masks and objects.
    files       handles clips, scripts, exports, and the Help menu.
    projects    handles the project of the open clip.
    report      shows the report for a bug.
    """

    model: ViewModel
    session: SessionModel
    messages: Messages
    canvas: Canvas
    timeline: TimelinePresenter
    navigator: Navigator
    controller: Controller
    edit: EditController
    files: FileController
    projects: ProjectController
    report: ReportController


def build_window(
    widget: QWidget,
    canvas: Canvas,
    keys: Mapping[str, Rows],
    backend: Projects | None = None,
    make_report: MakeReport | None = None,
) -> Window:
    """Create models and controllers; they are destroyed with the widget.

    keys         the sections of the shortcut sheet.
    backend      opens projects; None where there are none.
    make_report  makes the report for a bug; None where that is not possible.
    """
    model, session, messages = ViewModel(widget), SessionModel(widget), Messages(widget)
    timeline = TimelinePresenter(widget)
    navigator = Navigator(model, session, canvas)
    presenter = SessionPresenter(model, session, timeline)
    controller = Controller(model, presenter, messages, canvas, navigator)
    edit = EditController(model, presenter, messages, canvas, navigator, controller)
    files = FileController(widget, controller, messages, keys)
    projects = ProjectController(widget, model, messages, canvas, controller, files, backend)
    report = ReportController(widget, projects, make_report)
    return Window(
        model, session, messages, canvas, timeline, navigator, controller, edit, files, projects, report
    )
