"""Propagation: buttons, a hint about what is not propagated yet, progress."""

from __future__ import annotations

from collections.abc import Mapping

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import (
    QAction,
    QFrame,
    QGridLayout,
    QProgressBar,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui.panels.plain_text import plain_label
from gui.panels.spec import PanelContext
from gui.panels.tool_panel import action_button
from inference_core.types import Progress

_HINT_HEIGHT = 38
"""Two lines, so that a changing text does not move the buttons."""


class PropagationPanel(QFrame):
    """Buttons of the propagation actions, a hint and a progress bar."""

    def __init__(self, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("propagation_panel")
        heading = plain_label("PROPAGATE")
        heading.setProperty("role", "heading")
        self._hint = plain_label()
        self._hint.setObjectName("hint")
        self._hint.setProperty("role", "quiet")
        self._hint.setWordWrap(True)
        self._hint.setFixedHeight(_HINT_HEIGHT)
        self._hint.setAlignment(Qt.Alignment(Qt.AlignmentFlag.AlignTop) | Qt.AlignmentFlag.AlignLeft)
        self._bar = QProgressBar()
        self._bar.setObjectName("progress")
        self._bar.setAccessibleName("Progress")
        self._bar.setFormat("%p %")
        keeps_its_place = self._bar.sizePolicy()
        keeps_its_place.setRetainSizeWhenHidden(True)
        self._bar.setSizePolicy(keeps_its_place)
        self._figures = plain_label()
        self._figures.setObjectName("figures")
        self._figures.setProperty("role", "quiet")
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 6, 10, 10)
        column.setSpacing(6)
        column.addWidget(heading)
        column.addWidget(self._hint)
        column.addLayout(_buttons(actions))
        column.addWidget(self._bar)
        column.addWidget(self._figures)
        column.addSpacing(4)
        column.addWidget(_wide(actions, "export"))
        self.set_progress(None)

    def set_hint(self, text: str) -> None:
        """Set the text above the buttons."""
        self._hint.setText(text)

    def set_progress(self, progress: Progress | None) -> None:
        """Show a command's progress; no bar is shown when none runs."""
        if progress is None or progress.total <= 0:
            self._bar.hide()
            self._figures.setText(" ")
            return
        self._bar.show()
        self._bar.setRange(0, progress.total)
        self._bar.setValue(progress.done)
        self._figures.setText(figures(progress))


def build(context: PanelContext) -> PropagationPanel:
    """Create the panel; it shows the session's hint and the running command's progress."""
    window, panel = context.window, PropagationPanel(context.actions)

    def update(*_: object) -> None:
        panel.set_hint(window.session.state.hint)

    window.session.changed.connect(update)
    window.controller.progressed.connect(panel.set_progress)
    return panel


def figures(progress: Progress) -> str:
    """Format frames done, frames per second and the time left."""
    text = f"{progress.done} of {progress.total}"
    if progress.done <= 0 or progress.elapsed_s <= 0:
        return text
    rate = progress.done / progress.elapsed_s
    left_s = round((progress.total - progress.done) / rate)
    return f"{text} · {rate:.1f} fps · {left_s // 60}:{left_s % 60:02d} left"


def _buttons(actions: Mapping[str, QAction]) -> QGridLayout:
    grid = QGridLayout()
    grid.setSpacing(6)
    main = _wide(actions, "propagate")
    main.setProperty("role", "primary")
    grid.addWidget(main, 0, 0)
    grid.addWidget(_wide(actions, "cancel"), 0, 1)
    grid.addWidget(_wide(actions, "propagate_backward"), 1, 0)
    grid.addWidget(_wide(actions, "propagate_forward"), 1, 1)
    grid.addWidget(_wide(actions, "next_to_correct"), 2, 0, 1, 2)
    grid.setColumnStretch(0, 1)
    grid.setColumnStretch(1, 1)
    return grid


def _wide(actions: Mapping[str, QAction], name: str) -> QToolButton:
    button = action_button(actions[name], name, 18, Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    button.setMinimumHeight(32)
    button.setProperty("role", "plain")
    return button
