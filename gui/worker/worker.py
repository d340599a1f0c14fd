"""The one thread that owns the session and runs the networks.

Commands run one after the other, in the order they were submitted. Between two changes of an interruptible
one, the short ones that are waiting run. If one of them undoes it, it ends.

The session comes from a factory that is called on this thread, so this module does not import torch. The
thread keeps its normal priority: a lower one would leave the interpreter's lock with a thread that is not
scheduled.
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
from gui.worker.project import Project
from gui.worker.project_saver import ProjectSaver
from gui.worker.shutdown import ReportProgress, StoppableThread, StopRequested
from inference_core.types import Progress
from mivos_studio.project.recorder import ScriptRecorder
from mivos_studio.project.steps import StepRecord

if TYPE_CHECKING:
    from inference_core.session import Session

MAX_UNACKNOWLEDGED_CHANGES = 16
"""Changes that the window has not handled yet; at this many the worker waits, since each holds a mask."""
_POLL_MS = 50
"""How often a wait checks whether the thread should stop: soon for a user, rare for the processor."""
_WAITING_FOR_OTHER_CLIP = "Finishing what was under way on the other clip …"


@dataclass(frozen=True)
class OpenedSession:
    """A session and the family of its networks."""

    session: Session
    family: str
    terms: str = ""
    """Licence terms of the weights' training data."""
    initial_undo_count: int = 0
    """Undo steps that existed before the user's first; the user cannot undo them."""
    project: Project | None = None
    """Where the session is saved; its store is the session's scratch store."""

    @property
    def description(self) -> str:
        """Family, device and dtype now, as "compact · cpu · bfloat16"; the session may change device."""
        return f"{self.family} · {self.session.device} · {self.session.dtype}"


SessionFactory = Callable[[ReportProgress], OpenedSession]
"""Opens the session; called on the worker's thread."""


class Ending(StrEnum):
    """How a command ended."""

    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """A command and how it ended."""

    command: Command
    ending: Ending
    error: BaseException | None = None


