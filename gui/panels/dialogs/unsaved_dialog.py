"""What to do with work that is in no file, before it goes."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QMessageBox, QWidget


class UnsavedDialog(QMessageBox):
    """Asks whether to save, to discard or to stay. Opened, not executed: the window goes on behind it.

    name      the clip's.
    unsaved   what would be lost, as part of a sentence.
    """

    def __init__(self, name: str, unsaved: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("unsaved_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setWindowTitle("Unsaved work")
        self.setTextFormat(Qt.TextFormat.PlainText)  # a clip may be named <b>
        self.setText(f"Save what was done on “{name}” as a script?")
        self.setInformativeText(f"Otherwise this is lost: {unsaved}.")
        buttons = QMessageBox.StandardButton
        for button in (buttons.Save, buttons.Discard, buttons.Cancel):
            self.addButton(button)
        save, style = self.button(buttons.Save), self.style()
        if save is not None and style is not None:
            save.setProperty("role", "primary")
            style.polish(save)  # the style has seen it without
        self.setDefaultButton(buttons.Save)
        self.setEscapeButton(buttons.Cancel)
