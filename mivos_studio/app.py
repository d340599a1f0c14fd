"""The program with the window: creates the application, and opens clips and sessions for the window.

The window is shown before torch, PyAV and OpenCV are imported: those imports are in the functions that the
window's threads call.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from inference_core.errors import UserError
from mivos_studio.project.unnamed import temporary_recovery_folder
from mivos_studio.session_options import SessionOptions
from mivos_studio.system_errors import reason_of

if TYPE_CHECKING:
    from PyQt5.QtWidgets import QApplication

    from gui.main_window import MainWindow
    from gui.worker.backend import Backend
    from gui.worker.project import OpenedFile
    from gui.worker.shutdown import ReportProgress
    from gui.worker.worker import OpenedSession
    from mivos_studio.media.clip import Clip
    from mivos_studio.project.recorder import ScriptRecorder
    from mivos_studio.project.unnamed import UnnamedProject
    from mivos_studio.window_projects import WindowProject, WindowProjects
    from model.interfaces import Networks

_NOT_DONE_CODE = 2
_NO_WINDOW = (
    "The window cannot be opened: there is no display, or system libraries of Qt are missing (`mivos doctor`"
    " says which); `mivos propagate` and `mivos replay` need neither."
)
_LOADING = "Loading the networks …"
_REPORT = ("mivos_studio.cli", "doctor", "--report")
_REPORT_POLL_S = 0.1
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


def run(options: WindowOptions, say: Callable[[str], None]) -> int:
    """Open the window and return the exit code.

    say  tells why there will be no window, or no screenshot. The process then ends with code 2.
    """
    drop_foreign_qt_plugins()
    with _ending_where_qt_aborts(say):
        application, window = open_window(options, say)
    from gui.worker.shutdown import TerminationSignals, finish_process

    signals = TerminationSignals(application.exit, application)
    code = application.exec()
    window.shut_down()  # a session manager or a signal ends the loop without closing the window
    signals.uninstall()
    return finish_process(code)


@contextmanager
def _ending_where_qt_aborts(say: Callable[[str], None]) -> Iterator[None]:
    """End the process with a sentence where Qt finds no display: it would abort it, without an exception."""
    from PyQt5.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

    def on_message(kind: QtMsgType, context: QMessageLogContext, message: str | None) -> None:
        del context, message
        if kind == QtMsgType.QtFatalMsg:
            say(_NO_WINDOW)
            os._exit(_NOT_DONE_CODE)

    qInstallMessageHandler(on_message)
    yield  # MainWindow's ErrorReporter takes over


def open_window(
    options: WindowOptions, say: Callable[[str], None] | None = None
) -> tuple[QApplication, MainWindow]:
    """Create the application and show the window; the clip is opened after the first paint.

    say  tells why there is no screenshot; the process then ends with code 2.
    """
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
    return application, show_window(options, say)


def show_window(options: WindowOptions, say: Callable[[str], None] | None = None) -> MainWindow:
    """Show a window of the application that is there; the clip is opened after the first paint.

    say  as in `open_window`.
    """
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
    window.first_painted.connect(_clear_leftovers)
    window.first_painted.connect(lambda: window.open(options.clip))
    if options.offers_recovery:
        window.first_painted.connect(window.parts.projects.offer_unnamed)
    if options.script is not None:
        script = options.script
        window.session_opened.connect(lambda: window.files.play_script(script))
    if options.exit_after_s is not None:
        wait_ms = round(1000 * options.exit_after_s)
        window.first_painted.connect(
            lambda: QTimer.singleShot(wait_ms, lambda: _finish(window, options, say))
        )
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


def _clear_leftovers() -> None:
    """Remove what killed runs left, beside the window: disks may be slow, or away."""

    def clear() -> None:
        from mivos_studio.media.output.unfinished import has_notes

        if has_notes():
            from mivos_studio.project.file.leftovers import clear_leftovers

            clear_leftovers()

    threading.Thread(target=clear, name="leftovers", daemon=True).start()


def _finish(window: MainWindow, options: WindowOptions, say: Callable[[str], None] | None) -> None:
    """Save the screenshot, and close the window whether or not that is possible."""
    from PyQt5.QtCore import QCoreApplication

    error = None
    if options.screenshot is not None:
        from gui.screenshot import save_screenshot

        try:
            save_screenshot(window.grab(), options.screenshot)
        except UserError as refusal:
            error = refusal
    window.close_without_asking()
    if error is not None:
        if say is not None:
            say(str(error))
        QCoreApplication.exit(_NOT_DONE_CODE)  # after the last window, whose end is code 0


def _backend(options: WindowOptions, cache: Path, settings: Path) -> Backend:
    """Return the window's backend for these options, so that the window needs neither models nor devices.

    cache     the program's folder for the sample clip and for work without a name.
    settings  its folder for what it remembers.
    """
    from gui.worker.backend import Backend

    loaded: list[Networks] = []
    notices: list[str] = []  # of the networks, until a window shows them
    projects = _LazyProjects(cache / "recovery", settings / "recent.json", cache / "sample")

    def open_clip(path: Path | None, report: ReportProgress) -> Clip:
        from mivos_studio.media.clip import open_clip

        return open_clip(_sample_clip(cache, report) if path is None else path)

    def open_session(opened: OpenedFile, recorder: ScriptRecorder, report: ReportProgress) -> OpenedSession:
        from mivos_studio.window_projects import WindowProject

        report(_LOADING)
        if not loaded:
            loaded.append(options.load())
            notices.extend(loaded[0].notices)
            report(_LOADING)
        path = opened.path or cache / "sample"
        project = opened.project if isinstance(opened.project, WindowProject) else None
        is_new = project is None
        if project is None:
            project = projects.loaded.create(path, opened.clip)
        try:
            session = _open_session(opened.clip, path, loaded[0], options, recorder, project)
        except BaseException:
            if is_new:
                project.discard()  # nothing is in it yet
            raise
        while notices:
            project.add_notice(notices.pop(0))
        return session

    def make_report(project: Path | None, report: ReportProgress) -> str:
        return _make_report(project, options.weights, report)

    return Backend(open_clip, open_session, projects, make_report)


class _LazyProjects:
    """WindowProjects, which import SQLite and OpenCV, once they are needed."""

    def __init__(self, recovery: Path, recent_file: Path, sample: Path) -> None:
        self._recovery = recovery
        self._sample = sample
        self._recent_file = recent_file

    @cached_property
    def loaded(self) -> WindowProjects:
        from mivos_studio.project.file.recovery import RecoveryFolder
        from mivos_studio.window_projects import WindowProjects

        return WindowProjects(RecoveryFolder(self._recovery), self._recent_file)

    def open(self, path: Path, clip: Path | None, report: ReportProgress) -> OpenedFile:
        opened = self.loaded.open(path, clip, report)
        # As when it is opened without a project: nothing is to be saved beside it.
        return replace(opened, path=None) if opened.path == self._sample else opened

    def unnamed(self) -> tuple[UnnamedProject, ...]:
        folders = (self._recovery, temporary_recovery_folder())
        return self.loaded.unnamed() if any(folder.is_dir() for folder in folders) else ()

    def discard(self, path: Path) -> bool:
        return self.loaded.discard(path)

    def recent(self) -> tuple[Path, ...]:
        return self.loaded.recent()

    def add_recent(self, path: Path) -> None:
        self.loaded.add_recent(path)


def _make_report(project: Path | None, weights: Path | None, report: ReportProgress) -> str:
    """Return what `mivos doctor --report` prints, from a process of its own: this one may be what is broken.

    `report` is called while it waits, and may raise. Raises a UserError where there is no report.
    """
    from inference_core.errors import UserError

    words = [*_REPORT, *(["--project", str(project)] if project is not None else [])]
    words += ["--weights", str(weights)] if weights is not None else []
    if getattr(sys, "frozen", False):
        raise UserError("This bundle cannot make the report: run `mivos doctor --report` in a terminal.")
    folders = [str(Path(__file__).resolve().parents[1]), os.environ.get("PYTHONPATH", "")]
    path = os.pathsep.join(filter(None, folders))
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"}
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(
            [sys.executable, "-m", *words], env=environment,
            stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            while process.poll() is None:
                report("")
                time.sleep(_REPORT_POLL_S)
        finally:
            process.kill()
            process.wait()
        printed.seek(0)
        text = printed.read().decode("utf-8", "replace")
    if process.returncode != 0:
        raise UserError("The report could not be made: run `mivos doctor --report` in a terminal.")
    return text


def _sample_clip(cache: Path, report: ReportProgress) -> Path:
    """Write the sample clip if it is not there, and return its folder."""
    folder = cache / "sample"
    if not folder.exists():
        from mivos_studio.synthetic.sample import write_sample

        try:
            cache.mkdir(parents=True, exist_ok=True)
            write_sample(folder, before_frame=lambda _: report("Making the sample clip …"))
        except (UserError, OSError) as error:
            if folder.exists():  # another window was first, with the same clip
                return folder
            if isinstance(error, UserError):
                raise
            reason = reason_of(error)
            raise UserError(
                f"The sample clip cannot be made in {cache}: {reason}. Open a clip of your own meanwhile."
            ) from error
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
        from mivos_studio.window_projects import initial_undo_count, note_other_family

        session = Session.restore(
            state, project.file.storage, clip, networks, device=options.device, dtype=options.dtype
        )
        recorder.load(project.file.steps())
        locked_count = initial_undo_count(project.file)
        project.file.update_clip(path, clip)
        note_other_family(project, networks.family)
    terms = FAMILIES[networks.family].terms
    return OpenedSession(session, networks.family, terms, locked_count, project)
