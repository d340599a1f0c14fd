"""The dialog that offers work without a name that an earlier run of the program left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QDialog, QDialogButtonBox, QLabel, QListWidget, QPushButton, QVBoxLayout, QWidget

from mivos_studio.one_line import one_line

if TYPE_CHECKING:
    from gui.worker.project import UnnamedProject

_ROLE = QDialogButtonBox.ButtonRole
_MIN_WIDTH_PX = 520
_LEAST_ROWS, _MOST_ROWS = 3, 10
_LIST_MARGIN_PX = 6


class RecoveryDialog(QDialog):
    """A list of projects; Later leaves them as they are. Use `open`, so that the caller is not blocked."""

    open_chosen = pyqtSignal(object)
    """The path of the project to be opened."""
    discard_chosen = pyqtSignal(object)
    """The path of the project to be removed."""

    def __init__(self, projects: Sequence[UnnamedProject], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("recovery_dialog")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setWindowTitle("Work without a name")
        self.setMinimumWidth(_MIN_WIDTH_PX)
        self._paths = [each.path for each in projects]
        self._list = QListWidget()
        self._list.setObjectName("recovery_list")
        self._list.addItems([_described(each) for each in projects])
        self._list.setCurrentRow(0)
        self._list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        rows = min(max(len(projects), _LEAST_ROWS), _MOST_ROWS)
        self._list.setFixedHeight(rows * self._list.sizeHintForRow(0) + 2 * _LIST_MARGIN_PX)
        self._list.itemDoubleClicked.connect(lambda _: self._open())
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(9)
        text = QLabel("This work has no name yet. Nothing of it is lost: open it, or leave it for later.")
        text.setWordWrap(True)
        column.addWidget(text)
        column.addWidget(self._list)
        column.addWidget(self._buttons())

    def _buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox()
        for name, text, role, act in (
            ("recovery_open", "Open", _ROLE.AcceptRole, self._open),
            ("recovery_discard", "Discard", _ROLE.DestructiveRole, self._discard),
            ("recovery_later", "Later", _ROLE.RejectRole, self.reject),
        ):
            button = QPushButton(text)
            button.setObjectName(name)
            button.clicked.connect(act)
            if role == _ROLE.AcceptRole:
                button.setProperty("role", "primary")
                button.setDefault(True)
            buttons.addButton(button, role)
        return buttons

    def _open(self) -> None:
        path = self._paths[self._list.currentRow()]
        self.accept()
        self.open_chosen.emit(path)

    def _discard(self) -> None:
        row = self._list.currentRow()
        path = self._paths.pop(row)
        self._list.takeItem(row)
        self.discard_chosen.emit(path)
        if not self._paths:
            self.reject()


def _described(project: UnnamedProject) -> str:
    when = datetime.fromtimestamp(project.saved_at).astimezone().strftime("%d %B %Y, %H:%M").lstrip("0")
    strokes = "1 stroke" if project.strokes == 1 else f"{project.strokes} strokes"
    return f"{one_line(project.clip_name)} – {when} – {strokes}"
