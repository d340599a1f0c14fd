"""Buttons of message boxes with texts of their own."""

from __future__ import annotations

from collections.abc import Mapping

from PyQt5.QtWidgets import QMessageBox

_PADDING_PX = 40


def add_buttons(box: QMessageBox, texts: Mapping[QMessageBox.StandardButton, str]) -> None:
    """Add buttons, each as wide as its text needs."""
    for choice, text in texts.items():
        button = box.addButton(choice)
        if button is not None:
            button.setText(text)
            button.setMinimumWidth(button.fontMetrics().horizontalAdvance(text) + _PADDING_PX)
