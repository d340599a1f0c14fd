"""Where the masks go, and in which format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from PyQt5.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QWidget,
)

from mivos_studio.media.errors import MediaError


@dataclass(frozen=True)
class FormatChoice:
    """A format as the editor reads it."""

    name: str
    title: str
    explanation: str


@dataclass(frozen=True)
class ExportRequest:
    """What the editor chose. replaces: whether files of an earlier export in the folder may be replaced."""

    format_name: str
    folder: Path
    replaces: bool


class Question(NamedTuple):
    """What the editor must agree to before an export, and the word on the button that agrees."""

    text: str
    agree: str


CheckExport = Callable[[ExportRequest], Question | None]
"""Returns a question that the editor must agree to, None where there is none; raises a MediaError."""


class ExportDialog(QDialog):
    """Asks for a format and a folder, and stays open with the reason as long as it cannot be done."""

    def __init__(
        self,
        choices: Sequence[FormatChoice],
        folder: Path,
        facts: str,
        check: CheckExport,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("export_dialog")
        self.setWindowTitle("Export masks")
        self.setMinimumWidth(560)
        self._choices = tuple(choices)
        self._home = folder.parent
        self._check = check
        self._agreed: ExportRequest | None = None
        self._format = QComboBox()
        self._format.setObjectName("export_format")
        for choice in self._choices:
            self._format.addItem(choice.title, choice.name)
        self._explanation = QLabel()
        self._explanation.setProperty("role", "quiet")
        self._explanation.setWordWrap(True)
        self._folder = QLineEdit(str(folder))
        self._folder.setObjectName("export_folder")
        self._message = QLabel()
        self._message.setObjectName("export_message")
        self._message.setProperty("role", "error")
        self._message.setWordWrap(True)
        self._start = QPushButton("Export")
        self._start.setObjectName("export_start")
        self._start.setProperty("role", "primary")
        self._lay_out(facts)
        self._format.currentIndexChanged.connect(self._on_format)
        self._folder.textChanged.connect(self._on_folder)
        self._on_format()
        self._on_folder()

    @property
    def request(self) -> ExportRequest:
        """What stands in the dialog; it replaces nothing unless the editor has agreed to just that."""
        folder = self._home / Path(self._folder.text().strip()).expanduser()
        plain = ExportRequest(self._format.currentData(), folder, replaces=False)
        agreed = self._agreed
        return agreed if agreed is not None and replace(agreed, replaces=False) == plain else plain

    def accept(self) -> None:
        """Close if the masks can be written there, after a question where something is there already."""
        try:
            question = self._check(self.request)
        except MediaError as error:
            self._say(str(error))
            return
        self._say("")
        if question is not None:
            if not self._ask(question):
                return
            self._agreed = replace(self.request, replaces=True)
        super().accept()

    def _ask(self, question: Question) -> bool:
        box = QMessageBox(QMessageBox.Icon.NoIcon, self.windowTitle(), question.text, parent=self)
        box.setObjectName("export_question")
        agree = box.addButton(question.agree, QMessageBox.ButtonRole.AcceptRole)
        if agree is not None:
            agree.setObjectName("export_replaces")
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.exec()
        box.deleteLater()
        return box.clickedButton() is agree

    def _say(self, sentence: str) -> None:
        self._message.setText(sentence)
        self._message.setVisible(bool(sentence))
        layout = self.layout()
        if layout is not None:
            layout.activate()
            self.resize(self.width(), layout.totalHeightForWidth(self.width()))

    def _lay_out(self, facts: str) -> None:
        browse = QPushButton("Browse…")
        browse.clicked.connect(self._browse)
        about = QLabel(facts)
        about.setProperty("role", "quiet")
        buttons = QDialogButtonBox()
        buttons.addButton(self._start, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        grid = QGridLayout(self)
        grid.setContentsMargins(18, 16, 18, 14)
        grid.setVerticalSpacing(9)
        grid.addWidget(QLabel("Format"), 0, 0)
        grid.addWidget(self._format, 0, 1, 1, 2)
        grid.addWidget(self._explanation, 1, 1, 1, 2)
        grid.addWidget(QLabel("Folder"), 2, 0)
        grid.addWidget(self._folder, 2, 1)
        grid.addWidget(browse, 2, 2)
        grid.addWidget(about, 3, 1, 1, 2)
        grid.addWidget(self._message, 4, 1, 1, 2)
        grid.addWidget(buttons, 5, 0, 1, 3)

    def _browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder for the masks", self._folder.text())
        if chosen:
            self._folder.setText(chosen)

    def _on_format(self) -> None:
        self._explanation.setText(self._choices[self._format.currentIndex()].explanation)
        self._say("")

    def _on_folder(self) -> None:
        self._start.setEnabled(bool(self._folder.text().strip()))
        self._say("")
