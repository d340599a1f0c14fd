"""Plays a script on a session, one step after the other, each whole before it is told."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Protocol

from inference_core.errors import UserError
from inference_core.values import Direction, FrameMask, Interaction, UInt8Array
from workspace.script import Script, step_name
from workspace.steps import (
    AddObject,
    Draw,
    Propagate,
    Redo,
    RemoveObject,
    RenameObject,
    Reset,
    SetIds,
    SetLock,
    Step,
    Undo,
)

ReadIds = Callable[[Path, int], UInt8Array]
"""Reads the mask file of a frame: (H, W) uint8 ids at the source's size."""

OnChange = Callable[[FrameMask], None]


class Playable(Protocol):
    """What playing a script asks of a session."""

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

    def lock(self, object_id: int, is_locked: bool, /) -> None: ...


def play(session: Playable, script: Script, read_ids: ReadIds, on_change: OnChange) -> Iterator[int]:
    """Play a script; yield the number of each step, counted from 1, once it is done.

    on_change is told every frame as it changes. What the session refuses is raised with the step's number.
    """
    for declared in script.objects:
        session.add_object(declared.name, declared.object_id)
    for number, step in enumerate(script.steps, start=1):
        try:
            for change in perform(session, step, script.folder, read_ids):
                on_change(change)
        except UserError as error:
            raise UserError(f"Step {number} ({step_name(step)}): {error}") from error
        yield number


def perform(session: Playable, step: Step, folder: Path, read_ids: ReadIds) -> Iterable[FrameMask]:
    """Do one step; give what it changes, which is done only as far as it is taken.

    Files named in the step are looked for in the folder and read by read_ids.
    """
    match step:
        case Draw(interaction):
            return session.interact(interaction)
        case Propagate(frame_index, direction, frame_range, stop_after):
            return _stopped(session.propagate(frame_index, direction, frame_range), stop_after)
        case Undo():
            return session.undo()
        case Redo():
            return session.redo()
        case Reset(frame_index):
            return session.reset(frame_index)
        case SetIds(frame_index, file):
            return session.set_ids(frame_index, read_ids(folder / file, frame_index))
        case AddObject() | RemoveObject() | RenameObject() | SetLock():
            return _change_objects(session, step)


def _change_objects(
    session: Playable, step: AddObject | RemoveObject | RenameObject | SetLock
) -> Iterable[FrameMask]:
    match step:
        case AddObject(object_id, name):
            session.add_object(name, object_id)
        case RemoveObject(object_id):
            return session.remove_object(object_id)
        case RenameObject(object_id, name):
            session.rename_object(object_id, name)
        case SetLock(object_id, is_locked):
            session.lock(object_id, is_locked)
    return ()


def _stopped(changes: Iterable[FrameMask], stop_after: int | None) -> Iterator[FrameMask]:
    """Take so many changes and stop there, as the editor did who cancelled."""
    iterator = iter(changes)
    try:
        yield from islice(iterator, stop_after)
    finally:
        if isinstance(iterator, Generator):
            iterator.close()