class Worker(StoppableThread):
    """Opens the session and runs commands on it; emits what changes.

    compute_lock  is held until the thread finishes: sessions share the networks, so the next clip's worker
                  waits for it.
    abandon       is called where no session is opened, to close what the factory would have used.
    """

    loading = pyqtSignal(str)
    """Text for the status line."""
    opened = pyqtSignal(object)
    """OpenedSession; its session may be read from now on."""
    open_failed = pyqtSignal(object)
    """The error."""
    command_started = pyqtSignal(object)
    """Command."""
    changed = pyqtSignal(object)
    """FrameMask or Progress; the receiver must call `acknowledge`."""
    noticed = pyqtSignal(str)
    """A sentence from the session, such as that it changed device."""
    command_ended = pyqtSignal(object)
    """Outcome."""
    save_failed = pyqtSignal(object)
    """The error; nothing is lost, and the next save writes all."""
    saved_again = pyqtSignal()
    """What could not be saved before is in the project."""

    def __init__(
        self,
        factory: SessionFactory,
        recorder: ScriptRecorder,
        compute_lock: threading.Lock | None = None,
        *,
        abandon: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self._factory = factory
        self._recorder = recorder
        self._compute_lock = compute_lock or threading.Lock()
        self._waiting: deque[Command] = deque()
        self._is_cancelled = threading.Event()
        self._abandon = abandon
        self._free_slots = QSemaphore(MAX_UNACKNOWLEDGED_CHANGES)
        self._saver: ProjectSaver | None = None
        self._initial_undo_count = 0
        self._is_discarded = False
        self._has_save_failed = False

    # From the window's thread.

    def submit(self, command: Command) -> None:
        """Queue a command; ignored once a stop has been requested."""
        with self._condition:
            if not self._is_stopping:
                self._waiting.append(command)
                self._condition.notify()

    def cancel(self) -> None:
        """Stop the running long command after its current frame, and drop the long ones that are queued."""
        with self._condition:
            dropped = [command for command in self._waiting if command.is_long]
            self._waiting = deque(command for command in self._waiting if not command.is_long)
            self._is_cancelled.set()
        for command in dropped:
            self.command_ended.emit(Outcome(command, Ending.CANCELLED))

    def acknowledge(self) -> None:
        """Note that the window has handled one change."""
        self._free_slots.release()

    @property
    def saver(self) -> ProjectSaver | None:
        """What saves the session in its project, once the session is open; None where there is no project."""
        return self._saver

    @property
    def initial_undo_count(self) -> int:
        """The session's undo steps that the user cannot undo, once the session is open."""
        return self._initial_undo_count

    def discard_project(self) -> None:
        """Remove the project at the end if it has no name."""
        self._is_discarded = True

    def request_stop(self) -> None:
        """Stop the thread after the current frame and drop the queued commands; the project is saved then."""
        with self._condition:
            self._waiting.clear()
            super().request_stop()

    # On the worker's thread.

    def run(self) -> None:
        """Open the session, then run commands until the thread is stopped."""
        try:
            with self._hold_compute_lock():
                opened = self._open()
                if opened is not None:
                    self._abandon = lambda: None
                    self._run_commands(opened)
        except StopRequested:
            pass
        finally:
            self._abandon()

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

    def _open(self) -> OpenedSession | None:
        try:
            return self._factory(self._report_loading)
        except StopRequested:
            raise
        except Exception as error:
            self.open_failed.emit(error)
            return None

    def _run_commands(self, opened: OpenedSession) -> None:
        opened.session.on_notice(self.noticed.emit)
        self._recorder.start(opened.session.undo_count)
        self._initial_undo_count = opened.initial_undo_count
        if opened.project is not None:
            self._saver = ProjectSaver(
                opened.project,
                self._recorder,
                initial_undo_count=opened.initial_undo_count,
                family=opened.family,
            )
        try:
            self.check_stop()
            self.opened.emit(opened)
            while (command := self._next()) is not None:
                self._run(opened.session, command, self._recorder)
        finally:
            self._close_project(opened.session)

    def _report_loading(self, text: str) -> None:
        self.check_stop()
        self.loading.emit(text)

    def _next(self) -> Command | None:
        with self._condition:
            while not self._waiting and not self._is_stopping:
                self._condition.wait()
            # Under the lock: a later cancel applies to the command returned here.
            self._is_cancelled.clear()
            return None if self._is_stopping else self._waiting.popleft()

    def _next_short(self) -> Command | None:
        with self._condition:
            if self._is_stopping or not self._waiting or self._waiting[0].is_long:
                return None
            return self._waiting.popleft()

    def _run(self, session: Session, command: Command, record: StepRecord) -> None:
        """Run a command and save what it changed; `record` adds what it did to the script."""
        self.command_started.emit(command)
        try:
            if self._saver is not None and command.changes_session:
                self._saver.check_writable()
            outcome = Outcome(command, self._run_to_end(session, command, record))
        except Exception as error:
            outcome = Outcome(command, Ending.FAILED, error)
        if self._saver is not None and command.changes_session:
            self._save(self._saver.save, session)
        self.command_ended.emit(outcome)

    def _run_to_end(self, session: Session, command: Command, record: StepRecord) -> Ending:
        """Emit a command's changes; between them, run short ones where it is interruptible."""
        own_count = 0
        changes = command.run(session, record)
        for done, change in enumerate(changes, start=1):
            # Emit before checking, so that the canvas shows every change that the session keeps.
            self._send(change)
            if self._saver is not None and command.changes_session and command.is_long:
                self._save_meanwhile(self._saver, session)
            if _is_last_change(change):
                continue
            own_count = own_count or session.undo_count
            lowest = (
                self._run_waiting_short_commands(session, done) if command.is_interruptible else own_count
            )
            # One that was undone ends, or it would immediately redo what the user has undone.
            if lowest < own_count or self._should_stop(command):
                changes.close()
                return Ending.CANCELLED
        return Ending.DONE

    def _run_waiting_short_commands(self, session: Session, done: int) -> int:
        """Run the queued short commands during a long one; return the lowest count of undo steps meanwhile.

        done  the changes of the long one so far.
        """
        lowest = session.undo_count
        while (short := self._next_short()) is not None:
            self._run(session, short, self._recorder.during(done))
            lowest = min(lowest, session.undo_count)
        return lowest

    def _save(self, save: Callable[[Session], None], session: Session, *, is_meanwhile: bool = False) -> None:
        """Save; a failure is emitted, and work goes on."""
        try:
            save(session)
        except Exception as error:
            is_shown, self._has_save_failed = self._has_save_failed and is_meanwhile, True
            if not is_shown:  # a long command would show it every half second
                self.save_failed.emit(error)
        else:
            if self._has_save_failed:
                self._has_save_failed = False
                self.saved_again.emit()

    def _save_meanwhile(self, saver: ProjectSaver, session: Session) -> None:
        if saver.is_due():
            self._save(saver.save, session, is_meanwhile=True)

    def _close_project(self, session: Session) -> None:
        saver = self._saver
        if saver is not None:
            self._save(lambda session: saver.close(session, is_discarded=self._is_discarded), session)

    def _should_stop(self, command: Command) -> bool:
        # Any command may be stopped at shutdown: undoing a long propagation also emits many changes.
        return self._is_stopping or (command.is_long and self._is_cancelled.is_set())

    def _send(self, change: Change) -> None:
        while not self._free_slots.tryAcquire(1, _POLL_MS):
            if self._is_stopping:
                return  # the window no longer handles changes
        self.changed.emit(change)


def _is_last_change(change: Change) -> bool:
    """Whether the command ends after this change anyway: stopping it would only skip its last lines."""
    progress = change if isinstance(change, Progress) else change.progress
    return progress is not None and progress.done >= progress.total
