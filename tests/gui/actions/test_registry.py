"""The table of actions as a whole."""

from __future__ import annotations

from collections import Counter

from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import QApplication

from gui.actions.keys import key_sections, tooltip
from gui.actions.registry import ACTIONS


def repeated(values: list[str]) -> list[str]:
    return [value for value, count in Counter(values).items() if count > 1]


def test_no_two_actions_have_the_same_name_or_key(application: QApplication) -> None:
    keys = [QKeySequence(key).toString() for spec in ACTIONS for key in spec.shortcuts]
    assert "" not in keys, "a key that Qt does not know"
    assert repeated(keys) == []
    assert repeated([spec.name for spec in ACTIONS]) == []


def test_the_actions_of_a_group_follow_one_another_in_their_menu() -> None:
    for menu in {spec.menu for spec in ACTIONS if spec.menu}:
        groups = [spec.group for spec in ACTIONS if spec.menu == menu]
        changes = [group for before, group in zip([None, *groups], groups, strict=False) if group != before]
        assert repeated(changes) == [], menu


def test_the_shortcut_sheet_has_every_action_that_has_a_menu_and_a_key(application: QApplication) -> None:
    sections = key_sections(ACTIONS)
    listed = {(title, text) for title, rows in sections.items() for _, text in rows}
    assert {(s.menu, s.text.rstrip("…")) for s in ACTIONS if s.menu and s.shortcuts} <= listed
    assert ("Choose an object") in {text for _, text in listed}


def test_a_tooltip_ends_with_the_first_key(application: QApplication) -> None:
    specs = {spec.name: spec for spec in ACTIONS}
    assert tooltip(specs["redo"]) == "Redo the last undone step (Ctrl+Shift+Z)"
    assert tooltip(specs["ten_on"]) == "Ten frames on (Shift+Right)"
    assert tooltip(specs["about"]) == "What this program is"
