"""All keys and gestures on one sheet, made from the table of actions."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

Rows = tuple[tuple[str, str], ...]


class ShortcutSheet(QDialog):
    """Sections of (key, what it does), in three columns."""

    def __init__(self, sections: dict[str, Rows], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("shortcut_sheet")
        self.setWindowTitle("Shortcuts")
        row = QHBoxLayout(self)
        row.setContentsMargins(18, 14, 18, 14)
        row.setSpacing(28)
        for column_sections in _columns(sections):
            column = QVBoxLayout()
            for title, rows in column_sections:
                column.addWidget(_section(title, rows))
            column.addStretch(1)
            row.addLayout(column)


def _columns(sections: dict[str, Rows]) -> list[list[tuple[str, Rows]]]:
    """Deal the sections out so that the columns are about as long."""
    columns: list[list[tuple[str, Rows]]] = [[], [], []]
    for entry in sorted(sections.items(), key=lambda each: -len(each[1])):
        min(columns, key=lambda column: sum(len(rows) + 2 for _, rows in column)).append(entry)
    return columns


def _section(title: str, rows: Rows) -> QWidget:
    widget = QWidget()
    widget.setObjectName("sheet_section")
    grid = QGridLayout(widget)
    grid.setContentsMargins(0, 0, 0, 8)
    grid.setHorizontalSpacing(14)
    grid.setVerticalSpacing(3)
    heading = QLabel(title.upper())
    heading.setProperty("role", "heading")
    grid.addWidget(heading, 0, 0, 1, 2)
    for place, (key, text) in enumerate(rows, start=1):
        key_label = QLabel(key)
        key_label.setProperty("role", "key")
        grid.addWidget(key_label, place, 0, Qt.AlignmentFlag.AlignLeft)
        grid.addWidget(QLabel(text), place, 1)
    grid.setColumnStretch(1, 1)
    return widget
