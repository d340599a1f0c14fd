"""The steps of a script as frozen values: everything that a user can do in a session, one class each.

A kind of step is one class here, and one entry in KINDS: what scripts call it, what it holds, its title, how
it is done. Reading, writing, checking, playing and the window go by that.
"""

from __future__ import annotations

import dataclasses
import json as stdlib_json
import sys
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, ClassVar, Protocol, Self

from msgspec import Meta, Struct, json, to_builtins
from msgspec.structs import force_setattr, replace

from inference_core.errors import UserError
from inference_core.tools.registry import TOOLS
from inference_core.types import DEFAULT_SETTINGS, Direction, FrameMask, Interaction
from mivos_studio.project.interactions import read_interaction, written_interaction
from mivos_studio.project.json_fields import (
    Count,
    JsonObject,
    ObjectId,
    Rgb,
    Text,
    WholeNumber,
    read_object,
    shown,
)
from mivos_studio.project.playable import Playable, ReadIds

_KEYS = {"frame_index": "frame", "object_id": "object", "frame_range": "range"}
"""What scripts call the fields that have another name here."""

_Direction = Annotated[Direction, Meta(description=f"one of {', '.join(Direction)}")]
_FileName = Annotated[
    str, Meta(pattern=r"^[^\0]+\Z", description="a text that is not empty, without the character NUL")
]
_FrameRange = Annotated[
    tuple[WholeNumber, WholeNumber], Meta(description="a list of 2 whole numbers of 0 or more")
]


class Step(JsonObject, frozen=True, omit_defaults=True, rename=_KEYS):
    """One thing done; in a script an object whose key "do" is the verb and whose other keys are the fields.

    What names a frame in the key "frame" or "range", or an object in "object", is checked against the clip.
    """

    verbs: ClassVar[tuple[str, ...]]
    """The values of "do" for this class; mostly one."""

    noun: ClassVar[str] = "other change"
    """What the window counts it as where it describes work; an s is added for several."""

    affects_propagation: ClassVar[bool] = False
    """Whether a propagation under way gives other masks once it has been done."""

    @property
    def verb(self) -> str:
        """The value of "do" for this step."""
        return self.verbs[0]

    @property
    def title(self) -> str:
        """The window's status text while it runs."""
        return self.verb.replace("_", " ").capitalize()

    @property
    def parts(self) -> tuple[Step, ...]:
        """The steps that were done during this one."""
        return ()

    @property
    def masks(self) -> Mapping[int, Path]:
        """The mask files that it reads, by frame; paths are absolute or from the script's folder."""
        return {}

    def with_absolute_paths(self, folder: Path) -> Step:
        """Return the step with the paths of its mask files, which are from a folder, made absolute."""
        del folder
        return self

    def perform(self, session: Playable, read_ids: ReadIds) -> Iterable[FrameMask]:
        """Run it; yield what changes. It runs only as far as the generator is consumed."""
        raise NotImplementedError

    def perform_and_record(
        self, session: Playable, read_ids: ReadIds, record: StepRecord
    ) -> Iterator[FrameMask]:
        """Run it, and record it if it has changed the session; also where it is closed early or fails."""
        before = session.undo_count
        try:
            yield from self.perform(session, read_ids)
        finally:
            if session.undo_count != before:
                record.add(self)

    @classmethod
    def read(cls, verb: str, value: object, place: str) -> Self:  # noqa: ARG003, classes with several verbs need it
        """Read it; a key may be missing only where its field has a default."""
        return read_object(cls, value, place, known=("do",))

    def written(self) -> dict[str, Any]:
        """Return the keys that it is read from, without those that equal a default."""
        keys: dict[str, Any] = to_builtins(self)
        return keys


class StepRecord(Protocol):
    """What is kept of the steps that are performed."""

    def add(self, step: Step) -> None:
        """Add a step that has changed the session."""

    def set_running(self, step: Step | None) -> None:
        """Set the step under way, as if it were stopped now; None where there is none."""


