"""The program with the window: creates the application, and opens clips and sessions for the window.

The window is shown before torch, PyAV and OpenCV are imported: those imports are in the functions that the
window's threads call.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mivos_studio.session_options import SessionOptions

if TYPE_CHECKING:
    from PyQt5.QtWidgets import QApplication

    from gui.main_window import MainWindow
    from gui.worker.backend import Backend
    from gui.worker.project import OpenedFile, UnnamedProject
    from gui.worker.script_recorder import ScriptRecorder
    from gui.worker.shutdown import ReportProgress
    from gui.worker.worker import OpenedSession
    from mivos_studio.media.clip import Clip
    from mivos_studio.window_projects import WindowProject, WindowProjects
    from model.interfaces import Networks

_LOADING = "Loading the networks …"
# Each of these sets how OpenMP's idle threads wait: OpenMP's own variable, GNU's, Intel's and LLVM's.
_WAIT_VARIABLES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
_QT_VARIABLES = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR")


@dataclass(frozen=True)
class WindowOptions(SessionOptions):
    """What to open and how; see `interactive_gui.py --help`.

    clip  a clip or a project; None stands for the sample clip.
    """

    clip: Path | None = None
    script: Path | None = None
    screenshot: Path | None = None
    exit_after_s: float | None = None
    offers_recovery: bool = True
    """Whether work without a name that an earlier run left is offered."""


def run(options: WindowOptions) -> int:
    """Open the window and return the exit code."""
    application, window = open_window(options)
    from gui.worker.shutdown import TerminationSignals, finish_process

    signals = TerminationSignals(application.exit, application)
    code = application.exec()
    window.shut_down()  # a session manager or a signal ends the loop without closing the window
    signals.uninstall()
    return finish_process(code)


def open_window(options: WindowOptions) -> tuple[QApplication, MainWindow]:
    """Create the application and show the window; the clip is opened after the first paint."""
    drop_foreign_qt_plugins()
    let_idle_threads_sleep()
    from PyQt5.QtCore import QCoreApplication, Qt
    from PyQt5.QtWidgets import QApplication

    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_EnableHighDpiScaling)
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_UseHighDpiPixmaps)
    QApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    application = QApplication(sys.argv[:1])
    application.setApplicationName("MiVOS Studio")
    # At the end of a desktop session Qt would close the window, which may open a dialog that nobody answers.
    QApplication.setFallbackSessionManagementEnabled(False)

    from gui.theme import apply_theme

    apply_theme(application)
    return application, show_window(options)


def show_window(options: WindowOptions) -> MainWindow:
    """Show a window of the application that is there; the clip is opened after the first paint."""
    from PyQt5.QtCore import QStandardPaths, QTimer

    from gui.crash import ErrorReporter
    from gui.main_window import MainWindow

    cache = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.CacheLocation))
    settings = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppConfigLocation))
    window = MainWindow(_backend(options, cache, settings))
    reporter = ErrorReporter(cache / "errors.txt", window)
    reporter.caught.connect(window.messages.error)
    reporter.install()
    window.show_sized_to_screen()
    window.first_painted.connect(lambda: window.open(options.clip))
    if options.offers_recovery:
        window.first_painted.connect(window.parts.projects.offer_unnamed)
    if options.script is not None:
        script = options.script
        window.session_opened.connect(lambda: window.files.play_script(script))
    if options.exit_after_s is not None:
        wait_ms = round(1000 * options.exit_after_s)
        window.first_painted.connect(lambda: QTimer.singleShot(wait_ms, lambda: _finish(window, options)))
    return window


def drop_foreign_qt_plugins() -> None:
    """Remove the variables that point Qt at OpenCV's plugins, as its Linux wheel does: PyQt5 then aborts.

    Also if they were inherited from a process that had imported cv2. Other values are kept.
    """
    found = importlib.util.find_spec("cv2")
    if found is None or found.origin is None:
        return
    folder = Path(found.origin).resolve().parent
    for name in _QT_VARIABLES:
        value = os.environ.get(name)
        if value and Path(value).resolve().is_relative_to(folder):
            del os.environ[name]


def let_idle_threads_sleep() -> None:
    """Let torch's idle threads sleep instead of spinning, unless the environment sets how they wait.

    By default they spin. If anything else needs a core (the window, the decoder, another program), they take
    it from the threads whose work they wait for, and a propagation is several times slower. OpenMP reads the
    variable when it is loaded, so this must be called before torch is imported.
    """
    if not any(name in os.environ for name in _WAIT_VARIABLES):
        os.environ["OMP_WAIT_POLICY"] = "passive"


def _finish(window: MainWindow, options: WindowOptions) -> None:
    if options.screenshot is not None:
        from gui.screenshot import save_screenshot

        save_screenshot(window.grab(), options.screenshot)
    window.close_without_asking()


def _backend(options: WindowOptions, cache: Path, settings: Path) -> Backend:
    """Return the window's backend for these options, so that the window needs neither models nor devices.

    cache     the program's folder for the sample clip and for work without a name.
    settings  its folder for what it remembers.
    """
    from gui.worker.backend import Backend

    loaded: list[Networks] = []
    projects = _LazyProjects(cache / "recovery", settings / "recent.json")

    def open_clip(path: Path | None, report: ReportProgress) -> Clip:
        from mivos_studio.media.clip import open_clip

        return open_clip(_sample_clip(cache, report) if path is None else path)

    def open_session(opened: OpenedFile, recorder: ScriptRecorder, report: ReportProgress) -> OpenedSession:
        from mivos_studio.window_projects import WindowProject

        report(_LOADING)
        if not loaded:
            loaded.append(options.load())
            report(_LOADING)
        path = opened.path or cache / "sample"
        if isinstance(opened.project, WindowProject):
            return _open_session(opened.clip, path, loaded[0], options, recorder, opened.project)
        project = projects.loaded.create(path, opened.clip)
        try:
            return _open_session(opened.clip, path, loaded[0], options, recorder, project)
        except BaseException:
            project.discard()  # nothing is in it yet
            raise

    return Backend(open_clip, open_session, projects)


class _LazyProjects:
    """WindowProjects, which import SQLite and OpenCV, once they are needed."""

    def __init__(self, recovery: Path, recent_file: Path) -> None:
        self._recovery = recovery
        self._recent_file = recent_file

    @cached_property
    def loaded(self) -> WindowProjects:
        from mivos_studio.project.file.recovery import RecoveryFolder
        from mivos_studio.window_projects import WindowProjects

        return WindowProjects(RecoveryFolder(self._recovery), self._recent_file)

    def open(self, path: Path, clip: Path | None, report: ReportProgress) -> OpenedFile:
        return self.loaded.open(path, clip, report)

    def unnamed(self) -> tuple[UnnamedProject, ...]:
        return self.loaded.unnamed() if self._recovery.is_dir() else ()

    def discard(self, path: Path) -> bool:
        return self.loaded.discard(path)

    def recent(self) -> tuple[Path, ...]:
        return self.loaded.recent()

    def add_recent(self, path: Path) -> None:
        self.loaded.add_recent(path)


def _sample_clip(cache: Path, report: ReportProgress) -> Path:
    """Write the sample clip if it is not there, and return its folder."""
    folder = cache / "sample"
    if not folder.exists():
        from mivos_studio.synthetic.sample import write_sample

        cache.mkdir(parents=True, exist_ok=True)
        write_sample(folder, before_frame=lambda _: report("Making the sample clip …"))
    return folder


def _open_session(
    clip: Clip,
    path: Path,
    networks: Networks,
    options: WindowOptions,
    recorder: ScriptRecorder,
    project: WindowProject,
) -> OpenedSession:
    """Start a session in a project, or restore the one that the project holds."""
    from gui.worker.worker import OpenedSession
    from model.families import FAMILIES

    state = project.file.state
    if state is None:
        session = options.open(clip, networks, project.file.storage)
        object_id = session.add_object()
        recorder.add_initial_object(object_id, session.objects[0].name)
        locked_count = session.undo_count
    else:
        from inference_core.session import Session
        from mivos_studio.window_projects import (
            initial_undo_count,
            note_other_family,
            running_step,
            update_clip,
        )

        session = Session.restore(
            state, project.file.storage, clip, networks, device=options.device, dtype=options.dtype
        )
        recorder.load(project.file.steps(), running_step(project.file))
        locked_count = initial_undo_count(project.file)
        update_clip(project.file, path, clip)
        note_other_family(project, networks.family)
    terms = FAMILIES[networks.family].terms
    return OpenedSession(session, networks.family, terms, locked_count, project)
