"""The input of every export format, and its progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from inference_core.types import UInt8Array
from mivos_studio.media.clip import Clip


@dataclass(frozen=True)
class Extent:
    """How much there is to write: known before the masks are.

    size          (height, width) in pixels.
    object_names  the objects to be written, by object_id.
    """

    frames: int
    size: tuple[int, int]
    object_names: Mapping[int, str]


@dataclass(frozen=True, eq=False)
class ExportJob:
    """The masks of a clip.

    ids           gives the ids (H, W) uint8 of a frame_index, at the clip's size.
    object_names  the objects to be written, by object_id.
    """

    clip: Clip
    ids: Callable[[int], UInt8Array]
    object_names: Mapping[int, str]

    @property
    def extent(self) -> Extent:
        """How much there is to write."""
        return Extent(len(self.clip), self.clip.size, self.object_names)


class ExportProgress(NamedTuple):
    """How many of all frames are written."""

    done: int
    total: int


class Expectation(NamedTuple):
    """What a result will consist of.

    names        of its files, relative to its folder.
    least_bytes  what they take when no frame shows anything: real masks take more.
    """

    names: tuple[str, ...]
    least_bytes: int


class Planner(Protocol):
    """Return the files that an export will consist of."""

    def __call__(self, extent: Extent) -> Expectation:
        """Nothing is written."""
        ...


class Writer(Protocol):
    """Write a job into an empty folder: a generator that yields after every frame."""

    def __call__(self, job: ExportJob, folder: Path) -> Iterator[ExportProgress]:
        """Begin to write; nothing happens before the first step."""
        ...


def png_bytes(size: tuple[int, int]) -> int:
    """Return what the pixels of an empty mask (height, width) take as PNG: measured, a 1,100th of them."""
    return size[0] * size[1] // 1100
