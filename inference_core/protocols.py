"""What the core is handed from outside: frames to look at and a place for bytes that do not fit in memory.

The core opens no file. A clip or a list of arrays can be `Frames`; a file in the temporary folder, a project
file or a plain dict can be a `ScratchStore`. Both are called from more than one thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from inference_core.errors import UserError
from inference_core.values import UInt8Array


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


class MemoryScratch:
    """A scratch store in memory: it bounds nothing, but shows what was put where."""

    def __init__(self) -> None:
        self.contents: dict[int, bytes] = {}

    def put(self, key: int, content: bytes) -> None:
        self.contents[key] = content

    def get(self, key: int) -> bytes:
        return self.contents[key]

    def discard(self, key: int) -> None:
        self.contents.pop(key, None)
