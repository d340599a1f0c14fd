"""The Go menu: playback, and from frame to frame."""

from __future__ import annotations

from gui.actions.conditions import has_session
from gui.actions.spec import ActionSpec

GO_ACTIONS = (
    ActionSpec(
        "play", "Play", "Go", lambda window: window.navigator.toggle_playing(), ("Space",), "Play or stop",
        group="play",
    ),
    ActionSpec(
        "previous", "Previous frame", "Go", lambda window: window.navigator.step(-1), ("Left",),
        "One frame back", group="step",
    ),
    ActionSpec(
        "next", "Next frame", "Go", lambda window: window.navigator.step(1), ("Right",), "One frame on",
        group="step",
    ),
    ActionSpec(
        "ten_back", "Ten frames back", "Go", lambda window: window.navigator.step(-10), ("Shift+Left",),
        group="step",
    ),
    ActionSpec(
        "ten_on", "Ten frames on", "Go", lambda window: window.navigator.step(10), ("Shift+Right",),
        group="step",
    ),
    ActionSpec(
        "first", "First frame", "Go", lambda window: window.navigator.go_to_end(-1), ("Home",),
        "To the first frame", group="ends",
    ),
    ActionSpec(
        "last", "Last frame", "Go", lambda window: window.navigator.go_to_end(1), ("End",),
        "To the last frame", group="ends",
    ),
    ActionSpec(
        "previous_mark", "Previous corrected frame", "Go", lambda window: window.navigator.go_to_mark(-1),
        ("PgUp",), "To the corrected frame before this one", group="marks",
    ),
    ActionSpec(
        "next_mark", "Next corrected frame", "Go", lambda window: window.navigator.go_to_mark(1),
        ("PgDown",), "To the corrected frame after this one", group="marks",
    ),
    ActionSpec(
        "next_to_correct", "Next frame to correct", "Go", lambda window: window.edit.go_to_next_correction(),
        ("N",), "To the frame whose correction is likely to help most: where masks are doubtful",
        has_session, group="marks", button_text="Next to correct",
    ),
)  # fmt: skip
