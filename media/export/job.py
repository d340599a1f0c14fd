"""What every format is given to write, and how it tells how far it has come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from media.arrays import UInt8Array
from media.clip import Clip


@dataclass(frozen=True, eq=False)
class ExportJob:
    """The masks of a clip.

    ids           gives the ids (H, W) uint8 of a frame_index, at the clip's size.
    object_names  the objects to be written, by object_id.
    """

    clip: Clip
    ids: Callable[[int], UInt8Array]
    object_names: Mapping[int, str]


class ExportProgress(NamedTuple):
    """How many of all frames are written."""

    done: int
    total: int


class Writer(Protocol):
    """Write a job to a path: a generator that yields after every frame and leaves nothing when it is stopped.

    What stands at the path already is refused with a MediaError, or with force replaced at the very end.
    """

    def __call__(self, job: ExportJob, path: Path, *, force: bool = False) -> Iterator[ExportProgress]:
        """Begin to write; nothing happens before the first step."""
        ...
