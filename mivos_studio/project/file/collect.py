"""Puts a project and its clip into one folder, which can be moved or given away."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from mivos_studio.files import flush_to_disk
from mivos_studio.media.image_folder import list_images
from mivos_studio.media.output.new_folder import written_folder
from mivos_studio.media.output.places import real_path
from mivos_studio.project.file.clip_reference import ClipReference, find_clip
from mivos_studio.project.file.errors import ProjectError
from mivos_studio.project.file.project_file import ProjectFile


def collect(project: ProjectFile, folder: Path) -> Path:
    """Copy a project as it was saved last, and its clip, into a new or empty folder; return its path.

    The folder appears whole or not at all. Raises a UserError where it holds anything, the clip is not found,
    or the disk is full.
    """
    reference = project.clip
    if reference is None:
        raise ProjectError(f"{project.path} names no clip to be collected.")
    found = find_clip(reference, project.path)
    if not found.is_same:
        raise ProjectError(f"{found.path} is not the clip of {project.path}: put the clip back first.")
    with written_folder(folder) as beside:
        folder = real_path(folder)
        target, clip = folder / project.path.name, folder / _name_of(found.path, project.path)
        _copy_clip(found.path, beside / clip.name)
        project.copy_to(beside / target.name, _moved(reference, clip, target))
    return target


def _name_of(clip: Path, project: Path) -> str:
    """Return the name of a clip's copy beside that of its project: never one that leads out of the folder."""
    name = clip.name if clip.name not in ("", "..") else Path(os.path.realpath(clip)).name
    return f"clip {name}".strip() if name.casefold() in ("", project.name.casefold()) else name


def _copy_clip(source: Path, target: Path) -> None:
    if source.is_dir():
        target.mkdir()
        for image in list_images(source):
            shutil.copy2(image, target / image.name)
        return
    shutil.copy2(source, target)
    flush_to_disk(target)


def _moved(reference: ClipReference, clip: Path, project: Path) -> ClipReference:
    return replace(reference, absolute=str(clip.absolute())).seen_from(project)
