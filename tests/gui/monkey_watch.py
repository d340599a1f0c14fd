"""What the monkey keeps an eye on: faults that the program reports, and the work in each project.

The state of a session is known from a digest of all that undo promises to restore. It is looked up by the
steps that were done: whenever the same steps are done again, by undo, by redo or in a project that was opened
again, the state must be the same bit by bit.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from gui.crash import ErrorReporter
from gui.worker.commands import Changes, ExportCommand, RecordStep
from gui.worker.project_saver import ProjectSaver
from gui.worker.worker import OpenedSession
from inference_core.session import Session
from inference_core.types import Frames
from mivos_studio import app
from mivos_studio.media.export.png_indexed import PNG_INDEXED
from mivos_studio.media.palette import read_ids
from mivos_studio.project.file.project_file import ProjectFile
from mivos_studio.window_projects import WindowProjects
from model.interfaces import Networks
from tests.inference_core.snapshot import snapshot
from tests.mivos_studio.project.file.projects import crashed_copy

Digest = dict[str, str]
Steps = tuple[tuple[str, float], ...]
"""Name and time of each step: no two of them are the same."""

HARMLESS = (
    "Qt: This plugin does not support",
    "Qt: QXcbConnection: XCB error",
    "Qt: qt.qpa.xcb:",
)
"""What Qt warns of on a display without a window manager."""


@dataclass(frozen=True)
class Work:
    """A session as it was at one moment: its state, the steps done, those undone."""

    state: Digest
    done: Steps
    undone: Steps
    view: Mapping[str, object] = field(default_factory=dict)
    """What the window showed of it."""

    @classmethod
    def of(cls, session: Session) -> Work:
        """Return the state of a session that nobody is changing, without a view."""
        entries = [(entry.label, entry.done_at, entry.is_undone) for entry in session.history]
        done = tuple((label, at) for label, at, is_undone in entries if not is_undone)
        undone = tuple((label, at) for label, at, is_undone in entries if is_undone)
        return cls(digest(session), done, undone)

    def differences(self, other: Work) -> list[str]:
        """Return the names of what differs."""
        parts = [
            name for name in {**self.state, **other.state} if self.state.get(name) != other.state.get(name)
        ]
        steps = [name for name in ("done", "undone") if getattr(self, name) != getattr(other, name)]
        return sorted(parts) + steps


def digest(session: Session) -> Digest:
    """Return a hash of each part of a session's state; masks and probabilities frame by frame."""
    found: Digest = {}
    for name, value in snapshot(session).items():
        if name in ("ids", "prob"):
            assert isinstance(value, list)
            found.update({f"{name} of frame {index}": _hash(each) for index, each in enumerate(value)})
        else:
            found[name] = _hash(repr(value).encode())
    return found


