"""The steps of a script as frozen values: everything that an editor can do to a session, one value each."""

from __future__ import annotations

from dataclasses import dataclass

from inference_core.values import Direction, Interaction


@dataclass(frozen=True, eq=False)
class Draw:
    """One stroke with one tool."""

    interaction: Interaction


@dataclass(frozen=True)
class Propagate:
    """Propagate the draft of frame_index, or every draft in turn where it is None.

    frame_range holds the first and the last frame that may change, or is None for the whole clip. stop_after
    is the number of frames after which the editor stopped it, or None where it ran to its end.
    """

    frame_index: int | None = None
    direction: Direction = Direction.BOTH
    frame_range: tuple[int, int] | None = None
    stop_after: int | None = None


@dataclass(frozen=True)
class Undo:
    """Take back the last step."""


@dataclass(frozen=True)
class Redo:
    """Do again what was taken back."""


@dataclass(frozen=True)
class Reset:
    """Empty one frame."""

    frame_index: int


@dataclass(frozen=True)
class AddObject:
    """Bring an object to life while the script plays."""

    object_id: int
    name: str


@dataclass(frozen=True)
class RemoveObject:
    """Take an object and its masks away."""

    object_id: int


@dataclass(frozen=True)
class RenameObject:
    """Give an object another name; its masks stay as they are."""

    object_id: int
    name: str


@dataclass(frozen=True)
class SetLock:
    """Lock or unlock an object: nothing changes a locked one."""

    object_id: int
    is_locked: bool


@dataclass(frozen=True)
class SetIds:
    """Set a frame's ids from a mask file, whose path is relative to the script's folder."""

    frame_index: int
    file: str


Step = Draw | Propagate | Undo | Redo | Reset | AddObject | RemoveObject | RenameObject | SetLock | SetIds
