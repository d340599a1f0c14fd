"""Makes version-1.mivos, a small project as version 1 of the format has it: python -m …file.make_version_1.

It was made once, and stays: later versions of the program have to open it.
"""

from __future__ import annotations

from pathlib import Path

from mivos_studio.project.file.project_file import ProjectFile
from mivos_studio.project.steps import AddObject, Draw, Propagate, RenameObject
from tests.inference_core.fakes import square_clip, stroke
from tests.mivos_studio.project.file.projects import new_session


def make(path: Path) -> None:
    """Write a project of two rounds, the last one stopped."""
    clip = square_clip(3, size=(32, 64))
    steps = [
        AddObject(1, "first"),
        Draw(stroke("brush", ((12.0, 12.0), (20.0, 20.0)), radius=6)),
        Propagate(),
        RenameObject(1, "first"),
    ]
    with ProjectFile.create(path) as project:
        session = new_session(project, clip)
        for step in steps:
            list(step.perform(session, lambda *_: clip[0][..., 0]))
            project.save(session, steps=[step], view={"frame": 1})


if __name__ == "__main__":
    make(Path(__file__).parent / "version-1.mivos")
