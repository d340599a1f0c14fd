"""The dialog with all keys and gestures, built from the table of actions."""

from __future__ import annotations

from collections.abc import Mapping

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QWidget

from gui.panels.plain_text import plain_label

Rows = tuple[tuple[str, str], ...]
_GAP_PX = 10
"""Between two sections."""


class ShortcutSheet(QDialog):
    """Sections of (key, what it does), in three columns."""

    def __init__(self, sections: Mapping[str, Rows], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("shortcut_sheet")
        self.setWindowTitle("Shortcuts")
        row = QHBoxLayout(self)
        row.setContentsMargins(18, 14, 18, 14)
        row.setSpacing(28)
        for column_sections in _columns(sections):
            row.addLayout(_column(column_sections))


def _columns(sections: Mapping[str, Rows]) -> list[list[tuple[str, Rows]]]:
    """Distribute the sections so that the columns are about equally long."""
    columns: list[list[tuple[str, Rows]]] = [[], [], []]
    for entry in sorted(sections.items(), key=lambda each: -len(each[1])):
        min(columns, key=lambda column: sum(len(rows) + 2 for _, rows in column)).append(entry)
    return columns


def _column(sections: list[tuple[str, Rows]]) -> QGridLayout:
    """Lay out sections below one another, with keys and texts aligned."""
    grid = QGridLayout()
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(4)
    for title, rows in sections:
        heading = plain_label(title.upper())
        heading.setProperty("role", "heading")
        grid.addWidget(heading, grid.rowCount(), 0, 1, 2)
        for key, text in rows:
            key_label = plain_label(key)
            key_label.setProperty("role", "key")
            place = grid.rowCount()
            grid.addWidget(key_label, place, 0, Qt.AlignmentFlag.AlignLeft)
            grid.addWidget(plain_label(text), place, 1)
        grid.setRowMinimumHeight(grid.rowCount(), _GAP_PX)
    grid.setRowStretch(grid.rowCount(), 1)
    return grid
