"""The dialog that chooses the format and folder of an export."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PyQt5.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QWidget,
)

from gui.panels.plain_text import breakable, plain_label, set_plain_texts
from mivos_studio.media.errors import MediaError

if TYPE_CHECKING:
    from mivos_studio.media.export.export_format import ExportFormat


@dataclass(frozen=True)
class ExportRequest:
    """The user's choice. replaces: whether files of an earlier export in the folder may be replaced."""

    format_name: str
    folder: Path
    replaces: bool


class Confirmation(NamedTuple):
    """What the user must confirm before an export, and the text of the button that confirms it."""

    text: str
    button_text: str


CheckExport = Callable[[ExportRequest], Confirmation | None]
"""Returns what the user must confirm, or None; raises a MediaError where the export is not possible."""


class ExportDialog(QDialog):
    """Asks for a format and a folder; stays open and shows the reason while the export is not possible.

    formats  those to choose from, the first one chosen at the start.
    summary  the clip's frame count and size, shown below the folder.
    """

    def __init__(
        self,
        formats: Iterable[ExportFormat],
        folder: Path,
        summary: str,
        check: CheckExport,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("export_dialog")
        self.setWindowTitle("Export masks")
        self.setMinimumWidth(560)
        self._formats = tuple(formats)
        self._base_folder = folder.parent
        self._check = check
        self._confirmed: ExportRequest | None = None
        self._format = QComboBox()
        self._format.setObjectName("export_format")
        for export_format in self._formats:
            self._format.addItem(export_format.title, export_format.name)
        self._explanation = plain_label()
        self._explanation.setProperty("role", "quiet")
        self._explanation.setWordWrap(True)
        self._folder = QLineEdit(str(folder))
        self._folder.setObjectName("export_folder")
        self._message = plain_label()
        self._message.setObjectName("export_message")
        self._message.setProperty("role", "error")
        self._message.setWordWrap(True)
        self._start = QPushButton("Export")
        self._start.setObjectName("export_start")
        self._start.setProperty("role", "primary")
        self._lay_out(summary)
        self._format.currentIndexChanged.connect(self._on_format)
        self._folder.textChanged.connect(self._on_folder)
        self._on_format()
        self._on_folder()

    @property
    def request(self) -> ExportRequest:
        """The current choice; it replaces files only if the user has confirmed this very choice."""
        typed = Path(self._folder.text().strip())
        is_of_home = bool(typed.parts) and typed.parts[0].startswith("~")  # expanded where it is checked
        folder = typed if is_of_home else self._base_folder / typed
        plain = ExportRequest(self._format.currentData(), folder, replaces=False)
        confirmed = self._confirmed
        return confirmed if confirmed is not None and replace(confirmed, replaces=False) == plain else plain

    def accept(self) -> None:
        """Close if the masks can be written, after a confirmation if the folder has files already."""
        try:
            confirmation = self._check(self.request)
        except MediaError as error:
            self._show_message(str(error))
            return
        self._show_message("")
        if confirmation is not None:
            if not self._confirm(confirmation):
                return
            self._confirmed = replace(self.request, replaces=True)
        super().accept()

    def _confirm(self, confirmation: Confirmation) -> bool:
        box = QMessageBox(QMessageBox.Icon.NoIcon, self.windowTitle(), "", parent=self)
        set_plain_texts(box, confirmation.text)
        box.setObjectName("export_question")
        accept = box.addButton(confirmation.button_text, QMessageBox.ButtonRole.AcceptRole)
        if accept is not None:
            accept.setObjectName("export_replaces")
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.exec()
        box.deleteLater()
        return box.clickedButton() is accept

    def _show_message(self, sentence: str) -> None:
        self._message.setText(breakable(sentence))
        self._message.setVisible(bool(sentence))
        layout = self.layout()
        if layout is not None:
            layout.activate()
            self.resize(self.width(), layout.totalHeightForWidth(self.width()))

    def _lay_out(self, summary: str) -> None:
        browse = QPushButton("Browse…")
        browse.clicked.connect(self._browse)
        summary_label = plain_label(summary)
        summary_label.setProperty("role", "quiet")
        buttons = QDialogButtonBox()
        buttons.addButton(self._start, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        grid = QGridLayout(self)
        grid.setContentsMargins(18, 16, 18, 14)
        grid.setVerticalSpacing(9)
        grid.addWidget(plain_label("Format"), 0, 0)
        grid.addWidget(self._format, 0, 1, 1, 2)
        grid.addWidget(self._explanation, 1, 1, 1, 2)
        grid.addWidget(plain_label("Folder"), 2, 0)
        grid.addWidget(self._folder, 2, 1)
        grid.addWidget(browse, 2, 2)
        grid.addWidget(summary_label, 3, 1, 1, 2)
        grid.addWidget(self._message, 4, 1, 1, 2)
        grid.addWidget(buttons, 5, 0, 1, 3)

    def _browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder for the masks", self._folder.text())
        if chosen:
            self._folder.setText(chosen)

    def _on_format(self) -> None:
        self._explanation.setText(self._formats[self._format.currentIndex()].explanation)
        self._show_message("")

    def _on_folder(self) -> None:
        self._start.setEnabled(bool(self._folder.text().strip()))
        self._show_message("")
