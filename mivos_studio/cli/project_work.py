"""What commands do with a project: open it with its clip, and play a script in it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from inference_core.errors import UserError
from inference_core.types import FrameMask
from mivos_studio.cli.job import print_notice
from mivos_studio.media.clip import Clip
from mivos_studio.project.file.clip_reference import ClipReference, find_clip
from mivos_studio.project.file.project_file import ProjectFile
from mivos_studio.project.playable import ReadIds
from mivos_studio.project.playback import play
from mivos_studio.project.recorder import ScriptRecorder
from mivos_studio.project.script import Script

if TYPE_CHECKING:
    from inference_core.session import Session

_SAVE_EVERY_S = 1.0
"""How much of a propagation a crash may cost."""


def open_project(path: Path, source: Path, clip: Clip) -> ProjectFile:
    """Open a project to work on a clip, or make one where there is none.

    Raises a UserError where it belongs to another clip, or cannot be written.
    """
    here = ClipReference.of(source, clip, path)
    if not path.exists() or (path.is_file() and path.stat().st_size == 0):
        return ProjectFile.create(path, here)
    project = ProjectFile.open(path)
    try:
        if project.is_read_only:
            raise UserError(project.notices[0])
        known = project.clip
        if known is not None and not known.is_at(source):
            raise UserError(f"{path} was made for another clip, {known.absolute}: name that one.")
        project.update_clip(source, clip)
        for notice in project.notices:
            print_notice(notice)
    except BaseException:
        project.close()
        raise
    return project


def clip_path_of(project: ProjectFile) -> Path:
    """Return where the clip of a project is. Raises a UserError where it is not found, or is another one."""
    reference = project.clip
    if reference is None:
        raise UserError(f"{project.path} names no clip.")
    found = find_clip(reference, project.path)
    if not found.is_same:
        raise UserError(
            f"{found.path} is not the clip of {project.path}: its content has changed."
            " Put the clip back there, or beside the project."
        )
    return found.path


def play_in(
    project: ProjectFile | None, session: Session, script: Script, read_ids: ReadIds
) -> Iterator[int]:
    """Play a script; yield the number of each step, counted from 1, once it is done and saved.

    Objects that the session has already are not added again. Propagations are saved while they run.
    """
    known = {each.object_id for each in session.objects}
    added = tuple(declared for declared in script.objects if declared.object_id not in known)
    script = replace(script, objects=added)
    if project is None:
        yield from play(session, script, read_ids, lambda _: None)
        return
    recorder = ScriptRecorder()
    saved_at = time.perf_counter()

    def save() -> None:
        nonlocal saved_at
        project.save(session, steps=recorder.take_new(), running=recorder.running)
        saved_at = time.perf_counter()

    def save_now_and_then(change: FrameMask) -> None:
        is_propagation = change.progress is not None and change.progress.total > 1
        if is_propagation and time.perf_counter() - saved_at >= _SAVE_EVERY_S:
            save()

    save()
    for number in play(session, script, read_ids, save_now_and_then, recorder):
        save()
        yield number
    save()
