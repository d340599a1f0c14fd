"""The window's projects: project files in the recovery folder or under a name, the clips beside them."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gui.worker.project import ClipNotFoundError, OpenedFile
from inference_core.errors import UserError
from mivos_studio.media.clip import Clip, open_clip
from mivos_studio.media.errors import MediaError
from mivos_studio.media.output.file import FileKind, json_document, written_file
from mivos_studio.project.file.clip_reference import ClipReference, find_clip
from mivos_studio.project.file.collect import collect
from mivos_studio.project.file.errors import ProjectError
from mivos_studio.project.file.project_file import ProjectFile
from mivos_studio.project.file.recovery import BUDGET_BYTES, RecoveryFolder
from mivos_studio.project.file.view_keys import INITIAL_UNDO_COUNT, as_mapping, other_family
from mivos_studio.project.steps import Step
from mivos_studio.project.unnamed import UnnamedProject, size_notice, temporary_recovery_folder, total_bytes

if TYPE_CHECKING:
    from gui.worker.shutdown import ReportProgress
    from inference_core.session import Session

_MAX_RECENT = 12
_WAIT_S = 60.0
_UNKNOWN_S = 2.0
_POLL_S = 0.1
_WAITING = "Waiting until the project is saved …"


class WindowProject:
    """A project file as the window uses it (`gui.worker.project.Project`)."""

    def __init__(self, file: ProjectFile, recovery: Sequence[RecoveryFolder]) -> None:
        self.file = file
        self._recovery = recovery
        self._notices: list[str] = []

    @property
    def path(self) -> Path:
        return self.file.path

    @property
    def has_name(self) -> bool:
        """Whether it is outside of the recovery folders."""
        return not any(folder.holds(self.path) for folder in self._recovery)

    @property
    def is_read_only(self) -> bool:
        return self.file.is_read_only

    @property
    def notices(self) -> tuple[str, ...]:
        """Those of the file, but that a recovery project was not closed; and those that were added."""
        return (*(self.file.notices if self.has_name else ()), *self._notices)

    def add_notice(self, sentence: str) -> None:
        """Add a notice."""
        self._notices.append(sentence)

    @property
    def view(self) -> Any:
        """What was remembered of the window."""
        return self.file.view

    def save(self, session: Session, steps: Sequence[Step], running: Step | None, view: object) -> None:
        """Save what has changed. Raises a ProjectError."""
        self.file.save(session, steps=steps, running=running, view=view)

    def save_as(self, path: Path, *, replaces: bool) -> None:
        """Go on at another place; a recovery project is removed. Raises a ProjectError."""
        old = self.path
        self.file.save_as(path, replaces=replaces)
        if old != self.path:
            self._remove(old)

    def collect(self, folder: Path) -> Path:
        """Copy it and its clip into a folder. Raises a UserError."""
        return collect(self.file, folder)

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    def discard(self) -> None:
        """Close the file; remove it if it has no name."""
        self.file.close()
        self._remove(self.path)

    def _remove(self, path: Path) -> None:
        """Delete a project if it is in a recovery folder."""
        for folder in self._recovery:
            if folder.holds(path):
                folder.remove(path)


class WindowProjects:
    """Opens projects and makes those of new work (`gui.worker.project.Projects`).

    recovery      the folder of work without a name.
    recent_file   keeps the paths of the projects used last.
    budget_bytes  how much work without a name may take before a notice says so.
    """

    def __init__(
        self, recovery: RecoveryFolder, recent_file: Path, *, budget_bytes: int = BUDGET_BYTES
    ) -> None:
        self._recovery = recovery
        self._recent_file = recent_file
        self._budget_bytes = budget_bytes

    def open(self, path: Path, clip: Path | None, report: ReportProgress) -> OpenedFile:
        """Open a project and its clip. Raises a ClipNotFoundError, and other UserErrors."""
        project = WindowProject(self._open_file(path, report), self._folders)
        try:
            place, is_same = _find(project.file, clip)
            return OpenedFile(open_clip(place), place, project, is_same_clip=is_same)
        except BaseException:
            project.close()
            raise

    def create(self, path: Path, clip: Clip) -> WindowProject:
        """Make a project for new work on a clip. Raises a UserError where that is possible nowhere."""
        recovery, temporary = self._folders
        try:
            project = self._create(recovery, path, clip)
        except ProjectError:
            project = self._create(temporary, path, clip)
            project.add_notice(
                f"Work without a name is kept in {temporary.folder}, which may be emptied when the computer"
                f" starts again, since {recovery.folder} cannot be written: give it a name soon."
            )
        if sum(folder.bytes_on_disk() for folder in self._folders) > self._budget_bytes:
            left = self.unnamed()
            if total_bytes(left) > self._budget_bytes:  # without what is open
                project.add_notice(size_notice(left))
        return project

    def unnamed(self) -> tuple[UnnamedProject, ...]:
        """Return the recovery projects that hold work and that no window has open, the newest first."""
        found = [each for folder in self._folders for each in folder.unnamed()]
        return tuple(sorted(found, key=lambda each: -each.saved_at))

    def discard(self, path: Path) -> bool:
        """Remove a recovery project that no window has open; return whether it is gone."""
        return any(folder.holds(path) and folder.remove(path) for folder in self._folders)

    def recent(self) -> tuple[Path, ...]:
        """Return the projects used last that are there, the newest first."""
        return tuple(path for path in self._read_recent() if _is_file(path))

    def add_recent(self, path: Path) -> None:
        """Remember a project as the newest; nothing happens where that cannot be written."""
        path = path.absolute()
        paths = [path, *(each for each in self._read_recent() if each != path)][:_MAX_RECENT]
        with suppress(OSError, MediaError):
            self._recent_file.parent.mkdir(parents=True, exist_ok=True)
            with written_file(self._recent_file, _RECENT) as beside:
                beside.write_text(json.dumps([str(each) for each in paths], indent=1), encoding="utf-8")

    @property
    def _folders(self) -> tuple[RecoveryFolder, RecoveryFolder]:
        """The folder of work without a name, and the one for where that cannot be written."""
        return self._recovery, RecoveryFolder(temporary_recovery_folder())

    def _read_recent(self) -> list[Path]:
        try:
            return _recent_in(self._recent_file) or []
        except OSError:
            return []

    def _open_file(self, path: Path, report: ReportProgress) -> ProjectFile:
        """Open a project; wait while this window is still saving it, after another clip was opened.

        Who has it open is unknown for the moment in which the lock's file is written or removed.
        """
        began_s = time.monotonic()
        while True:
            project = ProjectFile.open(path)
            if project.owned is None:
                return project
            owner = project.owned.owner
            is_ours = owner is None or (owner.is_on_this_host and owner.pid == os.getpid())
            if not is_ours or time.monotonic() - began_s > (_UNKNOWN_S if owner is None else _WAIT_S):
                return project
            project.close()
            report(_WAITING)
            time.sleep(_POLL_S)

    def _create(self, recovery: RecoveryFolder, path: Path, clip: Clip) -> WindowProject:
        file = recovery.create()
        project = WindowProject(file, self._folders)
        try:
            file.set_clip(ClipReference.of(path, clip, file.path))
        except BaseException:
            project.discard()
            raise
        return project


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # such as a name that is too long
        return False


def _recent_in(path: Path) -> list[Path] | None:
    """Return the paths in a list of recent projects; None where it is none. Raises OSError."""
    found = json_document(path)
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        return None
    return [Path(each) for each in found]


_RECENT = FileKind("a list of recent projects", lambda path: _recent_in(path) is not None)


def initial_undo_count(project: ProjectFile) -> int:
    """Return how many of the undo steps of a project the user cannot undo: those of its first object."""
    state = project.state
    steps = state.done if state is not None else ()
    saved = as_mapping(project.view).get(INITIAL_UNDO_COUNT)
    if isinstance(saved, int) and not isinstance(saved, bool) and 0 <= saved <= len(steps):
        return saved
    return 1 if steps and not steps[0].before.objects else 0


def note_other_family(project: WindowProject, family: str) -> None:
    """Add a notice where the work was done with networks of another family."""
    notice = other_family(project.view, family)
    if notice is not None:
        project.add_notice(notice)


def _find(project: ProjectFile, clip: Path | None) -> tuple[Path, bool]:
    """Return where the clip is, and whether it is the one that the work was done on."""
    reference = project.clip
    if clip is not None:
        return clip, reference is not None and reference.is_at(clip)
    if reference is None:
        raise ClipNotFoundError(project.path, f"{project.path} does not say which clip it is about.")
    try:
        found = find_clip(reference, project.path)
    except UserError as error:
        raise ClipNotFoundError(project.path, str(error)) from error
    return found.path, found.is_same
