"""Playing a script gives the session one command a step, in order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from inference_core.errors import InvalidInteractionError, UserError
from inference_core.types import (
    Direction,
    FrameMask,
    Interaction,
    ObjectInfo,
    ObjectSettings,
    Stroke,
    Tool,
    UInt8Array,
)
from mivos_studio.project.playback import play
from mivos_studio.project.script import Script, ScriptObject
from mivos_studio.project.steps import (
    AddObject,
    Draw,
    Meanwhile,
    Propagate,
    Redo,
    RemoveObject,
    RenameObject,
    Reset,
    SetColour,
    SetIds,
    SetLock,
    Step,
    Undo,
)
from tests.inference_core.fakes import fake_session, square_clip, square_ids
from tests.inference_core.snapshot import differences, snapshot

EMPTY = np.zeros((2, 3), np.uint8)
DRAW = Draw(Interaction(Tool.CLICK, Stroke(1, 1, np.zeros((1, 2), np.float32))))


class RecordingSession:
    """Writes down what it is asked; a propagation yields five frames and notices when it is closed early."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    @property
    def undo_count(self) -> int:
        return len(self.heard)

    def interact(self, interaction: Interaction) -> Iterator[FrameMask]:
        self.heard.append(("interact", interaction))
        yield FrameMask(interaction.frame_index, EMPTY)

    def propagate(
        self, frame_index: int | None, direction: Direction, frame_range: tuple[int, int] | None
    ) -> Iterator[FrameMask]:
        self.heard.append(("propagate", frame_index, direction, frame_range))
        for number in range(5):
            try:
                yield FrameMask(number, EMPTY)
            except GeneratorExit:
                self.heard.append(("closed after", number))
                raise

    def undo(self) -> list[FrameMask]:
        self.heard.append("undo")
        return [FrameMask(8, EMPTY)]

    def redo(self) -> list[FrameMask]:
        self.heard.append("redo")
        return []

    def reset(self, frame_index: int) -> list[FrameMask]:
        self.heard.append(("reset", frame_index))
        return []

    def set_ids(self, frame_index: int, ids: UInt8Array) -> list[FrameMask]:
        self.heard.append(("set_ids", frame_index, ids.tolist()))
        return []

    def add_object(self, name: str, object_id: int) -> int:
        self.heard.append(("add_object", name, object_id))
        return object_id

    def remove_object(self, object_id: int) -> list[FrameMask]:
        raise InvalidInteractionError(f"There is no object {object_id}: add it first.")

    def rename_object(self, object_id: int, name: str) -> None:
        self.heard.append(("rename_object", object_id, name))

    @property
    def objects(self) -> tuple[ObjectInfo, ...]:
        return (ObjectInfo(2, "foal"),)

    def configure_object(self, object_id: int, settings: ObjectSettings) -> None:
        self.heard.append(("configure_object", object_id, settings))

    def lock(self, object_id: int, is_locked: bool) -> None:
        self.heard.append(("lock", object_id, is_locked))


def played(*steps: Step, objects: tuple[ScriptObject, ...] = ()) -> tuple[list[object], list[int], list[int]]:
    """Play steps; give what the session heard, the numbers acknowledged and the frames that changed."""
    session, changed = RecordingSession(), []
    script = Script(objects, steps, Path("folder"))

    def read_ids(file: Path, frame_index: int) -> UInt8Array:
        assert file == Path("folder/first.png")
        return np.full((1, 1), frame_index, np.uint8)

    numbers = list(play(session, script, read_ids, lambda change: changed.append(change.frame_index)))
    return session.heard, numbers, changed


def test_every_step_is_one_command_in_order() -> None:
    steps = (
        DRAW,
        Propagate(4, Direction.BACKWARD, (1, 6)),
        Undo(),
        Redo(),
        Reset(5),
        SetLock(1, is_locked=True),
        SetIds(3, "first.png"),
        AddObject(2, "horse"),
        RenameObject(2, "foal"),
        SetColour(2, (1, 2, 3)),
    )
    heard, numbers, changed = played(*steps)
    assert heard == [
        ("interact", DRAW.interaction),
        ("propagate", 4, Direction.BACKWARD, (1, 6)),
        "undo",
        "redo",
        ("reset", 5),
        ("lock", 1, True),
        ("set_ids", 3, [[3]]),
        ("add_object", "horse", 2),
        ("rename_object", 2, "foal"),
        ("configure_object", 2, ObjectSettings((1, 2, 3))),
    ]
    assert numbers == list(range(1, 11))
    assert changed == [1, 0, 1, 2, 3, 4, 8]


def test_the_scripts_objects_are_there_before_the_first_step() -> None:
    heard, _, _ = played(Undo(), objects=(ScriptObject(3, "dancer"), ScriptObject(1, "Object 1")))
    assert heard == [("add_object", "dancer", 3), ("add_object", "Object 1", 1), "undo"]


def test_a_propagation_that_was_stopped_stops_at_the_same_frame() -> None:
    heard, _, changed = played(Propagate(stop_after=2), Undo())
    assert changed == [0, 1, 8]
    assert heard == [("propagate", None, Direction.BOTH, None), ("closed after", 1), "undo"]


def test_a_stop_after_more_frames_than_any_clip_has_stops_nothing() -> None:
    _, _, changed = played(Propagate(stop_after=2**70))
    assert changed == [0, 1, 2, 3, 4]


def test_a_step_is_told_only_when_it_is_done() -> None:
    session = RecordingSession()
    numbers = play(session, Script((), (DRAW, Undo()), Path()), lambda *_: EMPTY, lambda _: None)
    assert next(numbers) == 1
    assert session.heard == [("interact", DRAW.interaction)]


def test_what_the_session_refuses_names_the_step() -> None:
    with pytest.raises(UserError, match=r"^Step 2 \(remove_object\): There is no object 7"):
        played(Undo(), RemoveObject(7))


def test_what_was_done_during_a_propagation_is_played_at_the_same_frames() -> None:
    brush = Interaction(Tool.BRUSH, Stroke(7, 1, np.array([[60, 50]], np.float32), 4.0))
    by_hand, played = (fake_session(square_clip(10)) for _ in range(2))
    for session in (by_hand, played):
        session.set_ids(0, square_ids(0, both=True))
    for done, _ in enumerate(by_hand.propagate(), start=1):
        if done == 3:
            by_hand.interact(brush).run()
        if done == 5:
            by_hand.reset(2)
            by_hand.undo()
    during = (Meanwhile(3, Draw(brush)), Meanwhile(5, Reset(2)), Meanwhile(5, Undo()))
    script = Script((), (Propagate(meanwhile=during),), Path())
    assert list(play(played, script, lambda *_: EMPTY, lambda _: None)) == [1]
    assert differences(snapshot(played), snapshot(by_hand)) == []
    assert (played.undo_count, played.can_redo) == (by_hand.undo_count, by_hand.can_redo)
