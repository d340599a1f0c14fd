"""Runs a script on a session, one step after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from inference_core.errors import UserError
from inference_core.types import FrameMask
from mivos_studio.project.playable import Playable, ReadIds, found_in
from mivos_studio.project.script import Script, place_of
from mivos_studio.project.steps import Step

OnChange = Callable[[FrameMask], None]


def play(session: Playable, script: Script, read_ids: ReadIds, on_change: OnChange) -> Iterator[int]:
    """Play a script; yield the number of each step, counted from 1, once it is done.

    on_change is called for every frame as it changes. A session's UserError is raised with the step's number.
    """
    for declared in script.objects:
        session.add_object(declared.name, declared.object_id)
    for number, step in enumerate(script.steps, start=1):
        for change in perform_numbered(step, number, session, found_in(script.folder, read_ids)):
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


def perform_numbered(step: Step, number: int, session: Playable, read_ids: ReadIds) -> Iterator[FrameMask]:
    """Perform a script's step, counted from 1; a UserError is raised again with the step's number."""
    try:
        yield from step.perform(session, read_ids)
    except UserError as error:
        raise UserError(f"{place_of(number, step.verb)}: {error}") from error
