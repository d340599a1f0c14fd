from __future__ import annotations

from pathlib import Path

import numpy as np

from gui.worker.script_recorder import ScriptRecorder
from inference_core.types import Interaction, Stroke, Tool
from mivos_studio.project.script import ScriptObject
from mivos_studio.project.steps import AddObject, Draw, Meanwhile, Propagate, Redo, Undo


def draw(frame_index: int) -> Draw:
    return Draw(Interaction(Tool.SCRIBBLE, Stroke(frame_index, 1, np.array([[4, 4]], np.float32))))


def opened() -> ScriptRecorder:
    """A recorder of a session that had one step, its first object, before the editor's first."""
    recorder = ScriptRecorder()
    recorder.start(undo_count=1)
    return recorder


def test_no_work_is_described_at_first() -> None:
    assert opened().describe_work(1) == ()


def test_work_is_described_by_counts_of_steps() -> None:
    recorder = opened()
    for undo_count, step in enumerate((draw(0), draw(0), draw(7), Propagate(0), AddObject(2, "x")), start=2):
        recorder.record(step, undo_count)
    assert recorder.describe_work(1) == ("3 strokes on 2 frames", "1 propagation", "1 other change")


def test_what_was_undone_is_not_described_until_it_is_redone() -> None:
    recorder = opened()
    recorder.record(draw(0), 2)
    recorder.record(Undo(), 1)
    assert recorder.describe_work(1) == ()
    recorder.record(Redo(), 2)
    assert recorder.describe_work(1) == ("1 stroke on 1 frame",)


def test_an_undo_with_nothing_to_undo_changes_nothing() -> None:
    recorder = opened()
    recorder.record(Undo(), 1)
    assert recorder.describe_work(1) == ()


def test_every_step_is_taken_once_after_the_initial_objects() -> None:
    recorder = opened()
    recorder.add_initial_object(1, "Dog")
    first, second = draw(0), draw(1)
    recorder.record(first, 2)
    assert recorder.take_new() == (AddObject(1, "Dog"), first)
    assert recorder.take_new() == ()
    recorder.record(second, 3)
    assert recorder.take_new() == (second,)


def test_steps_of_a_project_are_in_the_script_and_are_not_taken_again() -> None:
    earlier, later = (AddObject(1, "Dog"), draw(0)), draw(1)
    recorder = ScriptRecorder()
    recorder.load(earlier)
    recorder.start(undo_count=2)
    assert recorder.take_new() == ()
    recorder.record(later, 3)
    assert recorder.take_new() == (later,)
    script = recorder.script(Path())
    assert script.objects == (ScriptObject(1, "Dog"),)
    assert script.steps == (earlier[1], later)
    assert recorder.describe_work(1) == ("1 earlier step", "1 stroke on 1 frame")


def test_a_stroke_during_a_propagation_is_taken_with_the_propagation() -> None:
    recorder = opened()
    stroke = draw(0)
    recorder.record_meanwhile(stroke, 3, 3)
    assert recorder.take_new() == ()
    recorder.record(Propagate(), 3)
    assert recorder.take_new() == (Propagate(meanwhile=(Meanwhile(3, stroke),)),)


def test_a_propagation_under_way_when_the_program_died_is_taken_with_the_next_steps() -> None:
    running = Propagate(stop_after=3)
    recorder = ScriptRecorder()
    recorder.load((AddObject(1, "Dog"),), running)
    recorder.start(undo_count=2)
    assert recorder.take_new() == (running,)
