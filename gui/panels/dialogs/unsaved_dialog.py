"""The dialog that asks whether to save work before it is lost."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QMessageBox, QWidget


class UnsavedDialog(QMessageBox):
    """Asks whether to save, discard or cancel. Use `open`, not `exec`, so that the caller is not blocked.

    name      the clip's name.
    unsaved   what would be lost, as part of a sentence.
    """

    def __init__(self, name: str, unsaved: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("unsaved_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setWindowTitle("Unsaved work")
        self.setTextFormat(Qt.TextFormat.PlainText)  # a clip's name may contain <b>
        self.setText(f"Save what was done on “{name}” as a script?")
        self.setInformativeText(f"Otherwise this is lost: {unsaved}.")
        buttons = QMessageBox.StandardButton
        for button in (buttons.Save, buttons.Discard, buttons.Cancel):
            self.addButton(button)
        save, style = self.button(buttons.Save), self.style()
        if save is not None and style is not None:
            save.setProperty("role", "primary")
            style.polish(save)  # apply the style sheet again, with the property
        self.setDefaultButton(buttons.Save)
        self.setEscapeButton(buttons.Cancel)
