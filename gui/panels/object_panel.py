"""The list of objects: colour, name, visibility, lock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PyQt5.QtCore import QEvent, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QIcon, QKeyEvent, QPainter, QPixmap
from PyQt5.QtWidgets import (
    QAction,
    QColorDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui.panels.icons import required_icon
from gui.panels.plain_text import plain_label, tooltip_text
from gui.panels.spec import PanelContext
from gui.panels.tool_panel import action_button
from gui.state.overlay import Colour
from gui.state.view_state import ViewState
from inference_core.types import ObjectInfo

if TYPE_CHECKING:
    from gui.controllers.window import Window

_SWATCH_PX = 14
_NUMBER_KEYS = 9
"""The keys 1 to 9 select an object."""
_MAX_NAME = 60
"""Characters; more could not be seen in the list."""


@dataclass(frozen=True)
class ObjectRow:
    """One object as the list shows it."""

    object_id: int
    name: str
    colour: Colour
    is_visible: bool
    is_locked: bool


class ObjectPanel(QFrame):
    """The list, and buttons to add and remove objects."""

    chosen = pyqtSignal(int)
    visibility_chosen = pyqtSignal(int, bool)
    lock_chosen = pyqtSignal(int, bool)
    colour_requested = pyqtSignal(int)
    renamed = pyqtSignal(int, str)
    """Object id and name; the name is neither empty nor the old one."""

    def __init__(self, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("object_panel")
        self._rows: tuple[ObjectRow, ...] = ()
        self._list = QListWidget()
        self._list.setObjectName("object_list")
        self._list.setAccessibleName("Objects")
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.currentRowChanged.connect(self._on_row)
        self._list.itemDoubleClicked.connect(lambda item: self._edit_row(self._list.row(item)))
        heading = plain_label("OBJECTS")
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
        """Show these objects; does not emit."""
        self._list.blockSignals(True)
        if rows != self._rows:
            self._rows = rows
            self._fill()
        for index, row in enumerate(rows):
            if row.object_id == chosen_id:
                self._list.setCurrentRow(index)
        self._list.blockSignals(False)

    def restore_names(self) -> None:
        """Show the objects' names where a name was typed that did not become theirs, or was undone."""
        for index in range(len(self._rows)):
            name_edit = self._name_edit(index)
            if name_edit is not None:
                name_edit.restore_name()

    def edit_name(self, object_id: int) -> None:
        """Edit an object's name in its row. Enter accepts the new name, Esc keeps the old one."""
        for index, row in enumerate(self._rows):
            if row.object_id == object_id:
                self._edit_row(index)

    def _edit_row(self, index: int) -> None:
        name_edit = self._name_edit(index)
        if name_edit is not None:
            name_edit.start_editing()

    def _name_edit(self, index: int) -> NameEdit | None:
        line = self._list.itemWidget(self._list.item(index))
        return line.findChild(NameEdit) if line is not None else None

    def _fill(self) -> None:
        self._list.clear()
        for index, row in enumerate(self._rows):
            item = QListWidgetItem(self._list)
            item.setSizeHint(QSize(120, 32))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, row.name)
            self._list.setItemWidget(item, self._row_widget(row, index))

    def _row_widget(self, row: ObjectRow, index: int) -> QWidget:
        widget = QWidget()
        widget.setObjectName("object_row")
        widget.setToolTip(tooltip_text(f"{row.name} (double click or F2: another name)"))
        line = QHBoxLayout(widget)
        line.setContentsMargins(6, 0, 4, 0)
        line.setSpacing(4)
        swatch = _button(QIcon(_swatch(row.colour)), f"colour_{row.object_id}", "Choose another colour")
        swatch.clicked.connect(lambda: self.colour_requested.emit(row.object_id))
        name = NameEdit(row.name)
        name.setObjectName(f"name_{row.object_id}")
        name.renamed.connect(lambda text: self.renamed.emit(row.object_id, text))
        key = plain_label(str(index + 1) if index < _NUMBER_KEYS else "")
        key.setProperty("role", "quiet")
        key.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        eye = _button(
            required_icon("shown" if row.is_visible else "hidden"), f"eye_{row.object_id}", "Show or hide"
        )
        eye.clicked.connect(lambda: self.visibility_chosen.emit(row.object_id, not row.is_visible))
        lock = _button(
            required_icon("locked" if row.is_locked else "unlocked"),
            f"lock_{row.object_id}",
            "Lock or unlock",
        )
        lock.clicked.connect(lambda: self.lock_chosen.emit(row.object_id, not row.is_locked))
        for part, stretch in ((swatch, 0), (name, 1), (key, 0), (eye, 0), (lock, 0)):
            line.addWidget(part, stretch)
        return widget

    def _on_row(self, index: int) -> None:
        if 0 <= index < len(self._rows):
            self.chosen.emit(self._rows[index].object_id)


