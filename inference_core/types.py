"""Values that cross packages: what the user did, what changed, and the protocols of what the core is given.

The core opens no file. A clip or a list of arrays can be `Frames`; a file in the temporary folder, a project
file or a plain dict can be a `ScratchStore`. Both are called from more than one thread. numpy only: no torch,
no Qt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from inference_core.errors import UserError

UInt8Array = NDArray[np.uint8]
BoolArray = NDArray[np.bool_]
Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]

MAX_OBJECTS = 255
"""Ids are uint8, and 0 is background."""
_MEBIBYTE = 2**20


class Tool(StrEnum):
    """The names of the tools that ship, as used in scripts.

    A tool is what `inference_core.tools.registry.TOOLS` lists; a new one needs no member here.
    """

    SCRIBBLE = "scribble"
    CLICK = "click"
    BRUSH = "brush"
    ERASER = "eraser"
    LASSO = "lasso"
    BOX = "box"


class Direction(StrEnum):
    """The direction of a propagation from its anchor."""

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
    """One stroke of the mouse. Frame and object are fixed when the button is pressed.

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
    """One stroke made with one tool, optionally inside a region; it changes nothing outside that region.

    tool  a member of `Tool`, or the name of any other registered tool.
    """

    tool: str
    stroke: Stroke
    region: Region | None = None

    @property
    def frame_index(self) -> int:
        return self.stroke.frame_index

    @property
    def object_id(self) -> int:
        return self.stroke.object_id


class Agreement(NamedTuple):
    """The overlap of a mask with the one transferred from an anchor, as a share of each, in [0, 1]."""

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
class ObjectSettings:
    """How an object is shown.

    colour  RGB, 0..255 each; None for the palette's.
    order   where objects overlap, the one of the higher number covers the other; of equals the later row.
    """

    colour: tuple[int, int, int] | None = None
    order: int = 0


DEFAULT_SETTINGS = ObjectSettings()


@dataclass(frozen=True)
class ObjectInfo:
    """One object of the session, as the window and the exports see it."""

    object_id: int
    name: str
    is_locked: bool = False
    settings: ObjectSettings = DEFAULT_SETTINGS


class HistoryEntry(NamedTuple):
    """One step that can be undone or redone.

    label    what was done, as after "Undo ": "scribble on Dog".
    done_at  when it began, seconds since 1970.
    frames   the frames whose masks it changed, ascending.
    """

    label: str
    done_at: float
    frames: tuple[int, ...]
    is_undone: bool


class FrameInfo(NamedTuple):
    """What a clip states about a frame.

    number    the frame's number in its source: that of the image file, or its place in the video.
    is_valid  False where the frame is damaged and another stands in for it.
    """

    number: int
    is_valid: bool = True


class Frames(Protocol):
    """The frames of a clip, decoded on demand."""

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of every frame."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, frame_index: int) -> UInt8Array:
        """Return one frame: (H, W, 3) uint8 RGB."""
        ...


@runtime_checkable
class NumberedFrames(Frames, Protocol):
    """Frames that state their source's numbers and which of them are damaged."""

    def info(self, frame_index: int) -> FrameInfo:
        """Return what is known about a frame."""
        ...


class ScratchStore(Protocol):
    """Keeps bytes under a key for as long as the session lives."""

    def put(self, key: int, content: bytes) -> None: ...

    def get(self, key: int) -> bytes: ...

    def discard(self, key: int) -> None:
        """Forget a key; an unknown one is no error."""
        ...


class MemoryFrames:
    """Frames that are in memory already: (H, W, 3) uint8 RGB arrays of one size."""

    def __init__(self, images: Sequence[UInt8Array]) -> None:
        if not images:
            raise UserError("The clip has no frames.")
        if any(image.shape != images[0].shape or image.ndim != 3 for image in images):
            raise UserError("All frames must be (height, width, 3) and of one size.")
        self._images = images

    @property
    def size(self) -> tuple[int, int]:
        height, width = self._images[0].shape[:2]
        return height, width

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, frame_index: int) -> UInt8Array:
        return self._images[frame_index]


@dataclass(frozen=True)
class MemoryBudget:
    """Bytes for each of a session's stores; together with the clip's frames they bound its memory.

    features  query features by frame, computed again where they are missing.
    bank      memory entries of anchors that no propagation uses at the moment, computed again too.
    contents  compressed masks and probabilities, of now and of every undo step; the rest is in the scratch
              store, and without one all of it stays in memory.
    decoded   masks (H, W) as they are shown.

    After how many frames each is full, and what a long clip takes in all: docs/research/memory.md.
    """

    features: int = 768 * _MEBIBYTE
    bank: int = 256 * _MEBIBYTE
    contents: int = 64 * _MEBIBYTE
    decoded: int = 64 * _MEBIBYTE


@dataclass(frozen=True)
class EdgeSettings:
    """How a mask's edge is drawn at the source's size.

    refine  snap it to the image's edges, where the source is larger than the working size.
    """

    refine: bool = True


@dataclass(frozen=True)
class MemoryOptions:
    """What propagation memorizes.

    mem_every                a frame this far from the last one kept is kept as well, to the segment's end.
    max_memory_frames        more than these are thinned out, see `WorkingMemory`.
    max_anchors              a segment reads this many of the anchors nearest to its own.
    keep_recorrected_entries a frame corrected again leaves its outdated entry too, as in the published code.

    The default of mem_every is the published number; what max_memory_frames costs: docs/research/memory.md.
    max_anchors bounds the time of a session with many corrections, in which the nearest anchors count most
    (docs/research/constants.md).
    """

    mem_every: int = 5
    max_memory_frames: int = 16
    max_anchors: int = 32
    keep_recorrected_entries: bool = False


@dataclass(frozen=True)
class SessionSettings:
    """What a session was opened with, apart from the machine: the masks depend on it.

    working_size  short side that the networks see, pixels.
    prob_dtype    "uint8" or "float32": how probabilities are kept.
    """

    working_size: int = 480
    prob_dtype: str = "uint8"
    edges: EdgeSettings = EdgeSettings()
    memory: MemoryOptions = MemoryOptions()
