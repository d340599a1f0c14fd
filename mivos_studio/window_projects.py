"""The window's projects: project files in the recovery folder or under a name, the clips beside them."""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gui.worker.project import ClipNotFoundError, OpenedFile, UnnamedProject
from gui.worker.project_saver import FAMILY, INITIAL_UNDO_COUNT, RUNNING
from inference_core.errors import UserError
from inference_core.tools.registry import TOOLS
from mivos_studio.media.clip import Clip, open_clip
from mivos_studio.media.errors import MediaError
from mivos_studio.media.output.file import FileKind, written_file
from mivos_studio.media.output.places import PROJECT_SUFFIX
from mivos_studio.project.file.clip_reference import ClipReference, find_clip, read_clip
from mivos_studio.project.file.collect import collect
from mivos_studio.project.file.errors import ProjectError
from mivos_studio.project.file.lock import has_living_owner
from mivos_studio.project.file.opening import ReadOnlyDatabase
from mivos_studio.project.file.project_file import ProjectFile
from mivos_studio.project.file.recovery import RecoveryFolder
from mivos_studio.project.steps import Step, read_step

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

    def __init__(self, file: ProjectFile, recovery: RecoveryFolder) -> None:
        self.file = file
        self._recovery = recovery
        self._notices: list[str] = []

    @property
    def path(self) -> Path:
        return self.file.path

    @property
    def has_name(self) -> bool:
        """Whether it is outside of the recovery folder."""
        return not self._recovery.holds(self.file)

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

    def save(self, session: Session, steps: Sequence[Step], view: object) -> None:
        """Save what has changed. Raises a ProjectError."""
        self.file.save(session, steps=steps, view=view)

    def save_as(self, path: Path, *, replaces: bool) -> None:
        """Go on at another place; a recovery project is removed. Raises a ProjectError."""
        old = None if self.has_name else self.path
        self.file.save_as(path, replaces=replaces)
        if old is not None and old != self.path:
            self._recovery.remove(old)

    def collect(self, folder: Path) -> Path:
        """Copy it and its clip into a folder. Raises a UserError."""
        return collect(self.file, folder)

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    def discard(self) -> None:
        """Close the file; remove it if it has no name."""
        self.file.close()
        if not self.has_name:
            self._recovery.remove(self.path)


class WindowProjects:
    """Opens projects and makes those of new work (`gui.worker.project.Projects`).

    recovery     the folder of work without a name.
    recent_file  keeps the paths of the projects used last.
    """

    def __init__(self, recovery: RecoveryFolder, recent_file: Path) -> None:
        self._recovery = recovery
        self._recent_file = recent_file

    def open(self, path: Path, clip: Path | None, report: ReportProgress) -> OpenedFile:
        """Open a project and its clip. Raises a ClipNotFoundError, and other UserErrors."""
        project = WindowProject(self._open_file(path, report), self._recovery)
        try:
            place, is_same = _find(project.file, clip)
            return OpenedFile(open_clip(place), place, project, is_same_clip=is_same)
        except BaseException:
            project.close()
            raise

    def create(self, path: Path, clip: Clip) -> WindowProject:
        """Make a project for new work on a clip. Raises a UserError where that is possible nowhere."""
        try:
            return self._create(self._recovery, path, clip)
        except ProjectError:
            temporary = RecoveryFolder(Path(tempfile.gettempdir()) / "mivos-recovery")
            return self._create(temporary, path, clip)

    def unnamed(self) -> tuple[UnnamedProject, ...]:
        """Return the recovery projects that hold work and that no window has open, the newest first."""
        return tuple(sorted(self._unnamed(), key=lambda each: -each.saved_at))

    def discard(self, path: Path) -> bool:
        """Remove a recovery project; return whether it is gone. One that a window has open stays."""
        return self._recovery.remove(path)

    def recent(self) -> tuple[Path, ...]:
        """Return the projects used last that are there, the newest first."""
        return tuple(path for path in self._read_recent() if path.is_file())

    def add_recent(self, path: Path) -> None:
        """Remember a project as the newest; nothing happens where that cannot be written."""
        path = path.absolute()
        paths = [path, *(each for each in self._read_recent() if each != path)][:_MAX_RECENT]
        with suppress(OSError, MediaError):
            self._recent_file.parent.mkdir(parents=True, exist_ok=True)
            with written_file(self._recent_file, _RECENT) as beside:
                beside.write_text(json.dumps([str(each) for each in paths], indent=1), encoding="utf-8")

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
        project = WindowProject(file, recovery)
        try:
            file.set_clip(ClipReference.of(path, clip, file.path))
        except BaseException:
            project.discard()
            raise
        return project

    def _unnamed(self) -> Iterator[UnnamedProject]:
        for path in self._recovery.folder.glob(f"*{PROJECT_SUFFIX}"):
            if has_living_owner(path):
                continue
            with suppress(UserError, OSError, sqlite3.Error, ValueError, TypeError, KeyError):
                found = _described(path)
                if found is not None:
                    yield found


def _recent_in(path: Path) -> list[Path] | None:
    """Return the paths in a list of recent projects; None where it is none. Raises OSError."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
    is_list = isinstance(found, list) and all(isinstance(each, str) for each in found)
    return [Path(each) for each in found] if is_list else None


_RECENT = FileKind("a list of recent projects", lambda path: _recent_in(path) is not None)


def update_clip(project: ProjectFile, path: Path, clip: Clip) -> None:
    """Remember where the clip is, if it is elsewhere or another one; a project that is read-only stays."""
    reference = ClipReference.of(path, clip, project.path)
    if not project.is_read_only and reference != project.clip:
        project.set_clip(reference)


def initial_undo_count(project: ProjectFile) -> int:
    """Return how many of the undo steps of a project the user cannot undo: those of its first object."""
    state, view = project.state, project.view
    steps = state.done if state is not None else ()
    saved = view.get(INITIAL_UNDO_COUNT) if isinstance(view, dict) else None
    if isinstance(saved, int) and 0 <= saved <= len(steps):
        return saved
    return 1 if steps and not steps[0].before.objects else 0


def running_step(project: ProjectFile) -> Step | None:
    """Return the step of a propagation that was under way at the last save; None where there was none."""
    view = project.view
    if not isinstance(view, dict) or RUNNING not in view:
        return None
    with suppress(UserError):
        return read_step(view[RUNNING], "The propagation under way")
    return None


def note_other_family(project: WindowProject, family: str) -> None:
    """Add a notice where the work was done with networks of another family."""
    view = project.view
    before = view.get(FAMILY) if isinstance(view, dict) else None
    if isinstance(before, str) and before != family:
        project.add_notice(
            f"This project was made with the networks {before}, and goes on with {family}: what is propagated"
            f" now may not fit what is there. To go on as before, start with --models {before}."
        )


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


def _described(path: Path) -> UnnamedProject | None:
    """Describe a recovery project; None where nothing was done after its first object was added."""
    with closing(ReadOnlyDatabase(path)) as database:
        clip = read_clip(database.connection)
        rows = database.connection.execute("SELECT step FROM interaction")
        verbs = [json.loads(step)["do"] for (step,) in rows]
    if len(verbs) < 2:
        return None
    name = Path(clip.absolute).name if clip is not None else path.stem
    return UnnamedProject(path, name, path.stat().st_mtime, sum(verb in TOOLS for verb in verbs))
