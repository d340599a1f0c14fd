"""What a recorder keeps of the steps of a session, for scripts and for the project."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from inference_core.types import Interaction, Stroke, Tool
from mivos_studio.project.recorder import ScriptRecorder
from mivos_studio.project.script import ScriptObject
from mivos_studio.project.steps import AddObject, Draw, Meanwhile, Propagate, Redo, Undo


def draw(frame_index: int) -> Draw:
    return Draw(Interaction(Tool.SCRIBBLE, Stroke(frame_index, 1, np.array([[4, 4]], np.float32))))


def opened() -> ScriptRecorder:
    """A recorder of a session that had one step, its first object, before the user's first."""
    recorder = ScriptRecorder()
    recorder.add_initial_object(1, "Dog")
    recorder.start(undo_count=1)
    return recorder


def test_no_work_is_described_at_first() -> None:
    assert opened().describe_work(1) == ()


def test_work_is_described_by_counts_of_steps() -> None:
    recorder = opened()
    for step in (draw(0), draw(0), draw(7), Propagate(0), AddObject(2, "x")):
        recorder.add(step)
    assert recorder.describe_work(1) == ("3 strokes on 2 frames", "1 propagation", "1 other change")


def test_what_was_undone_is_not_described_until_it_is_redone() -> None:
    recorder = opened()
    recorder.add(draw(0))
    recorder.add(Undo())
    assert recorder.describe_work(1) == ()
    recorder.add(Redo())
    assert recorder.describe_work(1) == ("1 stroke on 1 frame",)


def test_every_step_is_taken_once_after_the_initial_objects() -> None:
    recorder = opened()
    first, second = draw(0), draw(1)
    recorder.add(first)
    assert recorder.take_new() == (AddObject(1, "Dog"), first)
    assert recorder.take_new() == ()
    recorder.add(second)
    assert recorder.take_new() == (second,)


def test_steps_of_a_project_are_in_the_script_and_are_not_taken_again() -> None:
    earlier, later = (AddObject(1, "Dog"), draw(0)), draw(1)
    recorder = ScriptRecorder()
    recorder.load(earlier)
    recorder.start(undo_count=2)
    assert recorder.take_new() == ()
    recorder.add(later)
    assert recorder.take_new() == (later,)
    script = recorder.script(Path())
    assert script.objects == (ScriptObject(1, "Dog"),)
    assert script.steps == (earlier[1], later)
    assert recorder.describe_work(1) == ("2 strokes on 2 frames",)


def test_what_was_undone_is_left_out_of_a_script_unless_it_is_wanted() -> None:
    recorder, kept, undone = opened(), draw(0), draw(3)
    for step in (kept, undone, Undo()):
        recorder.add(step)
    assert recorder.has_undone
    assert recorder.script(Path()).steps == (kept, undone, Undo())
    assert recorder.script(Path(), with_undone=False).steps == (kept,)


def test_steps_of_a_project_that_lacks_some_are_all_in_the_script() -> None:
    recorder, steps = ScriptRecorder(), (draw(0), Undo())
    recorder.load((AddObject(1, "Dog"), *steps))
    recorder.start(undo_count=4)
    assert not recorder.is_complete
    assert not recorder.has_undone
    assert recorder.script(Path(), with_undone=False).steps == steps


def test_a_stroke_during_a_propagation_is_taken_with_the_propagation() -> None:
    recorder, stroke = opened(), draw(0)
    recorder.take_new()
    recorder.set_running(Propagate(stop_after=3))
    recorder.during(3).add(stroke)
    assert recorder.take_new() == ()
    recorder.add(Propagate())
    assert recorder.take_new() == (Propagate(meanwhile=(Meanwhile(3, stroke),)),)
    assert recorder.running is None


def test_a_propagation_under_way_is_in_a_script_as_far_as_it_has_come() -> None:
    recorder, stroke = opened(), draw(0)
    recorder.set_running(Propagate(stop_after=3))
    recorder.during(3).add(stroke)
    so_far = Propagate(stop_after=3, meanwhile=(Meanwhile(3, stroke),))
    assert recorder.running == so_far
    assert recorder.script(Path()).steps == (so_far,)
    assert recorder.script(Path(), with_undone=False).steps == (so_far,)
    recorder.add(Propagate(stop_after=4))
    assert recorder.script(Path()).steps == (Propagate(stop_after=4, meanwhile=(Meanwhile(3, stroke),)),)