class Watch:
    """Collects faults, and compares each project that is opened with what was left in it."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.messages: Counter[str] = Counter()
        """What the window told its user, and how often."""
        self.left: dict[Path, Work] = {}
        """The work in each project that is not open."""
        self.counts: Counter[str] = Counter()
        self.may_discard: Callable[[], bool] = lambda: False
        """Whether work without a name may be removed now."""
        self.opened: Work | None = None
        """What was left in the project that was opened last; None where it is new."""
        self._known: dict[Steps, Digest] = {}
        self._lock = threading.Lock()

    def install(self) -> None:
        """Watch the program's own places for faults, its projects' opening and their closing."""
        watch = self

        def report(reporter: ErrorReporter, text: str) -> None:
            if not text.startswith(HARMLESS):
                watch.fault(text)
            real_report(reporter, text)

        def open_session(*values: Any) -> OpenedSession:
            opened = real_open(*values)
            watch.on_opened(opened)
            return opened

        def close(saver: ProjectSaver, session: Session, *, is_discarded: bool) -> None:
            watch.on_closing(saver, session, is_discarded=is_discarded)
            real_close(saver, session, is_discarded=is_discarded)

        def save_as(saver: ProjectSaver, session: Session, path: Path, *, replaces: bool) -> None:
            before, had_name = saver.project.path, saver.project.has_name
            real_save_as(saver, session, path, replaces=replaces)
            watch.on_saved_as(saver, before if had_name else None, session)

        def export(command: ExportCommand, session: Session, record: RecordStep) -> Changes:
            yield from real_export(command, session, record)
            watch.on_exported(command, session)

        def discard(projects: WindowProjects, path: Path) -> bool:
            is_gone = real_discard(projects, path)
            if is_gone:
                watch.left.pop(path, None)
            if is_gone == path.exists():
                watch.fault(f"{path.name} was discarded: {is_gone}")
            return is_gone

        real_discard, WindowProjects.discard = WindowProjects.discard, discard  # type: ignore[method-assign]
        real_report, real_open = ErrorReporter.report, app._open_session
        real_export, ExportCommand.run = ExportCommand.run, export  # type: ignore[method-assign]
        real_close, real_save_as = ProjectSaver.close, ProjectSaver.save_as
        ErrorReporter.report = report  # type: ignore[method-assign]
        ProjectSaver.close = close  # type: ignore[method-assign]
        ProjectSaver.save_as = save_as  # type: ignore[method-assign]
        app._open_session = open_session
        sys.unraisablehook = lambda what: watch.fault(f"{what.err_msg} {what.object!r}: {what.exc_value!r}")

    def fault(self, text: str) -> None:
        """Note a fault; from any thread."""
        with self._lock:
            self.faults.append(text)

    def on_message(self, text: str) -> None:
        """Count what the window tells its user; a fault of the program's is one here too."""
        self.messages[text] += 1
        if text.startswith("That did not work"):
            self.fault(text)

    def check_known(self, session: Session, what: str) -> Work:
        """Compare a session with the state that the same steps had before; return its state."""
        work = Work.of(session)
        with self._lock:
            known = self._known.setdefault(work.done, work.state)
        if known is not work.state:
            self.counts["states compared"] += 1
            differing = work.differences(Work(known, work.done, work.undone))
            if differing:
                self.fault(f"{what}: the same {len(work.done)} steps had another state: {differing}")
        return work

    def forget(self) -> None:
        """Forget the states of works that are not gone on with."""
        with self._lock:
            self._known.clear()

    # Projects, on the worker's thread.

    def on_opened(self, opened: OpenedSession) -> None:
        """Compare what is opened with what was left there."""
        assert opened.project is not None
        path = opened.project.path
        if opened.project.is_read_only:
            self.fault(f"{path.name} was opened for reading only: {opened.project.notices}")
        work = self.check_known(opened.session, f"opened {path.name}")
        with self._lock:
            left = self.left.pop(path, None)
        self.opened = left
        if left is not None:
            self.counts["projects opened again"] += 1
            if differing := work.differences(left):
                self.fault(f"{path.name} was opened with other {differing}")

    def on_closing(self, saver: ProjectSaver, session: Session, *, is_discarded: bool) -> None:
        """Note what is left in a project; nothing of one that is removed, as it has no work or by request."""
        project = saver.project
        work = self.check_known(session, f"closing {project.path.name}")
        if not project.has_name and is_discarded and not self.may_discard():
            self.fault(f"{project.path.name} is removed, and nobody said so")
        is_empty = session.undo_count <= saver._initial_undo_count
        if project.has_name or not (is_discarded or is_empty):
            with self._lock:
                self.left[project.path] = replace(work, view=saver._view)

    def on_saved_as(self, saver: ProjectSaver, before: Path | None, session: Session) -> None:
        """Note what is left in the project before, if it has a name; the other one is open."""
        work, path = Work.of(session), saver.project.path
        with self._lock:
            if before is not None and before != path:
                self.left[before] = replace(work, view=saver._view)
            self.left.pop(path, None)

    def on_exported(self, command: ExportCommand, session: Session) -> None:
        """Read what was exported."""
        self.counts["exports"] += 1
        for frame_index in range(session.frame_count):
            ids = session.ids(frame_index)
            if command.export_format.name == PNG_INDEXED.name:
                found = read_ids(command.path / f"{frame_index:05d}.png")
                if not np.array_equal(found, ids):
                    self.fault(f"the export's frame {frame_index} has other masks")


def check_crashed_copy(watch: Watch, path: Path, session: Session, networks: Networks, clip: Frames) -> None:
    """Open a copy of a project as a crash would leave it now: the session in it is the same."""
    with tempfile.TemporaryDirectory(prefix="mivos-monkey-") as folder:
        copy = crashed_copy(path, Path(folder))
        with ProjectFile.open(copy) as project:
            if project.state is None:
                watch.fault(f"{path.name} holds nothing yet, the session {session.undo_count} steps")
                return
            restored = Session.restore(
                project.state, project.storage, clip, networks, device=session.device, dtype=session.dtype
            )
            watch.counts["crashed copies"] += 1
            if differing := Work.of(restored).differences(Work.of(session)):
                watch.fault(f"a copy of {path.name} as a crash leaves it has other {differing}")


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
