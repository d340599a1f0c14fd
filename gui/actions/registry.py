"""All actions of the window, in the order of the menus."""

from __future__ import annotations

from gui.actions.edit import EDIT_ACTIONS, NUMBER_KEYS
from gui.actions.file import FILE_ACTIONS
from gui.actions.go import GO_ACTIONS
from gui.actions.help import HELP_ACTIONS
from gui.actions.propagate import PROPAGATE_ACTIONS
from gui.actions.spec import ActionSpec
from gui.actions.tools import TOOLS_ACTIONS
from gui.actions.view import VIEW_ACTIONS

ACTIONS: tuple[ActionSpec, ...] = (
    *FILE_ACTIONS,
    *EDIT_ACTIONS,
    *TOOLS_ACTIONS,
    *VIEW_ACTIONS,
    *PROPAGATE_ACTIONS,
    *GO_ACTIONS,
    *HELP_ACTIONS,
    *NUMBER_KEYS,
)
