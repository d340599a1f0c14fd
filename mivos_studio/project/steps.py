"""The steps of a script as frozen values: everything that an editor can do to a session, one value each.

A kind of step is one class here: what scripts call it, what it holds, its title, how it is done. Reading,
writing, checking and playing go by that, so that a new kind is a new class and nothing else. A key that no
step has had before is one row of `_WORDS`, below.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import MISSING, Field, dataclass
from dataclasses import fields as fields_of
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Self

from inference_core.errors import UserError
from inference_core.types import Direction, FrameMask, Interaction, Tool
from mivos_studio.project.interactions import INTERACTION_KEYS, read_interaction, written_interaction
from mivos_studio.project.json_fields import Fields
from mivos_studio.project.playable import Playable, ReadIds


@dataclass(frozen=True, eq=False)
class Step(ABC):
    """One thing done; in a script an object whose key "do" is the verb and whose other keys are the fields.

    What names a frame in the key "frame" or "range", or an object in "object", is checked against the clip.
    """

    verbs: ClassVar[tuple[str, ...]]
    """What scripts call the kind; mostly one verb."""

    @property
    def verb(self) -> str:
        """What the script calls this very step."""
        return self.verbs[0]

    @property
    def title(self) -> str:
        """What the window says while it is done."""
        return self.verb.replace("_", " ").capitalize()

    @abstractmethod
    def perform(self, session: Playable, read_ids: ReadIds) -> Iterable[FrameMask]:
        """Do it; give what it changes, which is done only as far as it is taken."""

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """Name the keys that it may have in a script, besides "do"."""
        return tuple(word.key for _, word in _words_of(cls))

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read it; a key may be missing only where its field has a default."""
        values = {
            field.name: word.read(fields, word.key)
            for field, word in _words_of(cls)
            if field.default is MISSING or fields.has(word.key)
        }
        return cls(**values)

    def written(self) -> dict[str, Any]:
        """Give the keys that it is read from; those that say no more than a default are left out."""
        said = [(word.key, getattr(self, field.name), field.default) for field, word in _words_of(type(self))]
        return {key: value for key, value, default in said if value != default}


@dataclass(frozen=True, eq=False)
class Draw(Step):
    """One stroke with one tool."""

    verbs = tuple(tool.value for tool in Tool)
    interaction: Interaction

    @property
    def verb(self) -> str:
        """Name the tool."""
        return self.interaction.tool.value

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """Name those of the stroke."""
        return INTERACTION_KEYS

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read the stroke."""
        return cls(read_interaction(Tool(fields.text("do")), fields))

    def written(self) -> dict[str, Any]:
        """Give the keys of the stroke."""
        return written_interaction(self.interaction)

    def perform(self, session: Playable, read_ids: ReadIds) -> Iterable[FrameMask]:
        return session.interact(self.interaction)


@dataclass(frozen=True)
class Propagate(Step):
    """Propagate the draft of frame_index, or every draft in turn where it is None.

    frame_range holds the first and the last frame that may change, or is None for the whole clip. stop_after
    is the number of frames after which the editor stopped it, or None where it ran to its end.
    """

    verbs = ("propagate",)
    frame_index: int | None = None
    direction: Direction = Direction.BOTH
    frame_range: tuple[int, int] | None = None
    stop_after: int | None = None

    def perform(self, session: Playable, read_ids: ReadIds) -> Iterable[FrameMask]:
        changes = session.propagate(self.frame_index, self.direction, self.frame_range)
        return _stopped(changes, self.stop_after)


@dataclass(frozen=True)
class Undo(Step):
    """Take back the last step."""

    verbs = ("undo",)

    def perform(self, session: Playable, read_ids: ReadIds) -> Iterable[FrameMask]:
        return session.undo()


@dataclass(frozen=True)
class Redo(Step):
    """Do again what was taken back."""

    verbs = ("redo",)

    def perform(self, session: Playable, read_ids: ReadIds) -> Iterable[FrameMask]:
        return session.redo()


@dataclass(frozen=True)
class Reset(Step):
    """Empty one frame."""

    verbs = ("reset",)
    title = "Reset frame"
    frame_index: int

    def perform(self, session: Playable, read_ids: ReadIds) -> Iterable[FrameMask]:
        return session.reset(self.frame_index)


@dataclass(frozen=True)
class AddObject(Step):
    """Bring an object to life while the script plays."""

    verbs = ("add_object",)
    object_id: int
    name: str

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read it, with a name of our own where it has none."""
        return cls(*read_named_object(fields, "object"))

    def perform(self, session: Playable, read_ids: ReadIds) -> Iterable[FrameMask]:
        session.add_object(self.name, self.object_id)
        return ()


