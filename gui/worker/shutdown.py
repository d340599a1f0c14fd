"""The window's threads come to an end, and after them the process: in order, and within a bounded time.

A thread is asked to end and does so at its next chance. One that sits in a system call (a frame on a disk
that does not answer) or in a long import has no such chance and cannot be stopped from outside. Qt aborts the
process where the object of a running thread is destroyed, and Python where a thread wakes up in an
interpreter that is being taken down. So nothing waits for such a thread longer than STOP_TIMEOUT_S, its object is
kept here, and `finish_process` ends the process past both.
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
"""How long the threads of a closed window may take. With what the process itself takes, it is gone in 2 s."""
_SIGNAL_EXIT_CODE = 128
"""The shell's convention: a program that a signal ended has this code and the signal's number."""

ReportProgress = Callable[[str], None]
"""Is told how far a long piece of work has come; raises StopRequested once nobody waits for it any more."""


class StopRequested(Exception):  # noqa: N818 it is no error: the work has been given up by whoever wanted it
    """Nobody waits for this work any more: leave it, and what it was writing, at once."""


class StoppableThread(QThread):
    """A thread that ends when it is asked to. Without a parent: that would destroy it, running or not."""

    def __init__(self) -> None:
        super().__init__()
        self._condition = threading.Condition()
        self._is_stopping = False

    def begin(self) -> None:
        """Start the thread, and keep its object while it runs."""
        _running.add(self)
        self.finished.connect(_remove_finished)  # and with it the clip that it holds
        self.start()

    def request_stop(self) -> None:
        """Have the thread end at its next chance; whatever waits for it is forgotten. Does not wait."""
        with self._condition:
            self._is_stopping = True
            self._condition.notify_all()

    def wait_stopped(self, seconds: float) -> bool:
        """Wait for the end, a bounded time; tell whether it has come."""
        return self.wait(max(0, round(1000 * seconds)))

    def connect_until_stop(self, signal: pyqtBoundSignal, slot: Callable[..., object]) -> None:
        """Connect a signal, but not for what is still on its way when the thread is asked to end.

        Qt delivers that even after a disconnect: a clip that has just been opened would arrive in a window
        that has just been closed.
        """
        reference = weakref.ref(self)  # a connection to a thread that holds the thread would keep it for good

        def forward(*values: object) -> None:
            thread = reference()
            if thread is not None and not thread._is_stopping:
                slot(*values)

        signal.connect(forward)

    def check_stop(self) -> None:
        """Raise StopRequested once the thread has been asked to end."""
        if self._is_stopping:
            raise StopRequested


_running: set[StoppableThread] = set()
"""Every thread that runs. Whatever else is gone, its object must not be."""


def running_threads() -> tuple[StoppableThread, ...]:
    """Return the threads that have not ended."""
    _remove_finished()
    return tuple(_running)


def _remove_finished() -> None:
    _running.difference_update([thread for thread in _running if not thread.isRunning()])


def stop_threads(timeout_s: float = STOP_TIMEOUT_S) -> bool:
    """Ask all threads to end, then wait, for all together so long; tell whether they have ended."""
    asked = running_threads()
    for thread in asked:
        thread.request_stop()
    latest_s = perf_counter() + timeout_s
    return all(thread.wait_stopped(latest_s - perf_counter()) for thread in asked)


def finish_process(code: int) -> int:
    """Return the exit code where the process can end as processes do; else end it here.

    The second way is for threads that could not be stopped. It skips what the interpreter does at its end,
    and little is lost by that: masks live in memory until they are saved or exported, scratch files have no
    name, and the report of errors is closed after each line. An export that sits in the system leaves a
    hidden folder, as after any sudden end, and the next one to that place removes it: here its thread might
    still write into it.
    """
    if not running_threads() and not _non_daemon_threads():
        return code
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # closed, or never there
            stream.flush()
    os._exit(code)


def _non_daemon_threads() -> list[threading.Thread]:
    """Threads of others for which the interpreter would wait, however long they take."""
    others = (thread for thread in threading.enumerate() if thread is not threading.main_thread())
    return [thread for thread in others if thread.is_alive() and not thread.daemon]


class TerminationSignals(QObject):
    """SIGINT and SIGTERM end the program in order and without a question: nobody may be there to answer.

    Python runs a signal's handler between two of its own instructions, and while nothing happens Qt's event
    loop runs none. So Python also writes to a socket, which wakes the loop.
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
        """Give the signals back to Python."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)

    def _on_woken(self) -> None:
        """The handler has run by now, or runs before the next instruction."""
        with suppress(BlockingIOError):
            self._ours.recv(64)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del frame
        # Later, from the event loop: it may not have begun yet, and there is nothing to end before it has.
        QTimer.singleShot(0, lambda: self._end(_SIGNAL_EXIT_CODE + number))
