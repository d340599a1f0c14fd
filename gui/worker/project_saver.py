"""Save a session in its project as it changes. Runs on the worker's thread."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from gui.worker.project import Project
from inference_core.errors import UserError
from mivos_studio.project.file.view_keys import FAMILY, INITIAL_UNDO_COUNT
from mivos_studio.project.recorder import ScriptRecorder

if TYPE_CHECKING:
    from inference_core.session import Session

LEAST_INTERVAL_S = 0.5
_SHARE = 10
"""Saves during a command take at most about one part in so many of its time."""


class ProjectSaver:
    """Saves what has changed. Only `set_view` is called from another thread.

    initial_undo_count  undo steps that the user cannot undo.
    family              of the networks.
    """

    def __init__(
        self, project: Project, recorder: ScriptRecorder, *, initial_undo_count: int, family: str
    ) -> None:
        self.project = project
        self._recorder = recorder
        self._initial_undo_count = initial_undo_count
        self._family = family
        self._view: Mapping[str, object] = {}
        self._saved: tuple[object, ...] = ()
        self._latest_s = monotonic()
        self._interval_s = LEAST_INTERVAL_S

    def set_view(self, view: Mapping[str, object]) -> None:
        """Set what is remembered of the window with the next save."""
        self._view = view

    def check_writable(self) -> None:
        """Raise a UserError where the project is open for reading only."""
        if self.project.is_read_only:
            raise UserError(
                f"{self.project.path.name} can only be looked at: to change anything, save it under another"
                " name (File, Save project as…)."
            )

    def save(self, session: Session) -> None:
        """Save if anything has changed since the last save. Raises a UserError where that fails."""
        if self.project.is_read_only:
            return
        view = self._whole_view()
        now, steps = (session.version, view), self._recorder.take_new()
        if now == self._saved and not steps:
            return
        began_s = monotonic()
        try:
            self.project.save(session, steps, self._recorder.running, view)
        finally:
            self._latest_s = monotonic()
            self._interval_s = max(LEAST_INTERVAL_S, _SHARE * (self._latest_s - began_s))
        self._saved = now

    def is_due(self) -> bool:
        """Whether it is time to save during a command: at most every half second."""
        return monotonic() - self._latest_s >= self._interval_s

    def save_as(self, session: Session, path: Path, *, replaces: bool) -> None:
        """Go on at another place, also where nothing can be saved at this one. Raises a UserError."""
        with suppress(UserError):  # on a full disk: what waits is saved at the other place
            self.save(session)
        self.project.save_as(path, replaces=replaces)
        self._saved = ()
        self.save(session)

    def collect(self, session: Session, folder: Path) -> Path:
        """Copy the project and its clip into a folder; return the project there. Raises a UserError."""
        self.save(session)
        return self.project.collect(folder)

    def close(self, session: Session, *, is_discarded: bool) -> None:
        """Save and close; a recovery project is removed if it is discarded or there is nothing in it.

        What was undone and can be redone is something: the next start offers it.
        Raises a UserError where saving fails; the project is closed then too.
        """
        is_empty = session.undo_count <= self._initial_undo_count and not session.can_redo
        if not self.project.has_name and (is_discarded or is_empty):
            self.project.discard()
            return
        try:
            self.save(session)
        finally:
            self.project.close()

    def _whole_view(self) -> dict[str, object]:
        return {**self._view, INITIAL_UNDO_COUNT: self._initial_undo_count, FAMILY: self._family}
