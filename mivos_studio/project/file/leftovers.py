"""Removes what killed processes left: results and copies that were not finished, temporary files."""

from __future__ import annotations

from mivos_studio.media.output.file import FILE, clear_file
from mivos_studio.media.output.folder import FOLDER, clear_folder
from mivos_studio.media.output.new_folder import NEW_FOLDER, clear_new_folder
from mivos_studio.media.output.unfinished import TEMPORARY, clear_unfinished, remove_temporary
from mivos_studio.project.file.project_file import PROJECT, clear_project


def clear_leftovers() -> None:
    """Remove all that is noted; what another process is writing stays, and what cannot be removed now."""
    clear_unfinished(
        {
            FILE: clear_file,
            FOLDER: clear_folder,
            NEW_FOLDER: clear_new_folder,
            PROJECT: clear_project,
            TEMPORARY: remove_temporary,
        }
    )
