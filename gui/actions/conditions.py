"""Conditions that several actions share."""

from __future__ import annotations

from gui.actions.spec import ActionContext


def has_session(context: ActionContext) -> bool:
    """The clip's session is open."""
    return context.session.is_open


def can_undo(context: ActionContext) -> bool:
    """There is a step to undo, or a command that may become one."""
    return context.session.undo_count > 0 or context.session.is_busy


def can_redo(context: ActionContext) -> bool:
    """There is an undone step."""
    return context.session.can_redo


def has_several_objects(context: ActionContext) -> bool:
    """One object at least would be left."""
    return len(context.session.objects) > 1


def can_propagate(context: ActionContext) -> bool:
    """No long command is running or queued."""
    return context.session.is_open and not context.session.has_long_command


def can_cancel(context: ActionContext) -> bool:
    """A long command is running or queued, or a clip is being opened."""
    return context.session.has_long_command or context.session.is_opening
