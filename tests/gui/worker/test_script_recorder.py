from __future__ import annotations

from pathlib import Path

import numpy as np

from gui.worker.script_recorder import ScriptRecorder
from inference_core.types import Interaction, Stroke, Tool
from mivos_studio.project.steps import AddObject, Draw, Propagate, Redo, Undo


def draw(frame_index: int) -> Draw:
    return Draw(Interaction(Tool.SCRIBBLE, Stroke(frame_index, 1, np.array([[4, 4]], np.float32))))


def opened() -> ScriptRecorder:
    """A recorder of a session that had one step, its first object, before the editor's first."""
    recorder = ScriptRecorder()
    recorder.start(undo_count=1)
    return recorder


def save(recorder: ScriptRecorder) -> None:
    recorder.mark_saved(recorder.snapshot(Path()))


def test_nothing_is_unsaved_at_first() -> None:
    assert opened().describe_unsaved() == ()


def test_unsaved_work_is_described_by_counts_of_steps() -> None:
    recorder = opened()
    for undo_count, step in enumerate((draw(0), draw(0), draw(7), Propagate(0), AddObject(2, "x")), start=2):
        recorder.record(step, undo_count)
    assert recorder.describe_unsaved() == ("3 strokes on 2 frames", "1 propagation", "1 other change")


def test_after_a_save_only_later_steps_are_unsaved() -> None:
    recorder = opened()
    recorder.record(draw(0), 2)
    save(recorder)
    assert recorder.describe_unsaved() == ()
    recorder.record(draw(3), 3)
    assert recorder.describe_unsaved() == ("1 stroke on 1 frame",)


def test_after_undoing_to_the_saved_state_nothing_is_unsaved() -> None:
    recorder = opened()
    recorder.record(draw(0), 2)
    save(recorder)
    recorder.record(draw(3), 3)
    recorder.record(Undo(), 2)
    assert recorder.describe_unsaved() == ()
    recorder.record(Redo(), 3)
    assert recorder.describe_unsaved() == ("1 stroke on 1 frame",)


def test_undoing_beyond_the_saved_state_is_unsaved_work() -> None:
    recorder = opened()
    recorder.record(draw(0), 2)
    recorder.record(draw(1), 3)
    save(recorder)
    recorder.record(Undo(), 2)
    assert recorder.describe_unsaved() == ("that 1 saved step was undone",)
    recorder.record(draw(5), 3)
    assert recorder.describe_unsaved() == ("1 stroke on 1 frame", "that 1 saved step was undone")


def test_an_undo_with_nothing_to_undo_changes_nothing() -> None:
    recorder = opened()
    recorder.record(Undo(), 1)
    assert recorder.describe_unsaved() == ()
