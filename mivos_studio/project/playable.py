"""The protocol of a session that steps of a script run on, and how they read mask files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from inference_core.types import Direction, FrameMask, Interaction, ObjectInfo, ObjectSettings, UInt8Array

ReadIds = Callable[[Path, int], UInt8Array]
"""Reads the mask file of a frame: (H, W) uint8 ids at the source's size."""


class Playable(Protocol):
    """What a script uses of a session."""

    @property
    def objects(self) -> tuple[ObjectInfo, ...]: ...

    @property
    def undo_count(self) -> int: ...

    def interact(self, interaction: Interaction, /) -> Iterable[FrameMask]: ...

    def propagate(
        self, frame_index: int | None, direction: Direction, frame_range: tuple[int, int] | None, /
    ) -> Iterable[FrameMask]: ...

    def undo(self) -> Iterable[FrameMask]: ...

    def redo(self) -> Iterable[FrameMask]: ...

    def reset(self, frame_index: int, /) -> Iterable[FrameMask]: ...

    def set_ids(self, frame_index: int, ids: UInt8Array, /) -> Iterable[FrameMask]: ...

    def add_object(self, name: str, object_id: int, /) -> int: ...

    def remove_object(self, object_id: int, /) -> Iterable[FrameMask]: ...

    def rename_object(self, object_id: int, name: str, /) -> None: ...

    def configure_object(self, object_id: int, settings: ObjectSettings, /) -> None: ...

    def lock(self, object_id: int, is_locked: bool, /) -> None: ...


def found_in(folder: Path, read_ids: ReadIds) -> ReadIds:
    """Read files whose paths are relative to a folder."""
    return lambda file, frame_index: read_ids(folder / file, frame_index)
