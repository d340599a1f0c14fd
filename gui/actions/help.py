"""The Help menu."""

from __future__ import annotations

from gui.actions.spec import ActionSpec

HELP_ACTIONS = (
    ActionSpec(
        "shortcuts", "Shortcuts", "Help", lambda window: window.files.show_shortcuts(), ("F1",),
        "All keys and gestures",
    ),
    ActionSpec(
        "report", "Report for a bug…", "Help", lambda window: window.report.show(), (),
        "What the program runs on and its last errors, without paths and names, to send with a bug report",
    ),
    ActionSpec(
        "about", "About MiVOS Studio", "Help", lambda window: window.files.show_about(), (),
        "What this program is",
    ),
)  # fmt: skip
