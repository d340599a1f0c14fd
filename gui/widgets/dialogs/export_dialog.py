"""Where the masks go, and in which format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PyQt5.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)


@dataclass(frozen=True)
class FormatChoice:
    """A format as the editor reads it."""

    name: str
    title: str
    explanation: str


@dataclass(frozen=True)
class ExportWish:
    """What the editor chose."""

    format_name: str
    folder: Path
    replaces: bool


class ExportDialog(QDialog):
    """Asks for a format and a folder."""

    def __init__(
        self, choices: Sequence[FormatChoice], folder: Path, facts: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("export_dialog")
        self.setWindowTitle("Export masks")
        self.setMinimumWidth(520)
        self._choices = tuple(choices)
        self._format = QComboBox()
        self._format.setObjectName("export_format")
        for choice in self._choices:
            self._format.addItem(choice.title, choice.name)
        self._explanation = QLabel()
        self._explanation.setProperty("role", "quiet")
        self._explanation.setWordWrap(True)
        self._folder = QLineEdit(str(folder))
        self._folder.setObjectName("export_folder")
        self._replaces = QCheckBox("Replace what is in that folder")
        self._replaces.setObjectName("export_replaces")
        self._buttons = QDialogButtonBox()
        self._lay_out(facts)
        self._format.currentIndexChanged.connect(self._on_format)
        self._folder.textChanged.connect(self._on_folder)
        self._on_format()
        self._on_folder()

    @property
    def wish(self) -> ExportWish:
        """What stands in the dialog."""
        folder = Path(self._folder.text().strip()).expanduser()
        return ExportWish(self._format.currentData(), folder, self._replaces.isChecked())

    def _lay_out(self, facts: str) -> None:
        browse = QPushButton("Browse…")
        browse.clicked.connect(self._browse)
        about = QLabel(facts)
        about.setProperty("role", "quiet")
        start = self._buttons.addButton("Export", QDialogButtonBox.ButtonRole.AcceptRole)
        if start is not None:
            start.setObjectName("export_start")
            start.setProperty("role", "primary")
        self._buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        grid = QGridLayout(self)
        grid.setContentsMargins(18, 16, 18, 14)
        grid.setVerticalSpacing(9)
        grid.addWidget(QLabel("Format"), 0, 0)
        grid.addWidget(self._format, 0, 1, 1, 2)
        grid.addWidget(self._explanation, 1, 1, 1, 2)
        grid.addWidget(QLabel("Folder"), 2, 0)
        grid.addWidget(self._folder, 2, 1)
        grid.addWidget(browse, 2, 2)
        grid.addWidget(self._replaces, 3, 1, 1, 2)
        grid.addWidget(about, 4, 1, 1, 2)
        grid.addWidget(self._buttons, 5, 0, 1, 3)

    def _browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder for the masks", self._folder.text())
        if chosen:
            self._folder.setText(chosen)

    def _on_format(self) -> None:
        self._explanation.setText(self._choices[self._format.currentIndex()].explanation)

    def _on_folder(self) -> None:
        """A folder that holds something is replaced only when that is asked for."""
        text = self._folder.text().strip()
        folder = Path(text).expanduser()
        is_taken = bool(text) and folder.is_dir() and any(folder.iterdir())
        self._replaces.setEnabled(is_taken)
        if not is_taken:
            self._replaces.setChecked(False)
