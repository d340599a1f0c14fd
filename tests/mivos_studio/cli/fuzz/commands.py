"""What the worker runs: `mivos`, and `window FOLDER`, which reads what the window remembers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from inference_core.errors import UserError
from mivos_studio.cli import main as mivos
from mivos_studio.cli.options import BAD_INPUT
from mivos_studio.cli.stderr import libraries_are_silent, say


def main(words: Sequence[str]) -> int:
    """Run a command line; return its exit code."""
    if words[:1] != ["window"]:
        return mivos.main(words)
    with libraries_are_silent():
        try:
            _open_as_window(Path(words[1]))
        except UserError as error:
            say(error)
            return BAD_INPUT
    return 0


def _open_as_window(folder: Path) -> None:
    """Read the recent projects and work without a name; open one project with its clip and what was shown."""
    from gui.state.saved_view import restored_state, restored_zoom, written_view
    from gui.state.view_state import ViewState
    from mivos_studio.project.file.recovery import RecoveryFolder
    from mivos_studio.window_projects import WindowProjects, initial_undo_count, running_step

    projects = WindowProjects(RecoveryFolder(folder / "recovery"), folder / "settings" / "recent.json")
    projects.recent()
    projects.unnamed()
    projects.add_recent(folder / "other.mivos")
    opened = projects.open(folder / "work.mivos", None, lambda _: None)
    try:
        fresh = ViewState.for_clip(len(opened.clip), opened.clip.size)
        assert opened.project is not None
        view = opened.project.view
        written_view(restored_state(fresh, view), restored_zoom(view))
        initial_undo_count(opened.project.file)
        running_step(opened.project.file)
        opened.project.file.steps()
    finally:
        opened.project.close()
        opened.clip.close()
