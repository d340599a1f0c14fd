"""What the window uses of projects: protocols, so that it imports neither SQLite nor a session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from gui.worker.shutdown import ReportProgress
from inference_core.errors import UserError
from mivos_studio.project.steps import Step
from mivos_studio.project.unnamed import UnnamedProject

if TYPE_CHECKING:
    from inference_core.session import Session
    from mivos_studio.media.clip import Clip


class Project(Protocol):
    """The project of an open clip. Methods raise a UserError where they fail; nothing is lost then."""

    @property
    def path(self) -> Path: ...

    @property
    def has_name(self) -> bool:
        """Whether the user has chosen its place; otherwise it is a recovery project."""

    @property
    def is_read_only(self) -> bool: ...

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences on what was found when it was opened."""

    @property
    def view(self) -> Any:
        """What `save` was given to remember of the window; None where it was nothing."""

    def save(self, session: Session, steps: Sequence[Step], running: Step | None, view: object) -> None:
        """Write what has changed since the last save: all of it is on disk, or nothing.

        steps    what the user has performed since; kept for the next save where this one fails.
        running  the step under way, as if it were stopped now.
        """

    def save_as(self, path: Path, *, replaces: bool) -> None:
        """Go on at another place; a recovery project is removed. replaces: whether a project there is."""

    def collect(self, folder: Path) -> Path:
        """Copy what was saved last, and the clip, into a new or empty folder; return the project there."""

    def close(self) -> None:
        """Close the file, which stays."""

    def discard(self) -> None:
        """Close the file; remove it if it is a recovery project."""


@dataclass(frozen=True, eq=False)
class OpenedFile:
    """A clip, and the project that was opened with it, if any.

    path          the clip's; None for the sample clip.
    is_same_clip  whether it is the clip that the project's work was done on.
    """

    clip: Clip
    path: Path | None
    project: Project | None = None
    is_same_clip: bool = True

    def close(self) -> None:
        """Close the project; the clip is closed with its last reader."""
        if self.project is not None:
            self.project.close()


class ClipNotFoundError(UserError):
    """A project whose clip is at none of the places where it is looked for."""

    def __init__(self, project: Path, sentence: str) -> None:
        super().__init__(sentence)
        self.project = project


class Projects(Protocol):
    """Opens projects, and knows the recent ones."""

    def open(self, path: Path, clip: Path | None, report: ReportProgress) -> OpenedFile:
        """Open a project and its clip, which is looked for unless it is given.

        Raises a ClipNotFoundError, and other UserErrors.
        """

    def unnamed(self) -> tuple[UnnamedProject, ...]:
        """Return the recovery projects that hold any work and that no window has open, the newest first."""

    def discard(self, path: Path) -> bool:
        """Remove a recovery project; return whether it is gone. One that a window has open stays."""

    def recent(self) -> tuple[Path, ...]:
        """Return the projects opened or saved last that are there, the newest first."""

    def add_recent(self, path: Path) -> None:
        """Remember a project as the newest."""
