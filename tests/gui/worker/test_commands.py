"""Commands on a fake session, without a thread: what they record, and what their errors say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gui.worker.commands import PlayScriptCommand
from inference_core.errors import UserError
from inference_core.types import Interaction, Progress, Stroke, Tool
from mivos_studio.project.playback import play
from mivos_studio.project.recorder import ScriptRecorder
from mivos_studio.project.script import Script, ScriptObject
from mivos_studio.project.steps import NO_RECORD, AddObject, Draw, SetLock, Step
from tests.gui.fake_session import FRAME_COUNT, FakeSession


def stroke(object_id: int = 1) -> Draw:
    return Draw(Interaction(Tool.SCRIBBLE, Stroke(0, object_id, np.array([[20, 20]], np.float32))))


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
