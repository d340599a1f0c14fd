"""The one thread that owns the session and all that the networks do.

Commands are run one after the other, in the order they were given. A long one lets short ones run between two
of its changes: it is closed there, which makes its finished part a step of its own, and taken up again after.
An undo that takes this part back ends it: otherwise it would do at once what the editor has just taken back.
Nothing here knows torch: the session comes from a factory that is called on this thread. The thread keeps its
normal priority: a lower one would leave the interpreter's lock with a thread that is not being run.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from PyQt5.QtCore import QSemaphore, pyqtSignal

from gui.worker.commands import Change, Command
from gui.worker.script_recorder import ScriptRecorder
from gui.worker.shutdown import ReportProgress, StoppableThread, StopRequested
from inference_core.types import Progress

if TYPE_CHECKING:
    from inference_core.session import Session

MAX_UNACKNOWLEDGED_CHANGES = 16
"""Changes on their way to the window; beyond this the worker waits, since every one holds a mask."""
_POLL_MS = 50
_WAITING_FOR_OTHER_CLIP = "Finishing what was under way on the other clip …"


@dataclass(frozen=True)
class OpenedSession:
    """A session and the family of the networks that it computes with."""

    session: Session
    family: str
    terms: str = ""
    """What the licences of its weights' training data say."""
    initial_undo_count: int = 0
    """Steps that were there before the editor's first: they are not the editor's to take back."""

    @property
    def description(self) -> str:
        """What computes, and where, as "compact · cpu · bfloat16"; the session may change device."""
        return f"{self.family} · {self.session.device} · {self.session.dtype}"


SessionFactory = Callable[[ReportProgress], OpenedSession]
"""Makes the opened on the worker's thread."""


class Ending(StrEnum):
    """How a command came to its end."""

    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """What became of a command."""

    command: Command
    ending: Ending
    error: BaseException | None = None