class _NoRecord:
    """Keeps nothing."""

    def add(self, step: Step) -> None: ...

    def set_running(self, step: Step | None) -> None: ...


NO_RECORD = _NoRecord()


class Draw(Step, frozen=True, eq=False):
    """One stroke with one tool."""

    verbs = tuple(TOOLS)
    interaction: Interaction

    @property
    def verb(self) -> str:
        """Name the tool."""
        return str(self.interaction.tool)

    @classmethod
    def read(cls, verb: str, value: object, place: str) -> Self:
        """Read the stroke."""
        return cls(read_interaction(verb, value, place))

    def written(self) -> dict[str, Any]:
        """Return the keys of the stroke."""
        return written_interaction(self.interaction)

    def perform(self, session: Playable, read_ids: ReadIds) -> Iterable[FrameMask]:
        return session.interact(self.interaction)


class Meanwhile(Struct, frozen=True):
    """A step that was done during a propagation, when so many of its frames had been finished."""

    after: Count
    step: Step


class _During(_NoRecord):
    """Keeps what is done during a propagation, with the number of frames that it came after."""

    def __init__(self) -> None:
        self.after = 1
        self.steps: list[Meanwhile] = []

    def add(self, step: Step) -> None:
        self.steps.append(Meanwhile(self.after, step))


class Propagate(Step, frozen=True):
    """Propagate the draft of frame_index, or every draft in turn where it is None.

    frame_range holds the first and the last frame that may change, or is None for the whole clip. stop_after
    is the number of frames after which the editor stopped it, or None where it ran to its end. meanwhile
    holds what was done during it, in order.
    """

    verbs = ("propagate",)
    noun = "propagation"
    frame_index: WholeNumber | None = None
    direction: _Direction = Direction.BOTH
    frame_range: _FrameRange | None = None
    stop_after: Count | None = None
    meanwhile: tuple[Meanwhile, ...] = ()

    def __post_init__(self) -> None:
        if self.frame_range is not None and self.frame_range[0] > self.frame_range[1]:
            raise ValueError('"range" must be [first, last] with first <= last.')

    @classmethod
    def read(cls, verb: str, value: object, place: str) -> Self:
        """Read it, and what was done during it."""
        if not isinstance(value, dict) or "meanwhile" not in value:
            return super().read(verb, value, place)
        alone = super().read(verb, {key: value[key] for key in value if key != "meanwhile"}, place)
        return replace(alone, meanwhile=_read_meanwhile(value["meanwhile"], place))

    def written(self) -> dict[str, Any]:
        """Return the keys that it is read from."""
        keys: dict[str, Any] = to_builtins(replace(self, meanwhile=()))
        if self.meanwhile:
            keys["meanwhile"] = [
                {"after": each.after, "do": each.step.verb, **each.step.written()} for each in self.meanwhile
            ]
        return keys

    @property
    def parts(self) -> tuple[Step, ...]:
        return tuple(each.step for each in self.meanwhile)

    @property
    def masks(self) -> Mapping[int, Path]:
        return {frame_index: path for part in self.parts for frame_index, path in part.masks.items()}

    def with_absolute_paths(self, folder: Path) -> Step:
        meanwhile = (Meanwhile(each.after, each.step.with_absolute_paths(folder)) for each in self.meanwhile)
        return replace(self, meanwhile=tuple(meanwhile))

    def perform(self, session: Playable, read_ids: ReadIds) -> Iterator[FrameMask]:
        return self.perform_and_record(session, read_ids, NO_RECORD)

    def perform_and_record(
        self, session: Playable, read_ids: ReadIds, record: StepRecord
    ) -> Iterator[FrameMask]:
        """Run it, and record it with what was done during it; as stopped where it was closed or failed."""
        before = session.undo_count
        changes = session.propagate(self.frame_index, self.direction, self.frame_range)
        waiting, during = deque(self.meanwhile), _During()
        done, own, is_whole = 0, 0, False
        try:
            with closing(_stopped(changes, self.stop_after)) as stopped:
                for change in stopped:
                    done += 1
                    record.set_running(self._stopped_after(done, during))
                    own, lowest = own or session.undo_count, session.undo_count
                    yield change
                    while waiting and waiting[0].after <= done:
                        during.after = done
                        yield from waiting.popleft().step.perform_and_record(session, read_ids, during)
                        lowest = min(lowest, session.undo_count)
                    if lowest < own:  # it was undone, which has ended it
                        break
                else:
                    is_whole = True
        finally:
            if done or session.undo_count != before:
                whole = replace(self, meanwhile=tuple(during.steps))
                record.add(whole if is_whole else self._stopped_after(done, during))
            record.set_running(None)

    def _stopped_after(self, done: int, during: _During) -> Propagate:
        return replace(self, stop_after=done or None, meanwhile=tuple(during.steps))


