"""Projects in memory: what was saved of a session, and a disk that may be full."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gui.worker.project import ClipNotFoundError, OpenedFile, UnnamedProject
from inference_core.errors import UserError
from mivos_studio.project.steps import Step
from tests.gui.fake_session import FakeClip, FakeSession

RECOVERY = Path("/recovery")


class FakeProject:
    """Counts its saves. `failure` is what each of them raises."""

    def __init__(self, path: Path, *, is_read_only: bool = False, view: object = None) -> None:
        self.path = path
        self.is_read_only = is_read_only
        self.notices: tuple[str, ...] = ()
        self.view = view
        self.failure = ""
        self.saves = 0
        self.steps: list[Step] = []
        self.versions: list[int] = []
        self.is_closed = False
        self.is_discarded = False
        self._waiting: list[Step] = []

    @property
    def has_name(self) -> bool:
        return self.path.parent != RECOVERY

    def save(self, session: FakeSession, steps: Sequence[Step], view: object) -> None:
        self._waiting += steps
        if self.failure:
            raise UserError(self.failure)
        self.saves += 1
        self.steps += self._waiting
        self._waiting.clear()
        self.versions.append(session.version)
        self.view = view

    def save_as(self, path: Path, *, replaces: bool) -> None:
        if path.name == "taken.mivos" and not replaces:
            raise UserError(f"{path} is there already: choose another name.")
        self.path, self.is_read_only, self.failure = path, False, ""

    def collect(self, folder: Path) -> Path:
        return folder / self.path.name

    def close(self) -> None:
        self.is_closed = True

    def discard(self) -> None:
        self.is_closed = True
        self.is_discarded = not self.has_name


class FakeProjects:
    """Holds the projects by path, and makes recovery projects."""

    def __init__(self, clip: FakeClip) -> None:
        self.clip = clip
        self.projects: dict[Path, FakeProject] = {}
        self.made: list[FakeProject] = []
        self.left: list[UnnamedProject] = []
        self.discarded: list[Path] = []
        self.recents: list[Path] = []
        self.has_clip = True
        self.is_same_clip = True
        self.is_open_elsewhere = False

    def add(self, path: Path, **options: object) -> FakeProject:
        self.projects[path] = project = FakeProject(path, **options)  # type: ignore[arg-type]
        return project

    def create(self) -> FakeProject:
        self.made.append(FakeProject(RECOVERY / f"{len(self.made)}.mivos"))
        return self.made[-1]

    def open(self, path: Path, clip: Path | None, report: object) -> OpenedFile:
        if not self.has_clip and clip is None:
            raise ClipNotFoundError(path, f"The clip of {path} is not at clip.mp4.")
        place = clip or Path("clip.mp4")
        return OpenedFile(self.clip, place, self.projects[path], self.is_same_clip)  # type: ignore[arg-type]

    def unnamed(self) -> tuple[UnnamedProject, ...]:
        return tuple(self.left)

    def discard(self, path: Path) -> bool:
        self.discarded.append(path)
        return not self.is_open_elsewhere

    def recent(self) -> tuple[Path, ...]:
        return tuple(self.recents)

    def add_recent(self, path: Path) -> None:
        self.recents = [path, *(each for each in self.recents if each != path)]
