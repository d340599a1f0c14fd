"""The dialog for a project whose clip is not where it was, or is another one."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QMessageBox, QWidget

from gui.panels.dialogs.buttons import add_buttons
from gui.panels.plain_text import set_plain_texts

USE = QMessageBox.StandardButton.Ok
VIDEO = QMessageBox.StandardButton.Open
IMAGES = QMessageBox.StandardButton.Retry
CANCEL = QMessageBox.StandardButton.Cancel


class ClipDialog(QMessageBox):
    """Asks for a project's clip. Use `open`, so that the caller is not blocked.

    text     what was found.
    can_use  whether there is a clip that may be used although it is another one.
    """

    def __init__(self, text: str, advice: str, parent: QWidget, *, can_use: bool) -> None:
        super().__init__(parent)
        self.setObjectName("clip_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setWindowTitle("The project's clip")
        set_plain_texts(self, text, advice)
        texts = {USE: "Use this clip", VIDEO: "Choose a video…", IMAGES: "Choose a folder…", CANCEL: "Cancel"}
        add_buttons(self, texts if can_use else {key: text for key, text in texts.items() if key != USE})
        self.setDefaultButton(CANCEL if can_use else VIDEO)
        self.setEscapeButton(CANCEL)
