"""The objects: colour, name, whether they are shown, whether they are locked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PyQt5.QtCore import QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QIcon, QPainter, QPixmap
from PyQt5.QtWidgets import (
    QAction,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui.overlay import Colour
from gui.widgets.icons import known_icon
from gui.widgets.tool_panel import action_button

_SWATCH_PX = 14
_KEYS = 9


@dataclass(frozen=True)
class ObjectRow:
    """What the list says of one object."""

    object_id: int
    name: str
    colour: Colour
    is_visible: bool
    is_locked: bool


class ObjectPanel(QFrame):
    """The list and the buttons that add and remove."""

    chosen = pyqtSignal(int)
    visibility_chosen = pyqtSignal(int, bool)
    lock_chosen = pyqtSignal(int, bool)
    colour_asked = pyqtSignal(int)

    def __init__(self, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("object_panel")
        self._rows: tuple[ObjectRow, ...] = ()
        self._list = QListWidget()
        self._list.setObjectName("object_list")
        self._list.setAccessibleName("Objects")
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.currentRowChanged.connect(self._on_row)
        heading = QLabel("OBJECTS")
        heading.setProperty("role", "heading")
        top = QHBoxLayout()
        top.addWidget(heading, 1)
        for name in ("add_object", "remove_object"):
            top.addWidget(action_button(actions[name], name, 18))
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 6)
        column.setSpacing(4)
        column.addLayout(top)
        column.addWidget(self._list, 1)

    def set_rows(self, rows: tuple[ObjectRow, ...], chosen_id: int) -> None:
        """Show these objects; never emits."""
        self._list.blockSignals(True)
        if rows != self._rows:
            self._rows = rows
            self._fill()
        for place, row in enumerate(rows):
            if row.object_id == chosen_id:
                self._list.setCurrentRow(place)
        self._list.blockSignals(False)

    def _fill(self) -> None:
        self._list.clear()
        for place, row in enumerate(self._rows):
            item = QListWidgetItem(self._list)
            item.setSizeHint(QSize(120, 32))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, row.name)
            self._list.setItemWidget(item, self._row_widget(row, place))

    def _row_widget(self, row: ObjectRow, place: int) -> QWidget:
        widget = QWidget()
        widget.setObjectName("object_row")
        line = QHBoxLayout(widget)
        line.setContentsMargins(6, 0, 4, 0)
        line.setSpacing(4)
        swatch = _button(QIcon(_swatch(row.colour)), f"colour_{row.object_id}", "Choose another colour")
        swatch.clicked.connect(lambda: self.colour_asked.emit(row.object_id))
        name = QLabel(row.name)
        name.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        key = QLabel(str(place + 1) if place < _KEYS else "")
        key.setProperty("role", "quiet")
        key.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        eye = _button(
            known_icon("shown" if row.is_visible else "hidden"), f"eye_{row.object_id}", "Show or hide"
        )
        eye.clicked.connect(lambda: self.visibility_chosen.emit(row.object_id, not row.is_visible))
        lock = _button(
            known_icon("locked" if row.is_locked else "unlocked"), f"lock_{row.object_id}", "Lock or unlock"
        )
        lock.clicked.connect(lambda: self.lock_chosen.emit(row.object_id, not row.is_locked))
        for part, stretch in ((swatch, 0), (name, 1), (key, 0), (eye, 0), (lock, 0)):
            line.addWidget(part, stretch)
        return widget

    def _on_row(self, place: int) -> None:
        if 0 <= place < len(self._rows):
            self.chosen.emit(self._rows[place].object_id)


def _button(picture: QIcon, name: str, tooltip: str) -> QToolButton:
    button = QToolButton()
    button.setIcon(picture)
    button.setIconSize(QSize(16, 16))
    button.setObjectName(name)
    button.setToolTip(tooltip)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return button


def _swatch(colour: Colour) -> QPixmap:
    pixmap = QPixmap(_SWATCH_PX, _SWATCH_PX)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(QColor(*colour))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawRoundedRect(0, 0, _SWATCH_PX, _SWATCH_PX, 4, 4)
    painter.end()
    return pixmap
