"""Projects of work that has no name yet, in the user's cache: what a crash leaves is found there again."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from inference_core.errors import UserError
from inference_core.tools.registry import TOOLS
from mivos_studio.files import user_cache_folder
from mivos_studio.media.output.places import PROJECT_SUFFIX, cannot_write
from mivos_studio.project.file.clip_reference import ClipReference, read_clip
from mivos_studio.project.file.errors import ProjectError
from mivos_studio.project.file.lock import ProjectLock, has_living_owner, lock_path
from mivos_studio.project.file.opening import ReadOnlyDatabase
from mivos_studio.project.file.project_file import ProjectFile
from mivos_studio.project.unnamed import UnnamedProject

BUDGET_BYTES = 5 * 2**30
"""Beyond this the user is told what work without a name takes; nothing is deleted by itself."""
_MOST_EMPTY_BYTES = 10**6
"""One that is larger holds work; it is not opened to see that."""
_BESIDE = ("", "-wal", "-shm", "-journal")
_LEAST_STEPS = 2
"""Of a project in which anything was done; the first adds the first object."""


class RecoveryFolder:
    """The folder of projects without a name. What holds work stays until `remove` is called."""

    def __init__(self, folder: Path | None = None) -> None:
        # As the paths of projects are: a cache folder may be a link to another disk.
        self.folder = Path(os.path.realpath(folder or user_cache_folder() / "recovery"))

    def create(self, clip: ClipReference | None = None) -> ProjectFile:
        """Make a project for new work, after deleting those in which nothing was done.

        Raises a ProjectError.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ProjectError(cannot_write(self.folder, error)) from error
        self._remove_empty()
        started = time.strftime("%Y-%m-%d %H.%M.%S")
        for number in range(1, 1000):
            name = started if number == 1 else f"{started} {number}"
            path = self.folder / f"{name}{PROJECT_SUFFIX}"
            if not path.exists() and not lock_path(path).exists():
                return ProjectFile.create(path, clip and clip.seen_from(path))
        raise ProjectError(f"{self.folder} cannot take another project: delete some of those there.")

    def holds(self, path: Path) -> bool:
        """Whether a project is one of these: its work has no name yet."""
        return path.parent == self.folder

    def unnamed(self) -> list[UnnamedProject]:
        """Return the projects that hold work and that no process has open, the newest first.

        One that cannot be read may hold work, too.
        """
        found = [_described(path) for path in self._closed()]
        return sorted((each for each in found if each is not None), key=lambda each: -each.saved_at)

    def bytes_on_disk(self) -> int:
        """Return what all of them take, quickly."""
        return sum(_size_of(path) for path in self._paths())

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

    def _remove_empty(self) -> None:
        for path in list(self._closed()):
            if _size_of(path) <= _MOST_EMPTY_BYTES and _described(path) is None:
                self.remove(path)

    def _closed(self) -> Iterator[Path]:
        """Yield the projects that no process has open."""
        return (path for path in self._paths() if not has_living_owner(path))

    def _paths(self) -> list[Path]:
        """Return the projects; a pipe of such a name would be waited for, and a device read without end."""
        try:
            return [path for path in self.folder.glob(f"*{PROJECT_SUFFIX}") if path.is_file()]
        except OSError:
            return []


def _facts_of(path: Path) -> Iterator[os.stat_result]:
    """Yield the facts of the files of a project."""
    for ending in _BESIDE:
        with suppress(OSError):
            yield path.with_name(f"{path.name}{ending}").stat()


def _size_of(path: Path) -> int:
    return sum(each.st_size for each in _facts_of(path))


def _described(path: Path) -> UnnamedProject | None:
    """Describe a project; None where nothing was done after its first object was added."""
    saved_at, size = max((each.st_mtime for each in _facts_of(path)), default=0.0), _size_of(path)
    try:
        name, strokes = _content(path)
    except (UserError, OSError, sqlite3.Error, ValueError, TypeError, KeyError):
        return UnnamedProject(path, path.stem, saved_at, None, size) if size else None
    return None if strokes is None else UnnamedProject(path, name, saved_at, strokes, size)


def _content(path: Path) -> tuple[str, int | None]:
    """Return the name of a project's clip and its number of strokes; None where nothing was done."""
    with closing(ReadOnlyDatabase(path)) as database:
        clip = read_clip(database.connection)
        (undo_steps,) = database.connection.execute("SELECT count(*) FROM step").fetchone()
        rows = database.connection.execute("SELECT step FROM interaction")
        verbs = [json.loads(step)["do"] for (step,) in rows]
    name = Path(clip.absolute).name if clip is not None else path.stem
    is_begun = max(undo_steps, len(verbs)) > 1
    return name, sum(verb in TOOLS for verb in verbs) if is_begun else None
