"""The dialog that asks what becomes of work without a name, or of work that could not be saved."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QMessageBox, QWidget

from gui.panels.dialogs.buttons import add_buttons
from gui.panels.plain_text import set_plain_texts

SAVE = QMessageBox.StandardButton.Save
KEEP = QMessageBox.StandardButton.Ignore
DISCARD = QMessageBox.StandardButton.Discard
CANCEL = QMessageBox.StandardButton.Cancel
_TEXTS = {SAVE: "Save as…", KEEP: "Keep for later", DISCARD: "Discard", CANCEL: "Cancel"}
_TEXTS_AFTER_FAILURE = {SAVE: "Save as…", DISCARD: "Leave without saving", CANCEL: "Cancel"}


class UnnamedDialog(QMessageBox):
    """Asks whether to save, keep, discard or cancel. Use `open`, so that the caller is not blocked.

    name     the clip's name, or the project's.
    work     what was done, as part of a sentence.
    failure  why it could not be saved; empty where it is in a recovery project, which can be kept.
    """

    def __init__(self, name: str, work: str, failure: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("unnamed_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setWindowTitle("Work that is not saved" if failure else "Work without a name")
        information = (
            f"{failure}\n\nIf you leave now, the last changes are lost."
            if failure
            else f"It is {work}. Kept for later, it is offered when the program is started again."
        )
        set_plain_texts(self, f"Save what was done on “{name}” as a project?", information)
        add_buttons(self, _TEXTS_AFTER_FAILURE if failure else _TEXTS)
        save, style = self.button(SAVE), self.style()
        if save is not None and style is not None:
            save.setProperty("role", "primary")
            style.polish(save)  # apply the style sheet again, with the property
        self.setDefaultButton(SAVE)
        self.setEscapeButton(CANCEL)
