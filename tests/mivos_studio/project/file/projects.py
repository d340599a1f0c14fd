"""Sessions with tiny networks in projects, and projects copied as a crash would leave them."""

from __future__ import annotations

import shutil
from pathlib import Path

from inference_core.session import Session
from mivos_studio.project.file.project_file import ProjectFile
from tests.inference_core.fakes import FakeClip, fake_networks, fake_session


def new_session(project: ProjectFile, clip: FakeClip) -> Session:
    """Start a session that keeps its masks in a project."""
    return fake_session(clip, scratch=project.storage)


def reopened_session(project: ProjectFile, clip: FakeClip) -> Session:
    """Restore the session of a project that was opened."""
    assert project.state is not None
    return Session.restore(
        project.state, project.storage, clip, fake_networks(), device="cpu", dtype="float32"
    )


def crashed_copy(path: Path, folder: Path) -> Path:
    """Copy a project that is open, with its journal, as it would be found if the process died now."""
    folder.mkdir(parents=True, exist_ok=True)
    for ending in ("", "-wal", "-journal"):
        source = path.with_name(path.name + ending)
        target = folder / source.name
        target.unlink(missing_ok=True)
        if source.exists():
            shutil.copyfile(source, target)
    return folder / path.name


def row_counts(project: ProjectFile) -> dict[str, int]:
    """Return the number of rows of every table."""
    tables = ["blob", "record", "frame", "item", "round", "round_frame", "state", "step", "step_frame", "interaction"]
    return {
        table: project._database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables
    }
