"""The description of a tool that session, scripts, window and benchmarks use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from inference_core.tools.tool_input import Edited, ToolInput
from inference_core.types import Float32Array


class StrokeShape(Enum):
    """What the mouse draws from press to release, and with it how many points a stroke has."""

    LINE = "line"
    POINT = "point"
    POLYGON = "polygon"
    BOX = "box"

    @property
    def least_points(self) -> int:
        return {StrokeShape.POLYGON: 3, StrokeShape.BOX: 2}.get(self, 1)

    @property
    def exact_points(self) -> int | None:
        """The number of points where there is only one; None where there may be more than the least."""
        return self.least_points if self in (StrokeShape.POINT, StrokeShape.BOX) else None


@dataclass(frozen=True)
class ToolSpec:
    """One tool.

    name          as in scripts: lower case, one word.
    title         as on its button; hint: its tooltip; shortcut: its key in Qt's portable text.
    icon          SVG elements on a grid of 24 by 24, drawn as lines; "{colour}" becomes their colour.
    shape         what the mouse draws.
    edit          yields what a stroke changes: a quick result, then better ones if there are any.
    radius_share  half the width of its line as a share of the frame's short side, to begin with; None for a
                  tool whose width cannot be set.
    is_painted    the pixels under the line are the edit: it is shown translucent while it is drawn.
    only_removes  every stroke is negative, whatever the button.
    adds_up       strokes of this tool on a draft are predicted together, until another tool is used.
    removal       what a stroke of the right button becomes: the name of another tool, and its points made of
                  those drawn, (N, 2) float32 each. None: a negative stroke of this tool.
    """

    name: str
    title: str
    hint: str
    shortcut: str
    icon: str
    shape: StrokeShape
    edit: Callable[[ToolInput], Iterator[Edited]]
    radius_share: float | None = None
    is_painted: bool = False
    only_removes: bool = False
    adds_up: bool = False
    removal: Callable[[Float32Array], tuple[str, Float32Array]] | None = None
