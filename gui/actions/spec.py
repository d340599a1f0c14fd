"""An action: its texts and keys, what it runs, and when it is enabled and checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gui.state.session_view import SessionView
from gui.state.view_state import ViewState

if TYPE_CHECKING:
    from gui.controllers.window import Window


@dataclass(frozen=True)
class ActionContext:
    """What decides whether an action is enabled, and whether it is checked."""

    view: ViewState
    session: SessionView


Condition = Callable[[ActionContext], bool]


def always(context: ActionContext) -> bool:
    """Whatever the state is."""
    del context
    return True


@dataclass(frozen=True)
class Choice:
    """One entry of a submenu; run is called with the window's controllers."""

    text: str
    run: Callable[[Window], None]
    tooltip: str = ""


@dataclass(frozen=True)
class ActionSpec:
    """One action. Menus, buttons, tooltips, shortcuts and the shortcut sheet are built from it.

    run        is called with the window's controllers.
    menu       the menu's title; empty for an action that has only a key.
    shortcuts  in Qt's portable text; the first one is shown.
    """

    name: str
    text: str
    menu: str
    run: Callable[[Window], None]
    shortcuts: tuple[str, ...] = ()
    tooltip: str = ""
    enabled: Condition = always
    checked: Condition | None = None
    """None for an action that has no state to show."""
    is_one_of_group: bool = False
    """Whether one action of its group is checked at a time: the menu shows radio buttons."""
    group: str = ""
    """The menu has a separator between groups."""
    button_text: str = ""
    """A shorter text for buttons, where the panel's heading completes it."""
    label: Callable[[ActionContext], str] | None = None
    """A text that depends on the state, for menu and tooltip; text is the one on the shortcut sheet."""
    choices: Callable[[Window], Sequence[Choice]] | None = None
    """The entries of a submenu, made when it is about to be shown; `run` is not called then."""
