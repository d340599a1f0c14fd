"""A project that was worked in and closed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mivos_studio.project.file.project_file import ProjectFile
from mivos_studio.project.steps import AddObject
from tests.inference_core.snapshot import snapshot
from tests.mivos_studio.project.file.projects import worked


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    path = tmp_path_factory.mktemp("made") / "work.mivos"
    with ProjectFile.create(path) as project:
        session = worked(project)
        project.save(session, steps=[AddObject(1)])
        return path, snapshot(session)


@pytest.fixture
def saved(made: tuple[Path, dict[str, object]], tmp_path: Path) -> tuple[Path, dict[str, object]]:
    """A closed project of 14 frames, and everything in it."""
    path = tmp_path / "folder" / "work.mivos"
    path.parent.mkdir()
    shutil.copyfile(made[0], path)
    return path, made[1]
