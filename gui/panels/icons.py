"""The program's own icons: SVG on a grid of 24 by 24, all with one line width."""

# ruff: noqa: E501 an icon is one line, however long

from __future__ import annotations

from functools import cache

from PyQt5.QtCore import QByteArray, Qt
from PyQt5.QtGui import QIcon, QPainter, QPixmap
from PyQt5.QtSvg import QSvgRenderer

from inference_core.tools.registry import TOOLS

LINE = "#d7dce5"
FAINT = "#6b7484"
BRIGHT = "#ffffff"

_SHAPES = {
    **{f"tool_{spec.name}": spec.icon for spec in TOOLS.values()},
    "tool_region": '<path d="M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4"/><circle cx="12" cy="12" r="3.5"/>',
    "undo": '<path d="M9 5L4 10l5 5"/><path d="M4 10h10a5 5 0 0 1 0 10h-3"/>',
    "redo": '<path d="M15 5l5 5-5 5"/><path d="M20 10H10a5 5 0 0 0 0 10h3"/>',
    "play": '<path d="M7 4.500l12 7.5-12 7.500z" fill="{colour}"/>',
    "pause": '<path d="M8 5v14M16 5v14" stroke-width="3.5"/>',
    "first": '<path d="M19 5l-10 7 10 7z" fill="{colour}"/><path d="M5 5v14" stroke-width="2.5"/>',
    "last": '<path d="M5 5l10 7-10 7z" fill="{colour}"/><path d="M19 5v14" stroke-width="2.5"/>',
    "previous": '<path d="M15 5l-8 7 8 7"/>',
    "next": '<path d="M9 5l8 7-8 7"/>',
    "propagate": '<path d="M7 8l-4 4 4 4M17 8l4 4-4 4M3.5 12h17"/><circle cx="12" cy="12" r="2.6" fill="{colour}"/>',
    "propagate_backward": '<path d="M8 7l-5 5 5 5M3.5 12H17"/><circle cx="19" cy="12" r="2.2" fill="{colour}"/>',
    "propagate_forward": '<path d="M16 7l5 5-5 5M20.5 12H7"/><circle cx="5" cy="12" r="2.2" fill="{colour}"/>',
    "next_to_correct": '<path d="M3.5 20h17M6.5 16.500v3M12 11.500v8M17.5 14.500v5" /><path d="M8.5 3.500L12 7l3.5-3.5"/>',
    "cancel": '<rect x="6" y="6" width="12" height="12" rx="1.5" fill="{colour}"/>',
    "export": '<path d="M12 15V4M7.5 8.500L12 4l4.5 4.5"/><path d="M4 14v5h16v-5"/>',
    "add_object": '<path d="M12 5v14M5 12h14"/>',
    "remove_object": '<path d="M5 7h14M9.5 7V4.500h5V7M7 7l1 13h8l1-13M10.5 10.500v6M13.5 10.500v6"/>',
    "shown": '<path d="M2.5 12C5 7.5 8.5 5.5 12 5.500s7 2 9.5 6.500c-2.5 4.5-6 6.5-9.5 6.500S5 16.5 2.5 12z"/><circle cx="12" cy="12" r="2.8"/>',
    "hidden": '<path d="M2.5 12C5 7.5 8.5 5.5 12 5.500s7 2 9.5 6.500c-2.5 4.5-6 6.5-9.5 6.500S5 16.5 2.5 12z" stroke="{faint}"/><path d="M4.5 19.500l15-15"/>',
    "locked": '<rect x="5.5" y="11" width="13" height="9" rx="1.5" fill="{colour}"/><path d="M8.5 11V8a3.5 3.5 0 0 1 7 0v3"/>',
    "unlocked": '<rect x="5.5" y="11" width="13" height="9" rx="1.5"/><path d="M8.5 11V7.500a3.5 3.5 0 0 1 6.8-1"/>',
    "fit": '<rect x="3.5" y="5" width="17" height="14" rx="1"/><path d="M10 9H7.500v2M14 9h2.500v2M10 15H7.500v-2M14 15h2.500v-2"/>',
    "close": '<path d="M6 6l12 12M18 6L6 18"/>',
    "app": '<rect x="2" y="4" width="20" height="16" rx="3" stroke="#4aa3ff"/><path d="M8 16c0-6 2-9 4-9s4 3 4 9z" fill="#4aa3ff" stroke="#4aa3ff"/>',
}  # fmt: skip
_SIZES = (16, 20, 24, 32, 48)
"""Pixels at which icons are rendered: the buttons' sizes, and larger ones for dense screens."""


@cache
def icon(name: str) -> QIcon | None:
    """Return the icon of an action or a state; None where there is none of that name."""
    shape = _SHAPES.get(name)
    if shape is None:
        return None
    result = QIcon()
    for size in _SIZES:
        result.addPixmap(_rendered(shape, size, LINE), QIcon.Mode.Normal)
        result.addPixmap(_rendered(shape, size, FAINT), QIcon.Mode.Disabled)
        result.addPixmap(_rendered(shape, size, BRIGHT), QIcon.Mode.Active)
        result.addPixmap(_rendered(shape, size, BRIGHT), QIcon.Mode.Normal, QIcon.State.On)
    return result


def required_icon(name: str) -> QIcon:
    """Return an icon; raises a KeyError where there is none of that name."""
    found = icon(name)
    if found is None:
        raise KeyError(name)
    return found


def _rendered(shape: str, size: int, colour: str) -> QPixmap:
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><g fill="none" stroke="{colour}" '
        'stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round">'
        f"{shape.format(colour=colour, faint=FAINT)}</g></svg>"
    )
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(svg.encode())).render(painter)
    painter.end()
    return pixmap