@dataclass(frozen=True)
class RemoveObject(Step):
    """Take an object and its masks away."""

    verbs = ("remove_object",)
    object_id: int

    def perform(self, session: Playable, read_ids: ReadIds) -> Iterable[FrameMask]:
        return session.remove_object(self.object_id)


@dataclass(frozen=True)
class RenameObject(Step):
    """Give an object another name; its masks stay as they are."""

    verbs = ("rename_object",)
    object_id: int
    name: str

    def perform(self, session: Playable, read_ids: ReadIds) -> Iterable[FrameMask]:
        session.rename_object(self.object_id, self.name)
        return ()


@dataclass(frozen=True)
class SetLock(Step):
    """Lock or unlock an object: nothing changes a locked one."""

    verbs = ("lock", "unlock")
    title = "Lock object"
    object_id: int
    is_locked: bool

    @property
    def verb(self) -> str:
        """Say which of the two; it stands for is_locked."""
        return "lock" if self.is_locked else "unlock"

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """Read it; the verb says which of the two."""
        return cls(fields.object_id("object"), is_locked=fields.text("do") == "lock")

    def perform(self, session: Playable, read_ids: ReadIds) -> Iterable[FrameMask]:
        session.lock(self.object_id, self.is_locked)
        return ()


@dataclass(frozen=True)
class SetIds(Step):
    """Set a frame's ids from a mask file, whose path is relative to the script's folder."""

    verbs = ("set_ids",)
    frame_index: int
    file: str

    def perform(self, session: Playable, read_ids: ReadIds) -> Iterable[FrameMask]:
        return session.set_ids(self.frame_index, read_ids(Path(self.file), self.frame_index))


STEP_KINDS: dict[str, type[Step]] = {verb: kind for kind in Step.__subclasses__() for verb in kind.verbs}
"""Every kind by its verbs, in the order of the classes above."""


def read_named_object(fields: Fields, key: str) -> tuple[int, str]:
    """Read an object's id under a key, and its name, which it need not have."""
    object_id = fields.object_id(key)
    return object_id, fields.text("name") if fields.has("name") else f"Object {object_id}"


@dataclass(frozen=True)
class _Word:
    """How a field stands in a script: under which key, and what is read there."""

    key: str
    read: Callable[[Fields, str], Any]


def _direction(fields: Fields, key: str) -> Direction:
    return Direction(fields.choice(key, tuple(Direction)))


def _frame_range(fields: Fields, key: str) -> tuple[int, int]:
    first, last = fields.whole_numbers(key, 2)
    if first > last:
        raise UserError(f'{fields.place}: "{key}" must be [first, last] with first <= last.')
    return first, last


_WORDS = {
    "frame_index": _Word("frame", Fields.whole_number),
    "object_id": _Word("object", Fields.object_id),
    "name": _Word("name", Fields.text),
    "file": _Word("file", Fields.text),
    "direction": _Word("direction", _direction),
    "frame_range": _Word("range", _frame_range),
    "stop_after": _Word("stop_after", partial(Fields.whole_number, least=1)),
}
"""The fields of all kinds: a name means the same in each."""


def _words_of(kind: type[Step]) -> list[tuple[Field[Any], _Word]]:
    return [(field, _WORDS[field.name]) for field in fields_of(kind) if field.name in _WORDS]


def _stopped(changes: Iterable[FrameMask], stop_after: int | None) -> Iterator[FrameMask]:
    """Take so many changes and stop there, as the editor did who cancelled."""
    iterator = iter(changes)
    try:
        yield from islice(iterator, stop_after)
    finally:
        if isinstance(iterator, Generator):
            iterator.close()