class Worker(StoppableThread):
    """Runs commands; says by signals what changed.

    compute_lock  is held while it computes: sessions share the networks, so the next clip's worker waits for it.
    """

    loading = pyqtSignal(str)
    opened = pyqtSignal(object)
    """OpenedSession: its session may be read from now on."""
    open_failed = pyqtSignal(object)
    """The error."""
    command_started = pyqtSignal(object)
    """Command."""
    changed = pyqtSignal(object)
    """FrameMask or Progress; whoever receives it calls `acknowledge`."""
    noticed = pyqtSignal(str)
    """What the session had to do differently, a sentence."""
    command_ended = pyqtSignal(object)
    """Outcome."""

    def __init__(
        self, factory: SessionFactory, recorder: ScriptRecorder, compute_lock: threading.Lock | None = None
    ) -> None:
        super().__init__()
        self._factory = factory
        self._recorder = recorder
        self._compute_lock = compute_lock or threading.Lock()
        self._waiting: deque[Command] = deque()
        self._is_cancelled = threading.Event()
        self._free_slots = QSemaphore(MAX_UNACKNOWLEDGED_CHANGES)

    # From the window's thread.

    def submit(self, command: Command) -> None:
        """Run a command after those before it; one that comes after the end is not run."""
        with self._condition:
            if not self._is_stopping:
                self._waiting.append(command)
                self._condition.notify()

    def cancel(self) -> None:
        """Stop the long command under way after its current frame, and forget those that wait."""
        with self._condition:
            dropped = [command for command in self._waiting if command.is_long]
            self._waiting = deque(command for command in self._waiting if not command.is_long)
            self._is_cancelled.set()
        for command in dropped:
            self.command_ended.emit(Outcome(command, Ending.CANCELLED))

    def acknowledge(self) -> None:
        """A change has been taken in."""
        self._free_slots.release()

    def request_stop(self) -> None:
        """End the thread after the current frame; what waits is not done any more."""
        with self._condition:
            self._waiting.clear()
            super().request_stop()

    # On the worker's thread.

    def run(self) -> None:
        """Open the opened, then run commands until the thread is asked to end."""
        try:
            with self._hold_compute_lock():
                self._open_and_run()
        except StopRequested:
            return

    @contextmanager
    def _hold_compute_lock(self) -> Iterator[None]:
        if not self._compute_lock.acquire(blocking=False):
            self.loading.emit(_WAITING_FOR_OTHER_CLIP)
            while not self._compute_lock.acquire(timeout=_POLL_MS / 1000):
                self.check_stop()
        try:
            yield
        finally:
            self._compute_lock.release()

    def _open_and_run(self) -> None:
        try:
            opened = self._factory(self._report_loading)
            self.check_stop()
        except StopRequested:
            raise
        except Exception as error:
            self.open_failed.emit(error)
            return
        opened.session.on_notice(self.noticed.emit)
        self._recorder.begin(opened.session.undo_count)
        self.opened.emit(opened)
        while (command := self._next()) is not None:
            self._run(opened.session, command)

    def _report_loading(self, text: str) -> None:
        self.check_stop()
        self.loading.emit(text)

    def _next(self) -> Command | None:
        with self._condition:
            while not self._waiting and not self._is_stopping:
                self._condition.wait()
            # Under the lock: a cancel that comes from now on is meant for the command handed out here.
            self._is_cancelled.clear()
            return None if self._is_stopping else self._waiting.popleft()

    def _next_short(self) -> Command | None:
        with self._condition:
            if self._is_stopping or not self._waiting or self._waiting[0].is_long:
                return None
            return self._waiting.popleft()

    def _run(self, session: Session, command: Command) -> None:
        self.command_started.emit(command)
        try:
            ending = self._run_to_end(session, command)
        except Exception as error:
            self.command_ended.emit(Outcome(command, Ending.FAILED, error))
        else:
            self.command_ended.emit(Outcome(command, ending))

    def _run_to_end(self, session: Session, command: Command) -> Ending:
        """Run a command to its end, letting short ones in between where it gives way."""
        rest: Command | None = command.prepared(session)
        while rest is not None:
            if not self._run_until_stopped(rest, session):
                return Ending.DONE
            if self._is_cancelled.is_set() or self._is_stopping:
                return Ending.CANCELLED
            if self._run_waiting_short_commands(session):
                return Ending.CANCELLED
            rest = rest.remainder(session)
        return Ending.DONE

    def _run_waiting_short_commands(self, session: Session) -> bool:
        """Run the short commands that wait; tell whether one took back what the long one had done.

        An undo of a stroke that came in between takes back that stroke alone.
        """
        reached, lowest = session.undo_count, session.undo_count
        while (short := self._next_short()) is not None:
            self._run(session, short)
            lowest = min(lowest, session.undo_count)
        return lowest < reached

    def _run_until_stopped(self, command: Command, session: Session) -> bool:
        """Send a command's changes until it ends or has to stop; tell whether it was stopped."""
        changes = command.run(session, lambda step: self._recorder.record(step, session.undo_count))
        for change in changes:
            # First shown, then asked: what the session has kept is always on the canvas.
            self._send(change)
            if not _is_last_change(change) and self._should_stop(command):
                changes.close()
                return True
        return False

    def _should_stop(self, command: Command) -> bool:
        with self._condition:
            is_interrupted = command.is_interruptible and bool(self._waiting) and not self._waiting[0].is_long
            # An undo of a long propagation has many changes to show, and the window may be gone.
            return self._is_stopping or is_interrupted or (command.is_long and self._is_cancelled.is_set())

    def _send(self, change: Change) -> None:
        while not self._free_slots.tryAcquire(1, _POLL_MS):
            if self._is_stopping:
                return  # nobody will see it any more
        self.changed.emit(change)


def _is_last_change(change: Change) -> bool:
    """Whether the command ends by itself now: stopping it would only leave its end undone."""
    progress = change if isinstance(change, Progress) else change.progress
    return progress is not None and progress.done >= progress.total
