"""Frozen values that cross rooms: what the editor did, what changed. numpy only: no torch, no Qt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

UInt8Array = NDArray[np.uint8]
BoolArray = NDArray[np.bool_]
Float32Array = NDArray[np.float32]

MAX_OBJECTS = 255


class Tool(StrEnum):
    """What the editor holds. The values are the names used in scripts."""

    SCRIBBLE = "scribble"
    CLICK = "click"
    BRUSH = "brush"
    ERASER = "eraser"
    LASSO = "lasso"
    BOX = "box"


class Direction(StrEnum):
    """Which way a propagation walks from its anchor."""

    FORWARD = "forward"
    BACKWARD = "backward"
    BOTH = "both"


@dataclass(frozen=True)
class Region:
    """Rectangle in source pixels, end-exclusive: columns x0..x1-1, rows y0..y1-1."""

    x0: int
    y0: int
    x1: int
    y1: int


@dataclass(frozen=True, eq=False)
class Stroke:
    """One gesture. Frame and object are fixed when the button goes down.

    points      (N, 2) float32, (x, y) in source pixels, N >= 1. A click has one point, a box two opposite
                corners, a lasso the corners of its polygon.
    radius_px   half the width of the line, source pixels.
    is_positive True adds to the object, False takes away from it.
    """

    frame_index: int
    object_id: int
    points: Float32Array
    radius_px: float = 3.0
    is_positive: bool = True


@dataclass(frozen=True, eq=False)
class Interaction:
    """One stroke made with one tool, optionally inside a region; it changes nothing outside that region."""

    tool: Tool
    stroke: Stroke
    region: Region | None = None

    @property
    def frame_index(self) -> int:
        return self.stroke.frame_index

    @property
    def object_id(self) -> int:
        return self.stroke.object_id


class Agreement(NamedTuple):
    """How much of a mask, and of the one carried straight from an anchor, lies in both: shares in [0, 1]."""

    precision: float
    recall: float


@dataclass(frozen=True)
class Progress:
    """How far a command has come: done of total frames, seconds since it began."""

    done: int
    total: int
    elapsed_s: float


@dataclass(frozen=True, eq=False)
class FrameMask:
    """The new ids of one frame: (H, W) uint8 at the source's size, 0 is background. Cannot lose its frame."""

    frame_index: int
    ids: UInt8Array
    progress: Progress | None = None


@dataclass(frozen=True)
class ObjectInfo:
    """One object of the session, as the window and the exports see it."""

    object_id: int
    name: str
    is_locked: bool = False
