"""The Edit menu, and the number keys, which are in no menu: steps, frames, objects."""

from __future__ import annotations

from gui.actions.conditions import can_redo, can_undo, has_session, has_several_objects
from gui.actions.spec import ActionSpec

_LONGEST_NAME = 40


def _object(number: int) -> ActionSpec:
    return ActionSpec(
        f"object_{number}", f"Choose object {number}", "",
        lambda window: window.edit.choose_nth_object(number), (str(number),),
    )  # fmt: skip


def _named(verb: str, name: str) -> str:
    """Return a text for undo or redo with the step's name, cut where it is long."""
    name = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
    return f"{verb} {name}" if name else verb


EDIT_ACTIONS = (
    ActionSpec(
        "undo", "Undo", "Edit", lambda window: window.edit.undo(), ("Ctrl+Z",), "Undo the last step",
        can_undo, group="undo", label=lambda context: _named("Undo", context.session.undo_name),
    ),
    ActionSpec(
        "redo", "Redo", "Edit", lambda window: window.edit.redo(), ("Ctrl+Shift+Z", "Ctrl+Y"),
        "Redo the last undone step", can_redo, group="undo",
        label=lambda context: _named("Redo", context.session.redo_name),
    ),
    ActionSpec(
        "reset_frame", "Reset frame", "Edit", lambda window: window.edit.reset_frame(), ("Ctrl+R",),
        "Empty the masks of this frame", has_session, group="frame",
    ),
    ActionSpec(
        "mark_absent", "Object is not here", "Edit", lambda window: window.edit.mark_absent(), ("A",),
        "Mark the chosen object as not visible on this frame", has_session, group="frame",
    ),
    ActionSpec(
        "add_object", "Add object", "Edit", lambda window: window.edit.add_object(), ("Ctrl+N",),
        "Add an object", has_session, group="object",
    ),
    ActionSpec(
        "remove_object", "Remove object", "Edit", lambda window: window.edit.remove_object(),
        ("Ctrl+Backspace",), "Remove the chosen object and its masks", has_several_objects, group="object",
    ),
    ActionSpec(
        "rename_object", "Rename object", "Edit", lambda window: window.edit.rename_object(), ("F2",),
        "Give the chosen object a name", has_session, group="object",
    ),
    ActionSpec(
        "lock_object", "Lock object", "Edit", lambda window: window.edit.toggle_lock(), ("K",),
        "Keep the chosen object's masks as they are, whatever happens", has_session, group="object",
    ),
    ActionSpec(
        "hide_object", "Hide object", "Edit", lambda window: window.edit.toggle_visibility(), ("H",),
        "Hide or show the chosen object", group="object",
    ),
)  # fmt: skip

NUMBER_KEYS = tuple(_object(number) for number in range(1, 10))