class Undo(Step, frozen=True):
    """Undo the last step."""

    verbs = ("undo",)

    def perform(self, session: Playable, read_ids: ReadIds) -> Iterable[FrameMask]:
        return session.undo()


class Redo(Step, frozen=True):
    """Redo the step that was undone last."""

    verbs = ("redo",)

    def perform(self, session: Playable, read_ids: ReadIds) -> Iterable[FrameMask]:
        return session.redo()


class Reset(Step, frozen=True):
    """Empty one frame."""

    verbs = ("reset",)
    title = "Reset frame"
    frame_index: WholeNumber

    def perform(self, session: Playable, read_ids: ReadIds) -> Iterable[FrameMask]:
        return session.reset(self.frame_index)


class AddObject(Step, frozen=True):
    """Add an object while the script runs, with a default name where it has none."""

    verbs = ("add_object",)
    object_id: ObjectId
    name: Text = ""

    def __post_init__(self) -> None:
        force_setattr(self, "name", self.name or name_of_object(self.object_id))

    def perform(self, session: Playable, read_ids: ReadIds) -> Iterable[FrameMask]:
        session.add_object(self.name, self.object_id)
        return ()


class RemoveObject(Step, frozen=True):
    """Remove an object and its masks."""

    verbs = ("remove_object",)
    object_id: ObjectId

    def perform(self, session: Playable, read_ids: ReadIds) -> Iterable[FrameMask]:
        return session.remove_object(self.object_id)


class RenameObject(Step, frozen=True):
    """Give an object another name; its masks stay as they are."""

    verbs = ("rename_object",)
    object_id: ObjectId
    name: Text

    def perform(self, session: Playable, read_ids: ReadIds) -> Iterable[FrameMask]:
        session.rename_object(self.object_id, self.name)
        return ()


class SetLock(Step, frozen=True):
    """Lock or unlock an object: nothing changes a locked one."""

    verbs = ("lock", "unlock")
    affects_propagation = True
    title = "Lock object"
    object_id: ObjectId
    is_locked: bool

    @property
    def verb(self) -> str:
        """The verb, which stands for is_locked."""
        return "lock" if self.is_locked else "unlock"

    @classmethod
    def read(cls, verb: str, value: object, place: str) -> Self:
        """Read it; the verb decides between the two."""
        named = RemoveObject.read(verb, value, place)  # it has the same keys
        return cls(named.object_id, is_locked=verb == "lock")

    def written(self) -> dict[str, Any]:
        """Return the keys besides the verb."""
        return {"object": self.object_id}

    def perform(self, session: Playable, read_ids: ReadIds) -> Iterable[FrameMask]:
        session.lock(self.object_id, self.is_locked)
        return ()


