"""What a program does that is killed: its actions, its files, and what it reports while it works."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mivos_studio.benchmarks.kill.digest import ProjectDigest
from mivos_studio.project.steps import Step
from mivos_studio.session_options import SessionOptions


@dataclass(frozen=True)
class Do:
    """Perform a step of a script, and save it."""

    step: Step


@dataclass(frozen=True)
class Output:
    """Write something besides the project; name is of the file or folder that it writes."""

    name: str


@dataclass(frozen=True)
class Export(Output):
    """Write the masks in a format, over those of an earlier export in that folder."""

    format_name: str


@dataclass(frozen=True)
class SaveAs(Output):
    """Save the project under a name, where another one may be, and go on there."""


@dataclass(frozen=True)
class Collect(Output):
    """Copy the project and its clip into a folder."""


@dataclass(frozen=True)
class SaveScript(Output):
    """Write what was done as a script, over an earlier one."""


Action = Do | Output


@dataclass(frozen=True)
class Work:
    """One run of the program.

    clip     is read; everything else is below `folder`.
    project  the project to go on with; None: a new one without a name, as in the window.
    describes  whether each report says what the project holds; it takes time.
    """

    clip: Path
    folder: Path
    actions: tuple[Action, ...]
    options: SessionOptions
    project: Path | None = None
    describes: bool = False

    @property
    def outputs(self) -> Path:
        """The folder of named projects and of everything that is written."""
        return self.folder / "outputs"

    @property
    def cache(self) -> Path:
        """The user's cache folder, with work that has no name."""
        return self.folder / "cache"

    @property
    def temporary(self) -> Path:
        """The folder of temporary files."""
        return self.folder / "temporary"


@dataclass(frozen=True)
class Report:
    """What the program says after an action; number 0 is the start, the first action is 1.

    project  where the work is then.
    failure  the sentence with which it failed; "" where it is done and saved.
    scratch_failure  the same of the scratch store, which works beside.
    seconds  how long the action took.
    holds    what the project holds, where the program describes it.
    written  the digest of what the action wrote, likewise.
    """

    number: int
    project: Path | None
    failure: str = ""
    scratch_failure: str = ""
    seconds: float = 0.0
    holds: ProjectDigest | None = None
    written: str = ""
