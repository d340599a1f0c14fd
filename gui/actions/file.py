"""The File menu: clips, projects, scripts, exports."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gui.actions.conditions import has_session
from gui.actions.spec import ActionSpec, Choice

if TYPE_CHECKING:
    from gui.controllers.window import Window


def _recent(window: Window) -> list[Choice]:
    return [Choice(path.stem, partial(_open, path), str(path)) for path in window.projects.recent()]


def _open(path: Path, window: Window) -> None:
    window.projects.file_chosen.emit(path)


def _nothing(window: Window) -> None:
    """The entry has a submenu."""
    del window


FILE_ACTIONS = (
    ActionSpec(
        "open_clip", "Open clip…", "File", lambda window: window.files.ask_for_clip(), ("Ctrl+O",),
        "Open a video file", group="open",
    ),
    ActionSpec(
        "open_images", "Open image folder…", "File", lambda window: window.files.ask_for_images(),
        ("Ctrl+Shift+O",), "Open a folder of numbered images as a clip", group="open",
    ),
    ActionSpec(
        "open_project", "Open project…", "File", lambda window: window.projects.ask_for_project(), (),
        "Go on with work that was saved: masks, undo, unfinished propagations", group="open",
    ),
    ActionSpec(
        "open_recent", "Open recent", "File", _nothing, (), "Projects that were used last",
        group="open", choices=_recent,
    ),
    ActionSpec(
        "unnamed_work", "Work without a name…", "File", lambda window: window.projects.list_unnamed(), (),
        "Open or delete work that was never saved under a name", group="open",
    ),
    ActionSpec(
        "save_project", "Save project", "File", lambda window: window.projects.save(), ("Ctrl+S",),
        "Give this work a name; from then on it is saved by itself", has_session, group="project",
    ),
    ActionSpec(
        "save_project_as", "Save project as…", "File", lambda window: window.projects.ask_where_to_save(),
        ("Ctrl+Shift+S",), "Go on in a project of another name", has_session, group="project",
    ),
    ActionSpec(
        "collect", "Collect into folder…", "File", lambda window: window.projects.ask_where_to_collect(), (),
        "Copy the project and its clip into a folder that can be given away", has_session, group="project",
    ),
    ActionSpec(
        "play_script", "Play script…", "File", lambda window: window.files.ask_for_script(), (),
        "Perform a script's steps on this clip", has_session, group="script",
    ),
    ActionSpec(
        "save_script", "Save script…", "File", lambda window: window.files.ask_where_to_save_script(),
        (), "Save what was done here as a script; `mivos replay` makes the same masks from it",
        has_session, group="script",
    ),
    ActionSpec(
        "export", "Export…", "File", lambda window: window.files.ask_for_export(), ("Ctrl+E",),
        "Write the masks of all frames as image sequences", has_session, group="export",
    ),
    ActionSpec(
        "quit", "Quit", "File", lambda window: window.files.quit(), ("Ctrl+Q",), "Close the window",
        group="quit",
    ),
)  # fmt: skip
