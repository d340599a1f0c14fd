"""The Propagate menu."""

from __future__ import annotations

from gui.actions.conditions import can_cancel, can_propagate
from gui.actions.spec import ActionSpec
from inference_core.types import Direction

PROPAGATE_ACTIONS = (
    ActionSpec(
        "propagate", "Propagate", "Propagate", lambda window: window.edit.propagate(Direction.BOTH),
        ("P", "Ctrl+Return"), "Propagate the corrected frames through the clip, in both directions",
        can_propagate, group="go",
    ),
    ActionSpec(
        "propagate_backward", "Propagate backward", "Propagate",
        lambda window: window.edit.propagate(Direction.BACKWARD), ("Shift+P",),
        "Propagate the corrected frames to the clip's start only", can_propagate, group="go",
        button_text="Backward",
    ),
    ActionSpec(
        "propagate_forward", "Propagate forward", "Propagate",
        lambda window: window.edit.propagate(Direction.FORWARD), ("Ctrl+P",),
        "Propagate the corrected frames to the clip's end only", can_propagate, group="go",
        button_text="Forward",
    ),
    ActionSpec(
        "cancel", "Cancel", "Propagate", lambda window: window.controller.cancel(), ("Ctrl+.",),
        "Stop after this frame; what is done stays", can_cancel, group="stop",
    ),
)  # fmt: skip
