"""Puts a project and its clip into one folder, which can be moved or given away."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from mivos_studio.files import move_without_replacing, written_beside
from mivos_studio.media.image_folder import list_images
from mivos_studio.media.output.places import cannot_write, missing_folders, real_path, remove_empty
from mivos_studio.project.file.clip_reference import ClipReference, find_clip
from mivos_studio.project.file.errors import ProjectError
from mivos_studio.project.file.project_file import ProjectFile


def collect(project: ProjectFile, folder: Path) -> Path:
    """Copy a project as it was saved last, and its clip, into a new or empty folder; return its path.

    Raises a UserError where the folder holds anything, the clip is not found, or the disk is full; what was
    copied until then is removed.
    """
    reference = project.clip
    if reference is None:
        raise ProjectError(f"{project.path} names no clip to be collected.")
    found = find_clip(reference, project.path)
    if not found.is_same:
        raise ProjectError(f"{found.path} is not the clip of {project.path}: put the clip back first.")
    folder = real_path(folder)
    missing = missing_folders(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ProjectError(f"{folder} is not empty: name another folder.")
    except OSError as error:
        raise ProjectError(cannot_write(folder, error)) from error
    target, clip = folder / project.path.name, folder / found.path.name
    try:
        _copy_clip(found.path, clip)
        project.copy_to(target, _moved(reference, clip, target))
    except BaseException as error:
        _remove(clip, target)
        remove_empty(reversed(missing))
        if isinstance(error, OSError):
            raise ProjectError(cannot_write(folder, error)) from error
        raise
    return target


def _copy_clip(source: Path, target: Path) -> None:
    if source.is_dir():
        target.mkdir()
        for image in list_images(source):
            shutil.copy2(image, target / image.name)
        return
    with written_beside(target, move_without_replacing) as beside:
        shutil.copy2(source, beside)


def _moved(reference: ClipReference, clip: Path, project: Path) -> ClipReference:
    return replace(reference, absolute=str(clip.absolute())).seen_from(project)


def _remove(clip: Path, project: Path) -> None:
    """Remove what was copied into a folder that was empty before."""
    if clip.is_dir():
        shutil.rmtree(clip, ignore_errors=True)
    else:
        clip.unlink(missing_ok=True)
    project.unlink(missing_ok=True)
