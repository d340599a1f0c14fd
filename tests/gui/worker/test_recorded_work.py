"""What a worker records makes the same masks again, whenever the commands come during a propagation."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication

from gui.worker.commands import (
    AddObjectCommand,
    Command,
    EditCommand,
    PlayScriptCommand,
    PropagateCommand,
    UndoCommand,
)
from gui.worker.worker import OpenedSession, Outcome, Worker
from inference_core.session import Session
from inference_core.types import Interaction, Stroke, Tool
from mivos_studio.project.playback import play
from mivos_studio.project.recorder import ScriptRecorder
from mivos_studio.project.script import Script, read_script, write_script
from mivos_studio.project.standing import standing_steps
from mivos_studio.project.steps import Draw, Meanwhile, Propagate, Redo, Reset, SetLock, Undo
from tests.gui.gestures import wait_until
from tests.inference_core.fakes import fake_session, square_clip
from tests.inference_core.snapshot import differences, snapshot
from tests.mivos_studio.project.random_work import mask_of

FRAMES, COMMANDS = 7, 24


class RecordedWork:
    """A worker on a session with tiny networks, and what it records."""

    def __init__(self) -> None:
        self.session, self.recorder = fake_session(square_clip(FRAMES)), ScriptRecorder()
        self.session.add_object("Object 1", 1)
        self.recorder.add_initial_object(1, "Object 1")
        self.ended: list[Outcome] = []
        self.changes = 0
        self.worker = Worker(lambda report: OpenedSession(self.session, "fake", "", 1), self.recorder)
        self.worker.changed.connect(self._on_changed)
        self.worker.command_ended.connect(self.ended.append)
        self.worker.begin()

    def _on_changed(self, change: object) -> None:
        del change
        self.changes += 1
        self.worker.acknowledge()

    def stop(self) -> None:
        self.worker.request_stop()
        assert self.worker.wait_stopped(20)

    def assert_replays(self, folder: Path) -> None:
        """Compare the session with those that its scripts make."""
        expected = snapshot(self.session)
        assert len(standing_steps(self.recorder.script(folder))) == self.session.undo_count
        for with_undone in (True, False):
            write_script(self.recorder.script(folder, with_undone=with_undone), folder / "work.json")
            assert differences(snapshot(played(read_script(folder / "work.json"))), expected) == []


def played(script: Script) -> Session:
    session = fake_session(square_clip(FRAMES))
    for _ in play(session, script, mask_of, lambda _: None):
        pass
    return session


def draw(frame_index: int, x: float = 20) -> EditCommand:
    points = np.array([[x, 16], [x + 10, 20]], np.float32)
    return EditCommand(Draw(Interaction(Tool.SCRIBBLE, Stroke(frame_index, 1, points))))


def any_command(rng: random.Random) -> Command:
    frame_index = rng.randrange(FRAMES)
    commands = (
        *(draw(frame_index, rng.uniform(5, 80)) for _ in range(3)),
        *(PropagateCommand() for _ in range(4)),
        *(UndoCommand(lambda: 1) for _ in range(3)),
        *(EditCommand(Redo()) for _ in range(2)),
        EditCommand(SetLock(1, is_locked=rng.random() < 0.5)),
        EditCommand(Reset(frame_index)),
        AddObjectCommand(),
    )
    return rng.choice(commands)


@pytest.mark.parametrize("seed", range(8))
def test_random_commands_at_random_moments_are_recorded_as_they_were_performed(
    application: QApplication, tmp_path: Path, seed: int
) -> None:
    rng, work = random.Random(seed), RecordedWork()
    try:
        for number in range(COMMANDS):
            work.worker.submit(any_command(rng))
            if rng.random() < 0.1:
                work.worker.cancel()
            if rng.random() < 0.6:
                QTest.qWait(rng.randrange(12))
            if rng.random() < 0.3:
                wait_until(lambda number=number: len(work.ended) > number, 30)
        wait_until(lambda: len(work.ended) == COMMANDS, 60)
    finally:
        work.stop()
    work.assert_replays(tmp_path)


def test_a_script_that_is_cancelled_while_it_propagates_is_recorded_as_far_as_it_came(
    application: QApplication, tmp_path: Path
) -> None:
    work = RecordedWork()
    steps = (draw(0).step, Propagate(meanwhile=(Meanwhile(1, draw(5).step),)), draw(6).step)
    script = Script(work.recorder.script(tmp_path).objects, steps, tmp_path)
    try:
        work.worker.changed.connect(lambda _: work.worker.cancel() if work.changes >= 5 else None)
        work.worker.submit(PlayScriptCommand(script, FRAMES, mask_of))
        wait_until(lambda: len(work.ended) == 1, 30)
    finally:
        work.stop()
    assert work.session.unfinished == (0,)
    first, propagated = work.recorder.script(tmp_path).steps
    assert first == steps[0]
    assert isinstance(propagated, Propagate)
    assert propagated.stop_after in range(2, FRAMES - 1)
    assert propagated.meanwhile == (Meanwhile(1, steps[1].parts[0]),)
    work.assert_replays(tmp_path)


def test_an_undo_of_a_propagation_that_the_end_of_the_program_cuts_short_is_recorded(
    application: QApplication, tmp_path: Path
) -> None:
    work = RecordedWork()
    work.worker.submit(draw(0))
    work.worker.submit(PropagateCommand())
    wait_until(lambda: len(work.ended) == 2, 30)
    seen = work.changes
    work.worker.changed.connect(lambda _: work.worker.request_stop() if work.changes > seen else None)
    work.worker.submit(UndoCommand(lambda: 1))
    wait_until(lambda: work.changes > seen, 30)
    work.stop()
    assert work.session.rounds == ()
    assert isinstance(work.recorder.script(tmp_path).steps[-1], Undo)
    work.assert_replays(tmp_path)
