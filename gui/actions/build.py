"""Qt's actions and menus, built from a table of actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from PyQt5.QtCore import QObject
from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import QAction, QActionGroup, QMenu, QMenuBar

from gui.actions.keys import tooltip
from gui.actions.spec import ActionContext, ActionSpec, Choice, always
from gui.panels.icons import icon
from gui.panels.plain_text import menu_text, tooltip_text
from mivos_studio.one_line import one_line

if TYPE_CHECKING:
    from gui.controllers.window import Window


def build_actions(specs: Sequence[ActionSpec], window: Window, parent: QObject) -> dict[str, QAction]:
    """Create the actions of a table, by name; they are enabled and checked as the window's state says."""
    actions = {spec.name: _action(spec, parent) for spec in specs}
    changing = [spec for spec in specs if spec.enabled is not always or spec.checked or spec.label]

    def update(*_: object) -> None:
        context = ActionContext(window.model.state, window.session.state)
        for spec in changing:
            actions[spec.name].setEnabled(spec.enabled(context))
            if spec.checked is not None:
                actions[spec.name].setChecked(spec.checked(context))
            if spec.label is not None:
                _set_label(actions[spec.name], spec, spec.label(context))

    def trigger(spec: ActionSpec) -> None:
        spec.run(window)
        update()  # Qt has toggled a checkable action, also where the state has not changed

    _join_groups(specs, actions, parent)
    for spec in specs:
        actions[spec.name].triggered.connect(lambda _checked=False, spec=spec: trigger(spec))
        if spec.choices is not None:
            actions[spec.name].setMenu(_submenu(spec.choices, window))
    window.model.changed.connect(update)
    window.session.changed.connect(update)
    update()
    return actions


def fill_menus(bar: QMenuBar, specs: Sequence[ActionSpec], actions: Mapping[str, QAction]) -> None:
    """Add a menu for each title, in the order of the table, with separators between groups."""
    titles = dict.fromkeys(spec.menu for spec in specs if spec.menu)
    for title in titles:
        menu = bar.addMenu(title)
        group = None
        for spec in specs:
            if menu is None or spec.menu != title:
                continue
            if group not in (None, spec.group):
                menu.addSeparator()
            group = spec.group
            menu.addAction(actions[spec.name])


def _join_groups(specs: Sequence[ActionSpec], actions: Mapping[str, QAction], parent: QObject) -> None:
    groups: dict[tuple[str, str], QActionGroup] = {}
    for spec in specs:
        if spec.is_one_of_group:
            place = (spec.menu, spec.group)
            if place not in groups:
                groups[place] = QActionGroup(parent)
            groups[place].addAction(actions[spec.name])


def _submenu(choices: Callable[[Window], Sequence[Choice]], window: Window) -> QMenu:
    """Return a menu that is filled when it is about to be shown."""
    menu = QMenu()
    menu.setToolTipsVisible(True)

    def fill() -> None:
        menu.clear()
        found = choices(window)
        for choice in found:
            action = menu.addAction(menu_text(choice.text))
            if action is not None:
                action.setToolTip(tooltip_text(one_line(choice.tooltip or choice.text)))
                action.triggered.connect(lambda _checked=False, choice=choice: choice.run(window))
        if not found:
            none = menu.addAction("None yet")
            if none is not None:
                none.setEnabled(False)

    menu.aboutToShow.connect(fill)
    return menu


def _set_label(action: QAction, spec: ActionSpec, label: str) -> None:
    if action.text() != menu_text(label):
        action.setText(menu_text(label))
        action.setToolTip(tooltip_text(tooltip(spec, label if label != spec.text else "")))


def _action(spec: ActionSpec, parent: QObject) -> QAction:
    action = QAction(spec.text, parent)
    action.setObjectName(f"action_{spec.name}")
    action.setCheckable(spec.checked is not None)
    action.setShortcuts([QKeySequence(key) for key in spec.shortcuts])
    if spec.button_text:
        action.setIconText(spec.button_text)
    action.setToolTip(tooltip(spec))
    action_icon = icon(spec.name)
    if action_icon is not None:
        action.setIcon(action_icon)
    return action
