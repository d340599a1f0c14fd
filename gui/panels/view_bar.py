"""The bar above the canvas: undo, redo, line width, region, view mode, zoom."""

from __future__ import annotations

import math
from collections.abc import Mapping

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QAction, QComboBox, QFrame, QHBoxLayout, QSlider, QToolButton, QWidget

from gui.panels.plain_text import plain_label
from gui.panels.spec import PanelContext
from gui.panels.tool_panel import action_button
from gui.state.overlay import ViewMode
from gui.state.view_state import MAX_RADIUS_PX, MIN_RADIUS_PX, ViewState
from inference_core.tools.registry import TOOLS

_SLIDER_STEPS = 200
"""Of the radius, on a logarithmic scale: 3 % each."""


class ViewBar(QFrame):
    """Shows the view's state and emits changes to it."""

    radius_chosen = pyqtSignal(float)
    view_mode_chosen = pyqtSignal(object)
    leave_region_clicked = pyqtSignal()

    def __init__(self, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("view_bar")
        self._tool = plain_label()
        self._tool.setMinimumWidth(58)
        self._slider = self._built_slider()
        self._radius = plain_label()
        self._radius.setProperty("role", "quiet")
        self._radius.setMinimumWidth(56)
        self._chip = QToolButton()
        self._chip.setObjectName("region_chip")
        self._chip.setToolTip("Leave the region (Esc)")
        self._chip.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._chip.clicked.connect(self.leave_region_clicked)
        self._mode = self._built_mode(actions)
        self._zoom = plain_label()
        self._zoom.setProperty("role", "quiet")
        self._zoom.setMinimumWidth(52)
        self._zoom.setAlignment(Qt.Alignment(Qt.AlignmentFlag.AlignRight) | Qt.AlignmentFlag.AlignVCenter)
        self._lay_out(actions)

    def set_state(self, state: ViewState) -> None:
        """Show tool, radius, region and mode; does not emit."""
        self._tool.setText(TOOLS[state.tool].title if state.tool in TOOLS else state.tool.capitalize())
        has_radius = state.has_radius
        self._slider.setEnabled(has_radius)
        self._slider.blockSignals(True)
        self._slider.setValue(_to_slider(state.radius_px))
        self._slider.blockSignals(False)
        self._radius.setText(f"{2 * state.radius_px:g} px" if has_radius else "")
        self._chip.setVisible(state.region is not None)
        if state.region is not None:
            width, height = state.region.x1 - state.region.x0, state.region.y1 - state.region.y0
            self._chip.setText(f"Region {width} × {height}  ✕")
        self._mode.blockSignals(True)
        self._mode.setCurrentIndex(self._mode.findData(state.view_mode))
        self._mode.blockSignals(False)

    def set_scale(self, scale: float) -> None:
        """Show the zoom: canvas pixels per source pixel."""
        self._zoom.setText(f"{100 * scale:.0f} %")

    def _built_slider(self) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setObjectName("radius")
        slider.setAccessibleName("Line width")
        slider.setToolTip("Line width ([ and ], or Ctrl + wheel)")
        slider.setRange(0, _SLIDER_STEPS)
        slider.setMinimumWidth(60)
        slider.setMaximumWidth(140)
        slider.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        slider.valueChanged.connect(lambda value: self.radius_chosen.emit(_from_slider(value)))
        return slider

    def _built_mode(self, actions: Mapping[str, QAction]) -> QComboBox:
        box = QComboBox()
        box.setObjectName("view_mode")
        box.setAccessibleName("View mode")
        box.setToolTip("How masks are shown (V)")
        box.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        box.setMinimumWidth(96)
        for mode in ViewMode:
            box.addItem(actions[f"view_{mode}"].text(), mode)
        box.currentIndexChanged.connect(lambda row: self.view_mode_chosen.emit(box.itemData(row)))
        return box

    def _lay_out(self, actions: Mapping[str, QAction]) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(6)
        for name in ("undo", "redo"):
            row.addWidget(action_button(actions[name], name))
        row.addSpacing(10)
        for widget in (self._tool, self._slider, self._radius, self._chip):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self._mode)
        row.addWidget(self._zoom)
        row.addWidget(action_button(actions["fit"], "fit"))


def build(context: PanelContext) -> ViewBar:
    """Create the bar; it shows the window's own state and the zoom of the canvas."""
    window, bar = context.window, ViewBar(context.actions)

    def update(*_: object) -> None:
        bar.set_state(window.model.state)

    window.model.changed.connect(update)
    window.canvas.scale_changed.connect(bar.set_scale)
    bar.radius_chosen.connect(window.edit.set_radius)
    bar.view_mode_chosen.connect(window.navigator.set_view_mode)
    bar.leave_region_clicked.connect(window.edit.escape)
    update()
    return bar


def _to_slider(radius_px: float) -> int:
    """Map a radius to the slider, logarithmically: equal movements are equal ratios."""
    return round(_SLIDER_STEPS * _log_share(radius_px))


def _from_slider(value: int) -> float:
    return float(MIN_RADIUS_PX * (MAX_RADIUS_PX / MIN_RADIUS_PX) ** (value / _SLIDER_STEPS))


def _log_share(radius_px: float) -> float:
    return math.log(radius_px / MIN_RADIUS_PX) / math.log(MAX_RADIUS_PX / MIN_RADIUS_PX)
