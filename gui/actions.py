"""The table of all actions of the window.

Menus, buttons, tooltips, shortcuts and the shortcut sheet are built from it. `command` names the controllers'
method that performs the action, `argument` is its argument, if any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PyQt5.QtCore import QObject
from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import QAction

from gui.panels.icons import icon
from gui.state.overlay import ViewMode
from gui.state.view_state import REGION
from inference_core.tools.registry import TOOLS
from inference_core.types import Direction

if TYPE_CHECKING:
    from inference_core.session import Session

_NEEDS_SESSION = (
    "next_to_correct",
    "reset_frame",
    "mark_absent",
    "add_object",
    "rename_object",
    "lock_object",
    "export",
    "save_script",
    "play_script",
)
_PROPAGATE_ACTIONS = ("propagate", "propagate_forward", "propagate_backward")


@dataclass(frozen=True)
class ActionSpec:
    """One action. Shortcuts are in Qt's portable text; the first one is shown."""

    name: str
    text: str
    menu: str
    command: str
    shortcuts: tuple[str, ...] = ()
    tooltip: str = ""
    argument: object = None
    is_checkable: bool = False
    group: str = ""
    """The menu has a separator between groups."""
    button_text: str = ""
    """A shorter text for buttons, where the panel's heading completes it."""


def _tool(tool: str, text: str, key: str, tooltip: str) -> ActionSpec:
    return ActionSpec(
        f"tool_{tool}", text, "Tools", "choose_tool", (key,), tooltip, tool, is_checkable=True, group="tool"
    )


def _view(mode: ViewMode, text: str, tooltip: str) -> ActionSpec:
    return ActionSpec(
        f"view_{mode}", text, "View", "set_view_mode", (), tooltip, mode, is_checkable=True, group="mode"
    )


def _object(object_id: int) -> ActionSpec:
    text = f"Choose object {object_id}"
    return ActionSpec(
        f"object_{object_id}", text, "", "choose_nth_object", (str(object_id),), argument=object_id
    )


ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec(
        "open_clip", "Open clip…", "File", "ask_for_clip", ("Ctrl+O",), "Open a video file", group="open",
    ),
    ActionSpec(
        "open_images", "Open image folder…", "File", "ask_for_images", ("Ctrl+Shift+O",),
        "Open a folder of numbered images as a clip", group="open",
    ),
    ActionSpec(
        "play_script", "Play script…", "File", "ask_for_script", (),
        "Perform a script's steps on this clip", group="script",
    ),
    ActionSpec(
        "save_script", "Save script…", "File", "ask_where_to_save_script", ("Ctrl+S",),
        "Save all steps done here as a script; `mivos replay` makes the same masks from it", group="script",
    ),
    ActionSpec(
        "export", "Export…", "File", "ask_for_export", ("Ctrl+E",),
        "Write the masks of all frames as image sequences", group="export",
    ),
    ActionSpec("quit", "Quit", "File", "quit", ("Ctrl+Q",), "Close the window", group="quit"),
    ActionSpec("undo", "Undo", "Edit", "undo", ("Ctrl+Z",), "Undo the last step", group="undo"),
    ActionSpec(
        "redo", "Redo", "Edit", "redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "Redo the last undone step",
        group="undo",
    ),
    ActionSpec(
        "reset_frame", "Reset frame", "Edit", "reset_frame", ("Ctrl+R",), "Empty the masks of this frame",
        group="frame",
    ),
    ActionSpec(
        "mark_absent", "Object is not here", "Edit", "mark_absent", ("A",),
        "Mark the chosen object as not visible on this frame", group="frame",
    ),
    ActionSpec(
        "add_object", "Add object", "Edit", "add_object", ("Ctrl+N",), "Add an object", group="object",
    ),
    ActionSpec(
        "remove_object", "Remove object", "Edit", "remove_object", ("Ctrl+Backspace",),
        "Remove the chosen object and its masks", group="object",
    ),
    ActionSpec(
        "rename_object", "Rename object", "Edit", "rename_object", ("F2",), "Give the chosen object a name",
        group="object",
    ),
    ActionSpec(
        "lock_object", "Lock object", "Edit", "toggle_lock", ("K",),
        "Keep the chosen object's masks as they are, whatever happens", group="object",
    ),
    ActionSpec(
        "hide_object", "Hide object", "Edit", "toggle_visibility", ("H",), "Hide or show the chosen object",
        group="object",
    ),
    *(_tool(spec.name, spec.title, spec.shortcut, spec.hint) for spec in TOOLS.values()),
    _tool(REGION, "Region", "R", "Drag a region to work in close up; nothing outside it changes"),
    ActionSpec("thinner", "Thinner", "Tools", "step_radius", ("[",), "A thinner line", -1, group="radius"),
    ActionSpec("wider", "Wider", "Tools", "step_radius", ("]",), "A wider line", 1, group="radius"),
    ActionSpec(
        "escape", "Leave region", "Tools", "escape", ("Esc",),
        "Abort the stroke under way, or leave the region and show the whole frame", group="region",
    ),
    _view(ViewMode.OVERLAY, "Overlay", "Colours over the image"),
    _view(ViewMode.OUTLINE, "Outline", "Only the outlines over the image"),
    _view(ViewMode.MATTE, "Matte", "Objects white, everything else black"),
    _view(ViewMode.SOURCE, "Source", "The image alone"),
    ActionSpec("next_view", "Next view", "View", "next_view_mode", ("V",), "The next view", group="next"),
    ActionSpec("zoom_in", "Zoom in", "View", "zoom", ("Ctrl++", "Ctrl+="), "Enlarge", 1.25, group="zoom"),
    ActionSpec("zoom_out", "Zoom out", "View", "zoom", ("Ctrl+-",), "Reduce", 0.8, group="zoom"),
    ActionSpec("fit", "Fit", "View", "fit", ("F", "Ctrl+0"), "Show the whole frame", group="zoom"),
    ActionSpec(
        "propagate", "Propagate", "Propagate", "propagate", ("P", "Ctrl+Return"),
        "Propagate the corrected frames through the clip, in both directions", Direction.BOTH, group="go",
    ),
    ActionSpec(
        "propagate_backward", "Propagate backward", "Propagate", "propagate", ("Shift+P",),
        "Propagate the corrected frames to the clip's start only", Direction.BACKWARD, group="go",
        button_text="Backward",
    ),
    ActionSpec(
        "propagate_forward", "Propagate forward", "Propagate", "propagate", ("Ctrl+P",),
        "Propagate the corrected frames to the clip's end only", Direction.FORWARD, group="go",
        button_text="Forward",
    ),
    ActionSpec(
        "cancel", "Cancel", "Propagate", "cancel", ("Ctrl+.",), "Stop after this frame; what is done stays",
        group="stop",
    ),
    ActionSpec("play", "Play", "Go", "toggle_playing", ("Space",), "Play or stop", group="play"),
    ActionSpec("previous", "Previous frame", "Go", "step", ("Left",), "One frame back", -1, group="step"),
    ActionSpec("next", "Next frame", "Go", "step", ("Right",), "One frame on", 1, group="step"),
    ActionSpec("ten_back", "Ten frames back", "Go", "step", ("Shift+Left",), "", -10, group="step"),
    ActionSpec("ten_on", "Ten frames on", "Go", "step", ("Shift+Right",), "", 10, group="step"),
    ActionSpec("first", "First frame", "Go", "go_to_end", ("Home",), "To the first frame", -1, group="ends"),
    ActionSpec("last", "Last frame", "Go", "go_to_end", ("End",), "To the last frame", 1, group="ends"),
    ActionSpec(
        "previous_mark", "Previous corrected frame", "Go", "go_to_mark", ("PgUp",),
        "To the corrected frame before this one", -1, group="marks",
    ),
    ActionSpec(
        "next_mark", "Next corrected frame", "Go", "go_to_mark", ("PgDown",),
        "To the corrected frame after this one", 1, group="marks",
    ),
    ActionSpec(
        "next_to_correct", "Next frame to correct", "Go", "go_to_next_correction", ("N",),
        "To the frame whose correction is likely to help most: where masks are doubtful", group="marks",
        button_text="Next to correct",
    ),
    ActionSpec("shortcuts", "Shortcuts", "Help", "show_shortcuts", ("F1",), "All keys and gestures"),
    ActionSpec("about", "About MiVOS Studio", "Help", "show_about", (), "What this program is"),
    *(_object(object_id) for object_id in range(1, 10)),
)  # fmt: skip

