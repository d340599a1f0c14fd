"""Commands on a fake session, without a thread: what they record, and what their errors say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gui.worker.commands import GoToStepCommand, PlayScriptCommand
from inference_core.errors import UserError
from inference_core.types import FrameMask, Interaction, Progress, Stroke, Tool
from mivos_studio.project.playback import play
from mivos_studio.project.recorder import ScriptRecorder
from mivos_studio.project.script import Script, ScriptObject
from mivos_studio.project.steps import NO_RECORD, AddObject, Draw, Redo, SetLock, Step, Undo
from tests.gui.fake_session import FRAME_COUNT, FakeSession


def stroke(object_id: int = 1, frame_index: int = 0) -> Draw:
    return Draw(Interaction(Tool.SCRIBBLE, Stroke(frame_index, object_id, np.array([[20, 20]], np.float32))))


def command(*steps: Step, objects: tuple[ScriptObject, ...]) -> PlayScriptCommand:
    script = Script(objects, steps, Path("folder"))
    return PlayScriptCommand(script, FRAME_COUNT, lambda file, frame: FakeSession().ids(frame))


def test_a_failing_step_of_a_script_is_named_as_the_command_line_names_it() -> None:
    objects = tuple(ScriptObject(object_id) for object_id in (1, 2, 3))
    played = command(stroke(), SetLock(1, is_locked=True), stroke(), objects=objects)
    recorder = ScriptRecorder()
    with pytest.raises(UserError, match=r"^Step 3 \(scribble\): Object 1 is locked") as in_window:
        list(played.run(FakeSession(), recorder))
    session = FakeSession()
    session.remove_object(1)
    with pytest.raises(UserError) as by_command:
        list(play(session, played.script, played.read_ids, lambda _: None))
    assert str(in_window.value) == str(by_command.value)
    added = (AddObject(2, "Object 2"), AddObject(3, "Object 3"))
    assert recorder.take_new() == (*added, *played.script.steps[:2])


def test_a_scripts_progress_counts_the_steps_of_the_script() -> None:
    played = command(stroke(), stroke(2), objects=(ScriptObject(1), ScriptObject(2)))
    changes = list(played.run(FakeSession(), NO_RECORD))
    counted = [(each.done, each.total) for each in changes if isinstance(each, Progress)]
    assert counted == [(1, 2), (2, 2)]


def test_going_to_a_step_yields_each_changed_frame_once_and_records_every_undo_and_redo() -> None:
    session, recorder = FakeSession(), ScriptRecorder()
    for frame_index in (0, 3, 3, 5):
        list(stroke(frame_index=frame_index).perform(session, lambda file, frame: session.ids(frame)))
    back = list(GoToStepCommand(1).run(session, recorder))
    assert [change.frame_index for change in back if isinstance(change, FrameMask)] == [0, 3, 5]
    assert session.undo_count == 1
    list(GoToStepCommand(3).run(session, recorder))
    assert session.undo_count == 3
    assert recorder.take_new() == (*[Undo()] * 3, *[Redo()] * 2)


def test_going_to_a_step_that_is_gone_stops_where_there_is_nothing_left_to_redo() -> None:
    session = FakeSession()
    list(stroke().perform(session, lambda file, frame: session.ids(frame)))
    assert list(GoToStepCommand(7).run(session, NO_RECORD)) == []
    assert session.undo_count == 1
