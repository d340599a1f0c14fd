"""The dialog that lists work without a name: to be opened, deleted, or left for later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt5.QtCore import QSize, Qt, pyqtSignal
from PyQt5.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMessageBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gui.panels.dialogs.buttons import add_buttons
from mivos_studio.one_line import one_line
from mivos_studio.project.unnamed import size_text, total_bytes

if TYPE_CHECKING:
    from mivos_studio.project.unnamed import UnnamedProject

DELETE = QMessageBox.StandardButton.Discard
KEEP = QMessageBox.StandardButton.Cancel

_ROLE = QDialogButtonBox.ButtonRole
_MIN_WIDTH_PX = 600
_LEAST_ROWS, _MOST_ROWS = 3, 10
_ROW_PX = 26
_LIST_MARGIN_PX = 6
_NOT_DELETED = "It could not be deleted: another window has it open, or the folder cannot be written."
_ROW_MARGIN_PX = 24
_LONGEST_NAME = 32
"""Characters; the middle of a longer name is left out, so that the date beside it is whole."""


class RecoveryDialog(QDialog):
    """A list of projects; Later leaves them as they are. Use `open`, so that the caller is not blocked.

    discard  deletes a project and returns whether it is gone; called after the user has confirmed.
    """

    open_chosen = pyqtSignal(object)
    """The path of the project to be opened."""

    def __init__(
        self, projects: Sequence[UnnamedProject], discard: Callable[[Path], bool], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setObjectName("recovery_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setWindowTitle("Work without a name")
        self.setMinimumWidth(_MIN_WIDTH_PX)
        self._projects = [*projects]
        self._discard = discard
        self._text = QLabel()
        self._text.setObjectName("recovery_text")
        self._text.setWordWrap(True)
        self._list = QListWidget()
        self._list.setObjectName("recovery_list")
        self._list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        for text in map(_described, projects):
            item = QListWidgetItem(text, self._list)
            item.setSizeHint(QSize(self.fontMetrics().horizontalAdvance(text) + _ROW_MARGIN_PX, _ROW_PX))
        self._list.setMinimumWidth(self._list.sizeHintForColumn(0))
        self._list.setCurrentRow(0)
        self._list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        rows = min(max(len(projects), _LEAST_ROWS), _MOST_ROWS)
        self._list.setFixedHeight(rows * _ROW_PX + 2 * _LIST_MARGIN_PX)
        self._list.itemDoubleClicked.connect(lambda _: self._open())
        self._list.itemSelectionChanged.connect(self._update)
        self._open_button, self._delete_button = QPushButton("Open"), QPushButton("Delete…")
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(9)
        column.addWidget(self._text)
        column.addWidget(self._list)
        column.addWidget(self._buttons())
        self._update()

    def _buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox()
        for button, name, role, act in (
            (self._open_button, "recovery_open", _ROLE.AcceptRole, self._open),
            (self._delete_button, "recovery_discard", _ROLE.DestructiveRole, self._ask_to_delete),
            (QPushButton("Later"), "recovery_later", _ROLE.RejectRole, self.reject),
        ):
            button.setObjectName(name)
            button.clicked.connect(act)
            if role == _ROLE.AcceptRole:
                button.setProperty("role", "primary")
                button.setDefault(True)
            buttons.addButton(button, role)
        return buttons

    def _chosen(self) -> list[UnnamedProject]:
        return [self._projects[index.row()] for index in self._list.selectedIndexes()]

    def _update(self) -> None:
        """Show what all of it takes, and which buttons apply to what is chosen."""
        self._text.setText(
            "This work has no name yet. It stays here until you delete it; opened and saved under a name, it"
            f" is a project. It takes {size_text(total_bytes(self._projects))}."
        )
        chosen = self._chosen()
        self._open_button.setEnabled(len(chosen) == 1)
        self._delete_button.setEnabled(bool(chosen))

    def _open(self) -> None:
        (chosen,) = self._chosen() if len(self._chosen()) == 1 else (None,)
        if chosen is not None:
            self.accept()
            self.open_chosen.emit(chosen.path)

    def _ask_to_delete(self) -> None:
        """Ask before work is deleted: it is nowhere else."""
        chosen = self._chosen()
        box = QMessageBox(self)
        box.setObjectName("delete_dialog")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowModality(Qt.WindowModality.WindowModal)
        box.setWindowTitle("Delete work")
        box.setTextFormat(Qt.TextFormat.PlainText)
        size = size_text(total_bytes(chosen))
        many = f"{len(chosen)} projects without a name – {size}"
        box.setText("Delete this work?")
        box.setInformativeText(
            f"{_described(chosen[0]) if len(chosen) == 1 else many}\n\nIt cannot be brought back."
        )
        add_buttons(box, {DELETE: "Delete", KEEP: "Keep"})
        box.setDefaultButton(KEEP)
        box.setEscapeButton(KEEP)
        box.finished.connect(lambda answer: self._delete(chosen) if answer == DELETE else None)
        box.open()

    def _delete(self, chosen: Sequence[UnnamedProject]) -> None:
        has_failed = False
        for each in chosen:
            if self._discard(each.path):
                row = self._projects.index(each)
                self._list.takeItem(row)
                del self._projects[row]
            else:
                has_failed = True
        self._update()
        if has_failed:
            self._text.setText(_NOT_DELETED)
        if not self._projects:
            self.reject()


def _described(project: UnnamedProject) -> str:
    when = datetime.fromtimestamp(project.saved_at).astimezone().strftime("%d %B %Y, %H:%M").lstrip("0")
    strokes = "1 stroke" if project.strokes == 1 else f"{project.strokes} strokes"
    work = "cannot be read" if project.strokes is None else strokes
    return f"{_shortened(one_line(project.clip_name))} – {when} – {work} – {size_text(project.bytes)}"


def _shortened(name: str) -> str:
    kept = _LONGEST_NAME // 2
    return name if len(name) <= _LONGEST_NAME else f"{name[:kept]}…{name[1 - kept :]}"
