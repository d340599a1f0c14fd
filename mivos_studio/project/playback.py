"""Runs a script on a session, one step after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from inference_core.errors import UserError
from inference_core.types import FrameMask
from mivos_studio.project.playable import Playable, ReadIds, found_in
from mivos_studio.project.script import Script, place_of
from mivos_studio.project.steps import NO_RECORD, AddObject, Step, StepRecord

OnChange = Callable[[FrameMask], None]


def play(
    session: Playable,
    script: Script,
    read_ids: ReadIds,
    on_change: OnChange,
    record: StepRecord = NO_RECORD,
) -> Iterator[int]:
    """Play a script; yield the number of each step, counted from 1, once it is done.

    on_change is called for every frame as it changes; record gets each step that changes anything. A
    session's UserError is raised with the step's number.
    """
    for declared in script.objects:
        added = AddObject(declared.object_id, declared.name)
        for change in added.perform_and_record(session, read_ids, record):
            on_change(change)
    for number, step in enumerate(script.steps, start=1):
        for change in perform_numbered(step, number, session, script.folder, read_ids, record):
            on_change(change)
        yield number


def check_masks(script: Script, read_ids: ReadIds) -> None:
    """Read every mask that a script names. Raises a UserError, with the step's number, where one is none."""
    read = found_in(script.folder, read_ids)
    for number, step in enumerate(script.steps, start=1):
        for frame_index, file in step.masks.items():
            try:
                read(file, frame_index)
            except UserError as error:
                raise UserError(f"{place_of(number, step.verb)}: {error}") from error


def perform_numbered(
    step: Step,
    number: int,
    session: Playable,
    folder: Path,
    read_ids: ReadIds,
    record: StepRecord = NO_RECORD,
) -> Iterator[FrameMask]:
    """Perform a step, counted from 1, of a script in a folder; a UserError gets the step's number.

    It is recorded with absolute paths.
    """
    absolute = _AbsoluteRecord(record, folder)
    try:
        yield from step.perform_and_record(session, found_in(folder, read_ids), absolute)
    except UserError as error:
        raise UserError(f"{place_of(number, step.verb)}: {error}") from error


class _AbsoluteRecord:
    """Records steps with the paths of their files, which are from a folder, made absolute."""

    def __init__(self, record: StepRecord, folder: Path) -> None:
        self._record = record
        self._folder = folder

    def add(self, step: Step) -> None:
        self._record.add(step.with_absolute_paths(self._folder))

    def set_running(self, step: Step | None) -> None:
        self._record.set_running(step and step.with_absolute_paths(self._folder))
