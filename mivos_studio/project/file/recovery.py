"""Projects of work that has no name yet, in the user's cache: what a crash leaves is found there again."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from mivos_studio.files import user_cache_folder
from mivos_studio.media.output.places import PROJECT_SUFFIX, cannot_write
from mivos_studio.project.file.clip_reference import ClipReference
from mivos_studio.project.file.errors import ProjectError
from mivos_studio.project.file.lock import ProjectLock, has_living_owner, lock_path
from mivos_studio.project.file.opening import ReadOnlyDatabase
from mivos_studio.project.file.project_file import ProjectFile

DEFAULT_BUDGET_BYTES = 5 * 2**30
_BESIDE = ("", "-wal", "-shm", "-journal")
_LEAST_STEPS = 2
"""Of a project in which anything was done; the first adds the first object."""


@dataclass(frozen=True)
class RescuedProject:
    """A project that was not closed: saved_at is in seconds since 1970, bytes are on the disk."""

    path: Path
    saved_at: float
    bytes: int


class RecoveryFolder:
    """The folder of projects without a name.

    budget_bytes  of all of them; beyond it the oldest are deleted, one that a process has open never.
    """

    def __init__(self, folder: Path | None = None, *, budget_bytes: int = DEFAULT_BUDGET_BYTES) -> None:
        self.folder = folder or user_cache_folder() / "recovery"
        self._budget_bytes = budget_bytes

    def create(self, clip: ClipReference | None = None) -> ProjectFile:
        """Make a project for new work, after deleting old ones beyond the budget. Raises a ProjectError."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ProjectError(cannot_write(self.folder, error)) from error
        self.purge()
        started = time.strftime("%Y-%m-%d %H.%M.%S")
        for number in range(1, 1000):
            name = started if number == 1 else f"{started} {number}"
            path = self.folder / f"{name}{PROJECT_SUFFIX}"
            if not path.exists() and not lock_path(path).exists():
                return ProjectFile.create(path, clip and clip.seen_from(path))
        raise ProjectError(f"{self.folder} cannot take another project: delete some of those there.")

    def holds(self, project: ProjectFile) -> bool:
        """Whether a project is one of these: its work has no name yet."""
        return project.path.parent == self.folder

    def rescued(self) -> list[RescuedProject]:
        """Return the projects that were not closed and that no process has open, the newest first."""
        found = [self._described(path) for path in self._projects() if _is_left(path)]
        return sorted((each for each in found if each.bytes), key=lambda each: -each.saved_at)

    def remove(self, path: Path) -> bool:
        """Delete a project of this folder; return whether it is gone. One that is open stays."""
        if has_living_owner(path):
            return False
        try:
            lock = ProjectLock.acquire(path)
        except (ProjectError, OSError):
            return False
        for ending in _BESIDE:
            with suppress(OSError):
                path.with_name(f"{path.name}{ending}").unlink()
        lock.release()
        return not path.exists()

    def purge(self) -> list[Path]:
        """Delete projects until the others are within the budget; return those deleted.

        First all in which nothing was done; then the oldest, and those that were not closed last: nobody has
        decided about their work yet.
        """
        projects = [self._described(path) for path in self._projects()]
        is_used = {each.path: _holds_work(each.path) for each in projects}
        projects.sort(key=lambda each: (is_used[each.path], _is_left(each.path), each.saved_at))
        left, gone = sum(each.bytes for each in projects), []
        for each in projects:
            if left <= self._budget_bytes and is_used[each.path]:
                break
            if self.remove(each.path):
                left -= each.bytes
                gone.append(each.path)
        return gone

    def _projects(self) -> Iterator[Path]:
        with suppress(OSError):
            yield from self.folder.glob(f"*{PROJECT_SUFFIX}")

    def _described(self, path: Path) -> RescuedProject:
        facts = []
        for ending in _BESIDE:
            with suppress(OSError):
                facts.append(path.with_name(f"{path.name}{ending}").stat())
        saved_at = max((each.st_mtime for each in facts), default=0.0)
        return RescuedProject(path, saved_at, sum(each.st_size for each in facts))


def _holds_work(path: Path) -> bool:
    """Whether anything was done in a project after its first object was added, as far as it can be read."""
    try:
        with closing(ReadOnlyDatabase(path)) as database:
            (count,) = database.connection.execute("SELECT count(*) FROM interaction").fetchone()
            masks = database.connection.execute("SELECT 1 FROM frame LIMIT 1").fetchone()
    except (ProjectError, sqlite3.Error, OSError):
        return True
    return int(count) >= _LEAST_STEPS or masks is not None


def _is_left(path: Path) -> bool:
    """Whether a project's lock file is there and its owner is not."""
    return lock_path(path).exists() and not has_living_owner(path)
