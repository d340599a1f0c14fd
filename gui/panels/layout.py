"""The window's layout: the canvas in the middle, and the panels around it."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt5.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QMainWindow, QStatusBar, QVBoxLayout, QWidget

from gui.panels.spec import PanelSpec, Place

Part = tuple[QWidget, int]
"""A widget and its stretch."""
_SIDE_WIDTH = 268


def lay_out(
    window: QMainWindow, stage: QWidget, canvas: QWidget, panels: Sequence[tuple[PanelSpec, QWidget]]
) -> None:
    """Lay out canvas and panels in a window; stage is the parent of what lies above and over the canvas."""

    def at(place: Place) -> list[Part]:
        return [(widget, spec.stretch) for spec, widget in panels if spec.place is place]

    _box(stage, QVBoxLayout(), [*at(Place.TOP), (canvas, 1)])
    side = _box(_frame("side"), QVBoxLayout(), at(Place.SIDE))
    side.setFixedWidth(_SIDE_WIDTH)
    middle = _box(QWidget(), QHBoxLayout(), [*at(Place.LEFT), (stage, 1), (side, 0)])
    bottom = _box(_frame("transport"), QHBoxLayout(), at(Place.BOTTOM))
    window.setCentralWidget(_box(QWidget(), QVBoxLayout(), [(middle, 1), (bottom, 0)]))
    for widget, _ in at(Place.STATUS):
        if not isinstance(widget, QStatusBar):
            raise TypeError(f"A panel at {Place.STATUS} must be a QStatusBar, not {type(widget).__name__}.")
        window.setStatusBar(widget)


def _frame(name: str) -> QFrame:
    frame = QFrame()
    frame.setObjectName(name)
    return frame


def _box(holder: QWidget, layout: QBoxLayout, parts: Sequence[Part]) -> QWidget:
    """Lay out parts in a holder without margins."""
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    for widget, stretch in parts:
        layout.addWidget(widget, stretch)
    holder.setLayout(layout)
    return holder
