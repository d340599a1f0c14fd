"""Assigns object ids: 1..255, reused only when none is left that was never used."""

from __future__ import annotations

from collections.abc import Iterable
from unicodedata import category

from inference_core.errors import UserError
from inference_core.state.session_state import SessionState, TrackedObject
from inference_core.types import MAX_OBJECTS

_LONGEST_NAME = 200
_CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})  # Unicode categories; Cs are halves of surrogate pairs


def check_name(name: str) -> None:
    """Raise a UserError for a name that lists, file names and other programs cannot hold."""
    if len(name) > _LONGEST_NAME:
        raise UserError(f"The name {name[:20]}… has {len(name)} characters: use at most {_LONGEST_NAME}.")
    if any(category(character) in _CONTROLS for character in name):
        raise UserError(f"The name {name!r} has a line break or another control character: leave it out.")


class ObjectRegistry:
    """Assigns the ids and serials of one session. Undo releases none of them."""

    def __init__(self) -> None:
        self.last_id = 0
        self.last_serial = 0

    def add(self, state: SessionState, object_id: int, name: str = "") -> SessionState:
        """Return the state with one more object. Raises where the id is taken or impossible."""
        if not 1 <= object_id <= MAX_OBJECTS:
            raise UserError(f"An object's id is a number from 1 to {MAX_OBJECTS}, not {object_id}.")
        if any(tracked.object_id == object_id for tracked in state.objects):
            raise UserError(f"There is an object {object_id} already: choose another id.")
        name = name or f"Object {object_id}"
        check_name(name)
        self.last_id = max(self.last_id, object_id)
        self.last_serial += 1
        return state.with_object(TrackedObject(object_id, self.last_serial, name))

    def add_missing(self, state: SessionState, object_ids: Iterable[int]) -> SessionState:
        """Return the state with an object for each id of a mask except 0."""
        known = {tracked.object_id for tracked in state.objects}
        for object_id in object_ids:
            if object_id and object_id not in known:
                state = self.add(state, object_id)
        return state

    def free_id(self, remembered: Iterable[SessionState]) -> int:
        """Return an id for a new object; `remembered` are the states that are current or kept for undo."""
        if self.last_id < MAX_OBJECTS:
            return self.last_id + 1
        held = {tracked.object_id for state in remembered for tracked in state.objects}
        free = sorted(set(range(1, MAX_OBJECTS + 1)) - held)
        if not free:
            raise UserError(
                f"All {MAX_OBJECTS} object ids are in use or kept for undo: no object can be added."
            )
        return free[0]