class SetColour(Step, frozen=True):
    """Show an object in another colour, RGB with 0..255 each; its masks stay as they are."""

    verbs = ("set_colour",)
    object_id: ObjectId
    colour: Rgb

    def perform(self, session: Playable, read_ids: ReadIds) -> Iterable[FrameMask]:
        settings = {each.object_id: each.settings for each in session.objects}
        known = settings.get(self.object_id, DEFAULT_SETTINGS)  # the session refuses an unknown object
        session.configure_object(self.object_id, dataclasses.replace(known, colour=self.colour))
        return ()


class SetIds(Step, frozen=True):
    """Set a frame's ids from a mask file, whose path is relative to the script's folder."""

    verbs = ("set_ids",)
    frame_index: WholeNumber
    file: _FileName

    @property
    def masks(self) -> Mapping[int, Path]:
        return {self.frame_index: Path(self.file)}

    def with_absolute_paths(self, folder: Path) -> Step:
        return SetIds(self.frame_index, str((folder / self.file).resolve()))

    def perform(self, session: Playable, read_ids: ReadIds) -> Iterable[FrameMask]:
        return session.set_ids(self.frame_index, read_ids(Path(self.file), self.frame_index))


KINDS: tuple[type[Step], ...] = (
    Draw,
    Propagate,
    Undo,
    Redo,
    Reset,
    AddObject,
    RemoveObject,
    RenameObject,
    SetLock,
    SetColour,
    SetIds,
)
"""Registry of the kinds of steps."""

STEP_KINDS: dict[str, type[Step]] = {verb: kind for kind in KINDS for verb in kind.verbs}
"""Every kind by its verbs."""


class _StepOfSomeKind(Struct):
    """A step of which the other keys are not known yet."""

    do: Annotated[Any, Meta(description="a verb")]


def read_step(value: object, place: str) -> Step:
    """Read a step of any kind; place begins every error message, as in "Step 3"."""
    verb = read_object(_StepOfSomeKind, value, place).do
    if not isinstance(verb, str) or verb not in STEP_KINDS:
        raise UserError(f'{place}: "do" must be one of {", ".join(STEP_KINDS)}, not {shown(verb)}.')
    return STEP_KINDS[verb].read(verb, value, f"{place} ({verb})")


def step_as_json(step: Step) -> str:
    """Return a step as JSON text, which `step_from_json` reads; paths in it need not be Unicode."""
    keys = {"do": step.verb, **step.written()}
    try:
        return json.encode(keys).decode()
    except UnicodeEncodeError:
        return stdlib_json.dumps(keys)


def step_from_json(text: str, place: str) -> Step:
    """Read a step of any kind. Raises a UserError, ValueError or TypeError."""
    return read_step(stdlib_json.loads(text), place)


def _read_meanwhile(value: object, place: str) -> tuple[Meanwhile, ...]:
    if not isinstance(value, list):
        raise UserError(f'{place}: "meanwhile" must be a list in brackets, not {shown(value)}.')
    steps = []
    for number, each in enumerate(value, start=1):
        inner = f"{place}, step {number} during it"
        after = read_object(_After, each, inner).after
        step = read_step({key: each[key] for key in each if key != "after"}, inner)
        if isinstance(step, Propagate):
            raise UserError(f"{inner}: a propagation cannot begin during another one.")
        steps.append(Meanwhile(after, step))
    return tuple(steps)


class _After(Struct):
    """When a step was done, of which the other keys are not known yet."""

    after: Count


def name_of_object(object_id: int) -> str:
    """Name an object to which the script gives no name."""
    return f"Object {object_id}"


def _stopped(changes: Iterable[FrameMask], stop_after: int | None) -> Generator[FrameMask, None, None]:
    """Consume this many changes and stop, as in a propagation that was cancelled."""
    iterator = iter(changes)
    try:
        yield from iterator if stop_after is None else islice(iterator, min(stop_after, sys.maxsize))
    finally:
        if isinstance(iterator, Generator):
            iterator.close()