GESTURES: tuple[tuple[str, str], ...] = (
    ("Left button", "Add to the object"),
    ("Right button", "Take away from the object"),
    ("Ctrl + left drag", "Work in a region"),
    ("Wheel", "Zoom to the cursor"),
    ("Ctrl + wheel", "Brush size"),
    ("Space + drag, middle drag", "Move the image"),
    ("1 … 9", "Choose an object"),
)
"""Mouse gestures, and keys that belong to several actions, for the shortcut sheet."""


def build_actions(
    specs: Iterable[ActionSpec], trigger: Callable[[ActionSpec], None], parent: QObject
) -> dict[str, QAction]:
    """Create the actions of a table; `trigger` is called with the one that was triggered."""
    actions = {}
    for spec in specs:
        action = QAction(spec.text, parent)
        action.setObjectName(f"action_{spec.name}")
        action.setCheckable(spec.is_checkable)
        action.setShortcuts([QKeySequence(key) for key in spec.shortcuts])
        if spec.button_text:
            action.setIconText(spec.button_text)
        action.setToolTip(tooltip(spec))
        action_icon = icon(spec.name)
        if action_icon is not None:
            action.setIcon(action_icon)
        # Qt's `checked` is ignored: a checkable action shows the window's state.
        action.triggered.connect(lambda _checked=False, spec=spec: trigger(spec))
        actions[spec.name] = action
    return actions


def update_enabled(
    actions: Mapping[str, QAction],
    session: Session | None,
    *,
    initial_undo_count: int,
    is_opening: bool,
    is_pending: bool,
    is_long: bool,
) -> None:
    """Enable the actions that are possible now.

    initial_undo_count  the session's undo steps that the user cannot undo.
    is_opening          whether a clip is being opened.
    is_pending          whether a command is running or queued; is_long: whether a long one is.
    """
    for name in _NEEDS_SESSION:
        actions[name].setEnabled(session is not None)
    for name in _PROPAGATE_ACTIONS:
        actions[name].setEnabled(session is not None and not is_long)
    actions["cancel"].setEnabled(is_long or is_opening)
    has_steps = session is not None and session.undo_count > initial_undo_count
    actions["undo"].setEnabled(has_steps or is_pending)
    actions["redo"].setEnabled(session is not None and session.can_redo)
    actions["remove_object"].setEnabled(session is not None and len(session.objects) > 1)


def tooltip(spec: ActionSpec) -> str:
    """Return the tooltip's text with the first shortcut."""
    text = spec.tooltip or spec.text
    return f"{text} ({key_text(spec.shortcuts[0])})" if spec.shortcuts else text


def key_text(shortcut: str) -> str:
    """Return a shortcut's text as this platform writes it."""
    return QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText)
