"""Sessions with tiny networks in projects, and projects copied as a crash would leave them."""

from __future__ import annotations

import shutil
from pathlib import Path

from inference_core.session import Session
from inference_core.types import Frames, ObjectSettings
from mivos_studio.project.file.project_file import ProjectFile
from tests.inference_core.fakes import FakeClip, fake_networks, fake_session, square_clip, square_ids


def new_session(project: ProjectFile, clip: FakeClip) -> Session:
    """Start a session that keeps its masks in a project."""
    return fake_session(clip, scratch=project.storage)


def reopened_session(project: ProjectFile, clip: Frames) -> Session:
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
    tables = (
        *("blob", "record", "frame", "item", "round", "round_frame"),
        *("state", "step", "step_frame", "interaction"),
    )
    return {
        table: project._database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables
    }


def worked(project: ProjectFile, frames: int = 14) -> Session:
    """Two rounds, settings, a stopped propagation, undone steps; saved after each."""
    session = new_session(project, square_clip(frames))
    session.set_ids(0, square_ids(0, both=True))
    project.save(session)
    session.propagate().run()
    project.save(session)
    session.set_ids(frames - 1, square_ids(frames - 1, both=True))
    session.configure_object(2, ObjectSettings(colour=(255, 0, 128), order=2))
    for number, _ in enumerate(session.propagate(), start=1):
        project.save(session)
        if number == 3:
            break
    session.finish()
    project.save(session)
    session.rename_object(1, "Zoë's 犬")
    session.undo()
    project.save(session)
    return session
