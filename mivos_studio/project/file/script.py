"""The script of what was done in a project."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from mivos_studio.project.file.project_file import ProjectFile
from mivos_studio.project.recorder import ScriptRecorder
from mivos_studio.project.script import Script, ScriptClip


@dataclass(frozen=True)
class ProjectScript:
    """A script, and whether the project held all steps of its session."""

    script: Script
    is_complete: bool


def script_of(project: ProjectFile, folder: Path, *, with_undone: bool) -> ProjectScript:
    """Return the script of a project, for a place in a folder. Raises a ProjectError.

    with_undone  all steps; otherwise what stands.
    """
    recorder = ScriptRecorder()
    recorder.load(project.steps())
    recorder.start(len(project.state.done) if project.state is not None else 0)
    clip = project.clip
    hint = None if clip is None else ScriptClip.of(clip.expected_at(project.path), folder)
    script = replace(recorder.script(folder, with_undone=with_undone), clip=hint)
    return ProjectScript(script, recorder.is_complete)
