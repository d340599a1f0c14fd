"""The File menu: clips, scripts, exports."""

from __future__ import annotations

from gui.actions.conditions import has_session
from gui.actions.spec import ActionSpec

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
        "play_script", "Play script…", "File", lambda window: window.files.ask_for_script(), (),
        "Perform a script's steps on this clip", has_session, group="script",
    ),
    ActionSpec(
        "save_script", "Save script…", "File", lambda window: window.files.ask_where_to_save_script(),
        ("Ctrl+S",), "Save all steps done here as a script; `mivos replay` makes the same masks from it",
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
