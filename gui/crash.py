"""Handle uncaught errors: a message in the window and a report in a file, and the program goes on.

Without a sys.excepthook, PyQt5 aborts the process on any error in a slot.
"""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from PyQt5.QtCore import QMessageLogContext, QObject, QtMsgType, pyqtSignal, qInstallMessageHandler

from inference_core.errors import UserError
from mivos_studio.system_errors import sentence_of

MAX_REPORT_BYTES = 1 << 20
"""Above this the file is begun anew, so that an error that repeats does not fill the disk."""


class ErrorReporter(QObject):
    """Reports uncaught errors of all threads, and Qt's warnings."""

    caught = pyqtSignal(str)
    """A message for the user. A signal, since it may be emitted on another thread."""

    def __init__(self, report_file: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._report_file = report_file

    def install(self) -> None:
        """Install the exception hooks of Python and the message handler of Qt."""
        sys.excepthook = self._on_error
        threading.excepthook = self._on_thread_error
        qInstallMessageHandler(self._on_qt_message)

    def uninstall(self) -> None:
        """Restore the defaults, for tests and embedding programs."""
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__
        qInstallMessageHandler(None)

    def report(self, text: str) -> None:
        """Append to the report file; errors of the file system are ignored."""
        try:
            self._report_file.parent.mkdir(parents=True, exist_ok=True)
            mode = "a" if self._is_below_limit() else "w"
            with self._report_file.open(mode, encoding="utf-8", errors="backslashreplace") as file:
                file.write(f"{datetime.now(UTC).isoformat(timespec='seconds')} {text}\n")
        except OSError:
            return

    def _is_below_limit(self) -> bool:
        return not self._report_file.exists() or self._report_file.stat().st_size < MAX_REPORT_BYTES

    def _on_error(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        self.report("".join(traceback.format_exception(kind, error, trace)))
        self.caught.emit(error_message(error, self._report_file))

    def _on_thread_error(self, failure: threading.ExceptHookArgs) -> None:
        if failure.exc_value is not None:
            self._on_error(failure.exc_type, failure.exc_value, failure.exc_traceback)

    def _on_qt_message(self, kind: QtMsgType, context: QMessageLogContext, message: str | None) -> None:
        del context  # Qt's release builds leave it empty
        if kind in (QtMsgType.QtWarningMsg, QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg):
            self.report(f"Qt: {message}")


def show_or_report(error: BaseException, show: Callable[[str], None]) -> None:
    """Show an error that the user can correct; pass any other to sys.excepthook, which also reports it."""
    if is_expected(error):
        show(error_message(error))
    else:
        sys.excepthook(type(error), error, error.__traceback__)


def is_expected(error: BaseException) -> bool:
    """Whether the error's text is a sentence for the user."""
    return isinstance(error, UserError) or sentence_of(error) is not None


def error_message(error: BaseException, report_file: Path | None = None) -> str:
    """Return a sentence about the error that the user can act on."""
    sentence = str(error) if isinstance(error, UserError) else sentence_of(error)
    if sentence is not None:
        return sentence
    where = f" The details are in {report_file}." if report_file else ""
    text = str(error).strip().splitlines()
    what = f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
    return f"That did not work ({what}). Your masks are as they were before.{where}"
