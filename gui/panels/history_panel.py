"""The history: every step that the user can undo or redo. A click on one goes there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape

from PyQt5.QtCore import QAbstractListModel, QItemSelectionModel, QModelIndex, QObject, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QBrush, QColor, QFont
from PyQt5.QtWidgets import QAbstractItemView, QFrame, QListView, QVBoxLayout, QWidget

from gui.panels.plain_text import plain_label
from gui.panels.spec import PanelContext
from inference_core.types import HistoryEntry

NAME = "history"
_START = "Start"
_UNDONE = QBrush(QColor("#6b7585"))
_ROW_PX = 24
_MOST_FRAMES = 5
"""Ranges of frames that a tooltip lists."""


class HistoryModel(QAbstractListModel):
    """The start, then the steps; row n stands for the clip after n of them. Rows after `done` are undone."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._steps: tuple[HistoryEntry, ...] = ()
        self._done = 0

    def set_steps(self, steps: tuple[HistoryEntry, ...], done: int) -> None:
        """Show these steps, of which the first ones are done; rows that stay the same are kept."""
        kept = _common(self._steps, steps)
        if kept < len(self._steps):
            self.beginRemoveRows(QModelIndex(), kept + 1, len(self._steps))
            self._steps = self._steps[:kept]
            self.endRemoveRows()
        if kept < len(steps):
            self.beginInsertRows(QModelIndex(), kept + 1, len(steps))
            self._steps = steps
            self.endInsertRows()
        if done != self._done:
            first, last = sorted((self._done, done))
            self._done = done
            self.dataChanged.emit(self.index(first), self.index(min(last, len(steps))))

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """The steps and the start."""
        return 0 if parent is not None and parent.isValid() else len(self._steps) + 1

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return what a row shows; undone steps are grey and in italics."""
        row = index.row()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return _START if row == 0 else _sentence(self._steps[row - 1].label)
        if role == Qt.ItemDataRole.ToolTipRole:
            return "Before the first step" if row == 0 else _described(self._steps[row - 1])
        if role == Qt.ItemDataRole.SizeHintRole:
            return QSize(0, _ROW_PX)
        if row > self._done and role == Qt.ItemDataRole.ForegroundRole:
            return _UNDONE
        if row > self._done and role == Qt.ItemDataRole.FontRole:
            return _italics()
        return None


class HistoryPanel(QFrame):
    """A list of the steps; the one that the clip is at is selected."""

    chosen = pyqtSignal(int)
    """How many steps are to be done; never as many as are."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("history_panel")
        self._steps: tuple[HistoryEntry, ...] = ()
        self._done = 0
        self._model = HistoryModel(self)
        self._list = QListView()
        self._list.setObjectName("history_list")
        self._list.setAccessibleName("History")
        self._list.setModel(self._model)
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        # The selection follows the session, not the mouse.
        self._list.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self._list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setUniformItemSizes(True)
        self._list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self._list.clicked.connect(self._on_clicked)
        heading = plain_label("HISTORY")
        heading.setProperty("role", "heading")
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 6)
        column.setSpacing(4)
        column.addWidget(heading)
        column.addWidget(self._list, 1)
        self._mark_current()

    def set_steps(self, steps: tuple[HistoryEntry, ...], done: int) -> None:
        """Show these steps, of which the first ones are done; does not emit."""
        if steps is self._steps and done == self._done:
            return
        self._steps, self._done = steps, done
        self._model.set_steps(steps, done)
        self._mark_current()

    def _mark_current(self) -> None:
        current, selection = self._model.index(self._done), self._list.selectionModel()
        if selection is not None:
            selection.setCurrentIndex(current, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self._list.scrollTo(current)

    def _on_clicked(self, index: QModelIndex) -> None:
        if index.row() != self._done:
            self.chosen.emit(index.row())


def build(context: PanelContext) -> HistoryPanel:
    """Create the panel; it shows the user's steps while it is open."""
    window, panel = context.window, HistoryPanel()

    def update(*_: object) -> None:
        session = window.session.state
        if NAME in window.model.state.open_panels:
            panel.set_steps(session.history, session.undo_count)

    window.model.changed.connect(update)
    window.session.changed.connect(update)
    panel.chosen.connect(window.edit.go_to_step)
    return panel


def _common(before: Sequence[HistoryEntry], after: Sequence[HistoryEntry]) -> int:
    """Return how many steps at the start are the same, done or undone."""
    pairs = enumerate(zip(before, after, strict=False))
    differ = (row for row, (old, new) in pairs if old is not new and old[:3] != new[:3])
    return next(differ, min(len(before), len(after)))


def _sentence(label: str) -> str:
    return label[:1].upper() + label[1:]


def _italics() -> QFont:
    font = QFont()
    font.setItalic(True)
    return font


def _described(step: HistoryEntry) -> str:
    """Return a step's name, frames and time as the rich text of its tooltip."""
    time = datetime.fromtimestamp(step.done_at).astimezone().strftime("%H:%M:%S")
    frames = f"{_frames(step.frames)}, " if step.frames else ""
    return f"<p>{escape(_sentence(step.label))} ({frames}{time})</p>"


def _frames(frames: Sequence[int]) -> str:
    """Return frames as "frames 3–7, 9"; ranges after the first few are left out."""
    ranges: list[list[int]] = []
    for frame_index in frames:
        if ranges and frame_index == ranges[-1][-1] + 1:
            ranges[-1][1:] = [frame_index]
        else:
            ranges.append([frame_index])
    texts = ["–".join(map(str, each)) for each in ranges[:_MOST_FRAMES]]
    more = " …" if len(ranges) > _MOST_FRAMES else ""
    return f"frame{'s' if len(frames) > 1 else ''} {', '.join(texts)}{more}"
