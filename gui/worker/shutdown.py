"""Stop the window's threads and then the process, in order and within a bounded time.

A thread checks at intervals whether it should stop. One that blocks in a system call (reading from an
unresponsive disk) or in a long import reaches no such check and cannot be stopped from outside. Qt aborts the
process when the object of a running thread is destroyed, and Python when a thread resumes while the
interpreter is being finalized. So nothing waits for such a thread longer than STOP_TIMEOUT_S, its object is
kept here, and `finish_process` exits without finalizing either.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from time import perf_counter
from types import FrameType

from PyQt5.QtCore import QObject, QSocketNotifier, QThread, QTimer, pyqtBoundSignal
from PyQt5.sip import voidptr

STOP_TIMEOUT_S = 1.0
"""How long the threads of a closed window may take. With the process's own exit it takes 2 s at most."""
_SIGNAL_EXIT_CODE = 128
"""Shell convention: the exit code after a signal is this plus the signal's number."""

ReportProgress = Callable[[str], None]
"""Takes a progress text for the status line; raises StopRequested once the thread should stop."""


class StopRequested(Exception):  # noqa: N818 not an error: the work is no longer needed
    """The thread should stop: abandon the work and what it was writing."""


class StoppableThread(QThread):
    """A thread that can be asked to stop. It has no Qt parent, which would destroy it while it runs."""

    def __init__(self) -> None:
        super().__init__()
        self._condition = threading.Condition()
        self._is_stopping = False

    def begin(self) -> None:
        """Start the thread, and keep its object alive while it runs."""
        _running.add(self)
        self.finished.connect(_remove_finished)  # releases the clip that the thread holds
        self.start()

    def request_stop(self) -> None:
        """Make the thread stop at its next check; pending work is dropped. Does not wait."""
        with self._condition:
            self._is_stopping = True
            self._condition.notify_all()

    def wait_stopped(self, seconds: float) -> bool:
        """Wait at most so long for the thread to finish; return whether it has."""
        return self.wait(max(0, round(1000 * seconds)))

    def connect_until_stop(self, signal: pyqtBoundSignal, slot: Callable[..., object]) -> None:
        """Connect a signal, but drop emissions that are still queued when a stop is requested.

        Qt delivers queued emissions even after a disconnect: a clip that has just been opened would arrive in
        a window that has just been closed.
        """
        reference = weakref.ref(
            self
        )  # a strong reference in the thread's own connection would never be freed

        def forward(*values: object) -> None:
            thread = reference()
            if thread is not None and not thread._is_stopping:
                slot(*values)

        signal.connect(forward)

    def check_stop(self) -> None:
        """Raise StopRequested once a stop has been requested."""
        if self._is_stopping:
            raise StopRequested


_running: set[StoppableThread] = set()
"""Every running thread: its object must not be destroyed."""


def running_threads() -> tuple[StoppableThread, ...]:
    """Return the threads that have not finished."""
    _remove_finished()
    return tuple(_running)


def _remove_finished() -> None:
    _running.difference_update([thread for thread in _running if not thread.isRunning()])


def stop_threads(timeout_s: float = STOP_TIMEOUT_S) -> bool:
    """Stop all threads and wait, at most so long in total; return whether all have finished."""
    threads = running_threads()
    for thread in threads:
        thread.request_stop()
    latest_s = perf_counter() + timeout_s
    return all(thread.wait_stopped(latest_s - perf_counter()) for thread in threads)


def finish_process(code: int) -> int:
    """Return the exit code if the process can exit normally; else exit here with `os._exit`.

    The second case is for threads that could not be stopped. It skips the interpreter's finalization, which
    loses little: a project is as it was saved last, after the last command or half second, and the error
    report is closed after each line. An export that blocks in a system call leaves a hidden folder, as
    after any kill, and the next export to that place removes it; it is not removed here since its thread
    might still write into it.
    """
    if not running_threads() and not _non_daemon_threads():
        return code
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # closed, or None
            stream.flush()
    os._exit(code)


def _non_daemon_threads() -> list[threading.Thread]:
    """Return other libraries' threads that the interpreter would join without a timeout."""
    others = (thread for thread in threading.enumerate() if thread is not threading.main_thread())
    return [thread for thread in others if thread.is_alive() and not thread.daemon]


class TerminationSignals(QObject):
    """Quits the program in order on SIGINT and SIGTERM, without a dialog, since no user may be present.

    Python runs a signal handler between two bytecode instructions, and an idle Qt event loop executes none.
    So Python also writes to a socket, which wakes the loop.
    """

    def __init__(self, end: Callable[[int], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._end = end
        self._ours, theirs = self._sockets = socket.socketpair()
        for each in self._sockets:
            each.setblocking(False)
        self._notifier = QSocketNotifier(voidptr(self._ours.fileno()), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_woken)
        signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def uninstall(self) -> None:
        """Restore Python's default handlers."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)

    def _on_woken(self) -> None:
        """Drain the socket. Python has run the handler by now, or runs it before the next instruction."""
        with suppress(BlockingIOError):
            self._ours.recv(64)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del frame
        # From the event loop: if it has not started yet, there is nothing to quit until it has.
        QTimer.singleShot(0, lambda: self._end(_SIGNAL_EXIT_CODE + number))
