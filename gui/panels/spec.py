"""A panel's entry in the registry: where it is placed, and how it is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from PyQt5.QtWidgets import QAction, QWidget

if TYPE_CHECKING:
    from gui.controllers.window import Window


class Place(Enum):
    """Places around the canvas. Panels of one place are laid out in the order of the registry."""

    LEFT = auto()
    """Side by side, left of the canvas."""
    TOP = auto()
    """One below the other, above the canvas."""
    OVER = auto()
    """A child of the canvas's parent, which sets its own geometry."""
    SIDE = auto()
    """One below the other, right of the canvas."""
    BOTTOM = auto()
    """Side by side, below everything."""
    STATUS = auto()
    """The window's status bar: one QStatusBar."""


@dataclass(frozen=True)
class PanelContext:
    """What a panel is built from.

    window   the models that it shows and the controllers that it calls; it connects itself to their signals.
    actions  Qt's actions by name, for its buttons.
    stage    the parent of the canvas and of the panels that lie over it.
    """

    window: Window
    actions: Mapping[str, QAction]
    stage: QWidget


@dataclass(frozen=True)
class PanelSpec:
    """One panel.

    build    creates its widget, shows the current state in it, and connects it to changes.
    stretch  its share of the place that is left over in its row or column.
    is_optional  whether it is hidden until an action opens it, see `ViewState.open_panels`.
    """

    name: str
    place: Place
    build: Callable[[PanelContext], QWidget]
    stretch: int = 0
    is_optional: bool = False
