"""The tools, down the left side."""

from __future__ import annotations

from collections.abc import Mapping

from PyQt5.QtCore import QSize, Qt
from PyQt5.QtWidgets import QAction, QFrame, QToolButton, QVBoxLayout, QWidget

from gui.state.view_state import CANVAS_TOOLS

_ICON_PX = 24
"""Larger than other icons: these buttons are used most."""


class ToolPanel(QFrame):
    """One button per tool; the actions hold which one is checked."""

    def __init__(self, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tool_panel")
        column = QVBoxLayout(self)
        column.setContentsMargins(5, 8, 5, 8)
        column.setSpacing(3)
        for tool in CANVAS_TOOLS:
            column.addWidget(action_button(actions[f"tool_{tool}"], f"tool_{tool}", _ICON_PX))
        column.addStretch(1)


def action_button(
    action: QAction, name: str, icon_px: int = 20, style: Qt.ToolButtonStyle | None = None
) -> QToolButton:
    """Return a button of an action, without keyboard focus, which stays on the canvas."""
    button = QToolButton()
    button.setDefaultAction(action)
    button.setObjectName(name)
    button.setAccessibleName(action.text())
    button.setIconSize(QSize(icon_px, icon_px))
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    if style is not None:
        button.setToolButtonStyle(style)
    return button