class NameEdit(QLineEdit):
    """A name, read-only like a label until it is edited; then it takes all keys."""

    renamed = pyqtSignal(str)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self.setAccessibleName("Name")
        self.setMaxLength(_MAX_NAME)
        self._name = self.text()  # a script's may be longer: what is not edited stays whole
        self.editingFinished.connect(self._finish)
        self._stop_editing()

    def start_editing(self) -> None:
        """Take the focus with the whole name selected, so that typing replaces it."""
        self.setReadOnly(False)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, on=False)
        _repolish(self)
        self.setFocus()
        self.selectAll()

    def restore_name(self) -> None:
        """Show the name that it was made with, unless it is being edited."""
        if self.isReadOnly() and self.text() != self._name:
            self.setText(self._name)
            self.setCursorPosition(0)

    def event(self, event: QEvent | None) -> bool:
        """Accept all keys while editing, so that none triggers a shortcut of the window."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and not self.isReadOnly()
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Restore the old name on Esc."""
        if event is not None and event.key() == Qt.Key.Key_Escape:
            self.setText(self._name)
            self._finish()
        else:
            super().keyPressEvent(event)

    def _finish(self) -> None:
        if self.isReadOnly():
            return
        text = self.text().strip() or self._name
        self.setText(text)
        self._stop_editing()
        if text != self._name:
            self.renamed.emit(text)

    def _stop_editing(self) -> None:
        self.setReadOnly(True)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setCursorPosition(0)  # shows a long name from its start, and clears the selection
        self.clearFocus()
        _repolish(self)


def build(context: PanelContext) -> ObjectPanel:
    """Create the panel; it shows the session's objects in the colours of the window's state."""
    window, panel = context.window, ObjectPanel(context.actions)

    def update(*_: object) -> None:
        view = window.model.state
        panel.set_rows(_rows(window.session.state.objects, view), view.object_id)
        if not window.session.state.is_busy:  # until then a name that was just typed may still become one
            panel.restore_names()

    window.model.changed.connect(update)
    window.session.changed.connect(update)
    window.edit.rename_requested.connect(panel.edit_name)
    panel.chosen.connect(window.edit.choose_object)
    panel.visibility_chosen.connect(window.edit.set_visibility)
    panel.lock_chosen.connect(window.edit.set_lock)
    panel.renamed.connect(window.edit.set_name)
    panel.colour_requested.connect(lambda object_id: _ask_for_colour(panel, window, object_id))
    return panel


def _rows(objects: tuple[ObjectInfo, ...], view: ViewState) -> tuple[ObjectRow, ...]:
    return tuple(
        ObjectRow(
            each.object_id,
            each.name,
            view.colour(each.object_id),
            each.object_id not in view.hidden,
            each.is_locked,
        )
        for each in objects
    )


def _ask_for_colour(panel: QWidget, window: Window, object_id: int) -> None:
    shown = window.model.state.colour(object_id)
    chosen = QColorDialog.getColor(QColor(*shown), panel.window(), "Colour")
    colour = (chosen.red(), chosen.green(), chosen.blue())
    if chosen.isValid() and colour != shown:
        window.edit.set_colour(object_id, colour)


def _repolish(widget: QWidget) -> None:
    """Apply the style sheet again after properties that its rules use have changed."""
    style = widget.style()
    if style is not None:
        style.polish(widget)


def _button(button_icon: QIcon, name: str, tooltip: str) -> QToolButton:
    button = QToolButton()
    button.setIcon(button_icon)
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
