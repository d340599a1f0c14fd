"""Keys as the user reads them: in tooltips, in hints, and on the shortcut sheet with the mouse gestures."""

from __future__ import annotations

from collections.abc import Iterable

from PyQt5.QtGui import QKeySequence

from gui.actions.spec import ActionSpec

GESTURES: tuple[tuple[str, str], ...] = (
    ("Left button", "Add to the object"),
    ("Right button", "Take away from the object"),
    ("Ctrl + left drag", "Work in a region"),
    ("Wheel", "Zoom to the cursor"),
    ("Ctrl + wheel", "Brush size"),
    ("Space + drag, middle drag", "Move the image"),
    ("1 … 9", "Choose an object"),
)
"""Mouse gestures, and keys that belong to several actions."""


def key_text(shortcut: str) -> str:
    """Return a shortcut's text as this platform writes it."""
    return QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText)


def tooltip(spec: ActionSpec, label: str = "") -> str:
    """Return the tooltip's text with the first shortcut; label replaces the text."""
    text = label or spec.tooltip or spec.text
    return f"{text} ({key_text(spec.shortcuts[0])})" if spec.shortcuts else text


def key_sections(specs: Iterable[ActionSpec]) -> dict[str, tuple[tuple[str, str], ...]]:
    """Return the gestures, and the shortcuts of a table of actions by menu."""
    sections: dict[str, list[tuple[str, str]]] = {"Mouse and more": list(GESTURES)}
    for spec in specs:
        if spec.menu and spec.shortcuts:
            sections.setdefault(spec.menu, []).append((key_text(spec.shortcuts[0]), spec.text.rstrip("…")))
    return {title: tuple(rows) for title, rows in sections.items()}


def open_hint(specs: Iterable[ActionSpec]) -> str:
    """Return a sentence on how a clip is opened, with the keys of these actions."""
    keys = {spec.name: key_text(spec.shortcuts[0]) for spec in specs if spec.shortcuts}
    return f"Open a video ({keys['open_clip']}) or a folder of images ({keys['open_images']})"
