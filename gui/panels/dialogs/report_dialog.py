"""The dialog with the report for a bug: to be read, and copied."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QFontDatabase
from PyQt5.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

_ROLE = QDialogButtonBox.ButtonRole
_SIZE_PX = (760, 560)
_COLLECTING = "Collecting what the program runs on. This takes some seconds …"
_READY = "Copy this text into your bug report. It holds no paths, and no names of files, people or machines."
_COPIED = "Copied."


class ReportDialog(QDialog):
    """Shows a text that comes later. Use `open`, so that the caller is not blocked."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("report_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setWindowTitle("Report for a bug")
        self.resize(*_SIZE_PX)
        self._label = QLabel(_COLLECTING)
        self._label.setObjectName("report_label")
        self._label.setWordWrap(True)
        self._text = QPlainTextEdit()
        self._text.setObjectName("report_text")
        self._text.setReadOnly(True)
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._copy_button = QPushButton("Copy")
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(9)
        column.addWidget(self._label)
        column.addWidget(self._text)
        column.addWidget(self._buttons())

    def show_text(self, text: str) -> None:
        """Show the report."""
        self._label.setText(_READY)
        self._text.setPlainText(text)
        self._copy_button.setEnabled(True)

    def show_failure(self, sentence: str) -> None:
        """Show why there is no report."""
        self._label.setText(sentence)

    def _buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox()
        self._copy_button.setObjectName("report_copy")
        self._copy_button.setProperty("role", "primary")
        self._copy_button.setEnabled(False)
        self._copy_button.clicked.connect(self._copy)
        buttons.addButton(self._copy_button, _ROLE.AcceptRole)
        close = QPushButton("Close")
        close.setObjectName("report_close")
        close.clicked.connect(self.reject)
        buttons.addButton(close, _ROLE.RejectRole)
        return buttons

    def _copy(self) -> None:
        clipboard = QApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self._text.toPlainText())
            self._label.setText(_COPIED)
