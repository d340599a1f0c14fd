"""The worker: one thread, commands in order, short ones in between the frames of a long one."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PyQt5.QtWidgets import QApplication

from gui.worker.commands import Change, Command, EditCommand, PropagateCommand, UndoCommand
from gui.worker.worker import MAX_UNACKNOWLEDGED_CHANGES, Ending, OpenedSession, Outcome, Worker
from inference_core.types import FrameMask, Interaction, Stroke, Tool
from mivos_studio.project.recorder import ScriptRecorder
from mivos_studio.project.steps import Draw, Propagate, Redo, Step, Undo
from tests.gui.fake_session import FRAME_COUNT, FakeClip, FakeSession
from tests.gui.gestures import wait_until


class WorkerHarness:
    """A worker, and all that it said."""

    def __init__(self, session: FakeSession, *, acknowledges: bool = True) -> None:
        self.session = session
        self.recorder = ScriptRecorder()
        self.steps: list[Step] = []
        self.changes: list[Change] = []
        self.outcomes: list[Outcome] = []
        self.worker = Worker(lambda report: OpenedSession(session, "fake"), self.recorder)
        self.worker.changed.connect(self._on_changed)
        self.worker.command_ended.connect(self.outcomes.append)
        self._acknowledges = acknowledges
        self.worker.begin()

    def _on_changed(self, change: Change) -> None:
        self.changes.append(change)
        if self._acknowledges:
            self.worker.acknowledge()

    def submit(self, *commands: Command) -> None:
        for command in commands:
            self.worker.submit(command)

    def wait_for(self, outcomes: int) -> list[Ending]:
        wait_until(lambda: len(self.outcomes) >= outcomes)
        return [outcome.ending for outcome in self.outcomes]

    def recorded(self) -> tuple[Step, ...]:
        return self.recorder.script(Path()).steps


@pytest.fixture
def harnesses(application: QApplication) -> Iterator[list[WorkerHarness]]:
    made: list[WorkerHarness] = []
    yield made
    for each in made:
        stop_and_wait(each.worker)


def stop_and_wait(worker: Worker) -> None:
    """End the thread and wait for it."""
    worker.request_stop()
    assert worker.wait_stopped(20)


def stroke(frame_index: int, x: float = 20) -> EditCommand:
    points = np.array([[x, 20]], np.float32)
    return EditCommand(Draw(Interaction(Tool.SCRIBBLE, Stroke(frame_index, 1, points))))


def propagated_frames(harness: WorkerHarness) -> list[int]:
    return [c.frame_index for c in harness.changes if isinstance(c, FrameMask) and c.progress is not None]


def test_commands_run_in_order_on_a_thread_of_their_own(harnesses: list[WorkerHarness]) -> None:
    harness = WorkerHarness(FakeSession())
    harnesses.append(harness)
    harness.submit(stroke(0), stroke(4), EditCommand(Undo()), EditCommand(Redo()))
    assert harness.wait_for(4) == [Ending.DONE] * 4
    assert harness.session.calls == ["interact 0", "interact 4", "undo", "redo"]
    assert harness.session.threads.isdisjoint({threading.get_ident()})


def test_commands_given_before_the_session_is_open_wait_for_it(harnesses: list[WorkerHarness]) -> None:
    is_loaded = threading.Event()
    session = FakeSession()

    def factory(report: object) -> OpenedSession:
        assert is_loaded.wait(10)
        return OpenedSession(session, "fake")

    harness = WorkerHarness(session)
    harnesses.append(harness)
    slow = Worker(factory, ScriptRecorder())
    outcomes: list[Outcome] = []
    slow.command_ended.connect(outcomes.append)
    slow.changed.connect(lambda _: slow.acknowledge())
    slow.begin()
    slow.submit(stroke(2))
    assert session.drafts == ()
    is_loaded.set()
    wait_until(lambda: bool(outcomes))
    stop_and_wait(slow)
    assert session.drafts == (2,)


def test_a_stroke_during_a_propagation_is_a_step_behind_it_and_the_propagation_goes_on(
    harnesses: list[WorkerHarness],
) -> None:
    gate = threading.Semaphore(3)
    harness = WorkerHarness(FakeSession(gate=gate))
    harnesses.append(harness)
    harness.submit(stroke(0), PropagateCommand())
    wait_until(lambda: len(propagated_frames(harness)) == 3)
    harness.submit(stroke(0, x=60))
    gate.release(100)
    assert harness.wait_for(3) == [Ending.DONE] * 3
    assert propagated_frames(harness)[:3] == [1, 2, 3]
    assert set(propagated_frames(harness)) == set(range(1, FRAME_COUNT))
    assert propagated_frames(harness) == list(range(1, FRAME_COUNT))
    first, propagated = harness.recorded()
    assert isinstance(first, Draw)
    assert isinstance(propagated, Propagate)
    assert propagated.stop_after is None
    (between,) = propagated.meanwhile
    assert isinstance(between.step, Draw)
    assert between.after in (3, 4)
    harness.submit(UndoCommand(lambda: 0))
    harness.wait_for(4)
    assert harness.session.undo_count == 2
    assert harness.session.drafts == ()


def test_an_undo_during_a_propagation_undoes_it_and_it_does_not_restart(
    harnesses: list[WorkerHarness],
) -> None:
    gate = threading.Semaphore(3)
    harness = WorkerHarness(FakeSession(gate=gate))
    harnesses.append(harness)
    harness.submit(stroke(0), PropagateCommand())
    wait_until(lambda: len(propagated_frames(harness)) == 3)
    harness.submit(EditCommand(Undo()))
    gate.release(100)
    assert harness.wait_for(3) == [Ending.DONE, Ending.DONE, Ending.CANCELLED]
    assert harness.session.rounds == ()
    assert harness.session.drafts == (0,)
    assert not any(harness.session.ids(i).any() for i in range(1, FRAME_COUNT))
    harness.submit(EditCommand(Redo()))
    harness.wait_for(4)
    assert harness.session.ids(3).any()
    assert harness.session.unfinished == (0,)


def test_undoing_only_a_stroke_drawn_in_between_lets_the_propagation_continue(
    harnesses: list[WorkerHarness],
) -> None:
    gate = threading.Semaphore(3)
    harness = WorkerHarness(FakeSession(gate=gate))
    harnesses.append(harness)
    harness.submit(stroke(0), PropagateCommand())
    wait_until(lambda: len(propagated_frames(harness)) == 3)
    harness.submit(stroke(11, x=60), EditCommand(Undo()))
    gate.release(100)
    assert harness.wait_for(4) == [Ending.DONE] * 4
    assert set(propagated_frames(harness)) == set(range(1, FRAME_COUNT))
    assert harness.session.drafts == ()


def test_a_propagation_of_several_drafts_is_one_step_of_undo(harnesses: list[WorkerHarness]) -> None:
    harness = WorkerHarness(FakeSession())
    harnesses.append(harness)
    harness.submit(stroke(0), stroke(8, x=60), PropagateCommand())
    harness.wait_for(3)
    assert harness.session.anchors == (0, 8)
    assert set(propagated_frames(harness)) > set(range(1, FRAME_COUNT)) - {8}
    harness.submit(UndoCommand(lambda: 0))
    harness.wait_for(4)
    assert harness.session.drafts == (0, 8)
    assert harness.session.rounds == ()
    assert harness.recorded()[2:] == (Propagate(None), Undo())


def test_an_undo_while_the_second_draft_is_propagated_undoes_the_first_too(
    harnesses: list[WorkerHarness],
) -> None:
    gate = threading.Semaphore(FRAME_COUNT + 1)  # all from the first, then two from the second
    harness = WorkerHarness(FakeSession(gate=gate))
    harnesses.append(harness)
    harness.submit(stroke(0), stroke(8, x=60), PropagateCommand())
    wait_until(lambda: len(propagated_frames(harness)) == FRAME_COUNT + 1)
    assert [round_.anchor for round_ in harness.session.rounds] == [0]
    harness.submit(UndoCommand(lambda: 0))
    gate.release(100)
    assert harness.wait_for(4)[-1] is Ending.CANCELLED
    assert harness.session.drafts == (0, 8)
    harness.submit(EditCommand(Redo()))
    harness.wait_for(5)
    assert harness.session.anchors == (0, 8)
    assert harness.session.unfinished == (8,)


def test_undo_during_a_propagation_undoes_the_stroke_behind_it_first(
    harnesses: list[WorkerHarness],
) -> None:
    gate = threading.Semaphore(3)
    harness = WorkerHarness(FakeSession(gate=gate))
    harnesses.append(harness)
    harness.submit(stroke(0), PropagateCommand())
    wait_until(lambda: len(propagated_frames(harness)) == 3)
    harness.submit(stroke(11, x=60), UndoCommand(lambda: 0))
    gate.release(3)
    wait_until(lambda: len(propagated_frames(harness)) == 6)
    assert harness.session.drafts == ()
    harness.submit(UndoCommand(lambda: 0))
    gate.release(100)
    assert harness.wait_for(5)[-1] is Ending.CANCELLED
    assert harness.session.drafts == (0,)
    assert not harness.session.ids(1).any()
    _, propagated = harness.recorded()
    assert isinstance(propagated, Propagate)
    assert [type(each.step) for each in propagated.meanwhile] == [Draw, Undo, Undo]
    assert harness.recorder.describe_work() == ("1 stroke on 1 frame",)


def test_undoing_the_propagated_stroke_ends_the_propagation(harnesses: list[WorkerHarness]) -> None:
    gate = threading.Semaphore(3)
    harness = WorkerHarness(FakeSession(gate=gate))
    harnesses.append(harness)
    harness.submit(stroke(0), PropagateCommand())
    wait_until(lambda: len(propagated_frames(harness)) == 3)
    harness.submit(EditCommand(Undo()), EditCommand(Undo()))
    gate.release(100)
    assert harness.wait_for(4) == [*[Ending.DONE] * 3, Ending.CANCELLED]
    assert harness.session.rounds == ()
    assert not any(harness.session.ids(i).any() for i in range(FRAME_COUNT))


def test_cancel_keeps_the_finished_frames_as_one_step(harnesses: list[WorkerHarness]) -> None:
    gate = threading.Semaphore(4)
    harness = WorkerHarness(FakeSession(gate=gate))
    harnesses.append(harness)
    harness.submit(stroke(0), PropagateCommand())
    wait_until(lambda: len(propagated_frames(harness)) == 4)
    harness.worker.cancel()
    gate.release(1)
    assert harness.wait_for(2)[-1] is Ending.CANCELLED
    assert harness.session.rounds[-1].changed_frames == tuple(propagated_frames(harness))
    assert harness.session.unfinished == (0,)
    harness.submit(EditCommand(Undo()))
    harness.wait_for(3)
    assert not harness.session.ids(1).any()
    assert harness.session.ids(0).any()


def test_cancel_drops_a_queued_propagation_and_keeps_queued_strokes(
    harnesses: list[WorkerHarness],
) -> None:
    gate = threading.Semaphore(1)
    harness = WorkerHarness(FakeSession(gate=gate))
    harnesses.append(harness)
    waiting = PropagateCommand()
    harness.submit(stroke(0), PropagateCommand())
    wait_until(lambda: len(propagated_frames(harness)) == 1)
    harness.submit(waiting, stroke(5))
    harness.worker.cancel()
    gate.release(100)
    harness.wait_for(4)
    endings = {id(outcome.command): outcome.ending for outcome in harness.outcomes}
    assert endings[id(waiting)] is Ending.CANCELLED
    assert 5 in harness.session.drafts


def test_an_error_is_reported_and_the_next_command_runs(harnesses: list[WorkerHarness]) -> None:
    harness = WorkerHarness(FakeSession())
    harnesses.append(harness)
    harness.submit(PropagateCommand(), stroke(1))
    assert harness.wait_for(2) == [Ending.FAILED, Ending.DONE]
    assert str(harness.outcomes[0].error) == "Draw on a frame before propagating."
    assert len(harness.recorded()) == 1


def test_a_session_that_cannot_be_opened_is_reported(application: QApplication) -> None:
    errors: list[BaseException] = []

    def factory(report: object) -> OpenedSession:
        raise ValueError("no weights")

    worker = Worker(factory, ScriptRecorder())
    worker.open_failed.connect(errors.append)
    worker.begin()
    wait_until(lambda: bool(errors))
    stop_and_wait(worker)
    assert str(errors[0]) == "no weights"


def test_the_worker_waits_while_changes_are_not_acknowledged(harnesses: list[WorkerHarness]) -> None:
    harness = WorkerHarness(FakeSession(FakeClip(60)), acknowledges=False)
    harnesses.append(harness)
    harness.submit(stroke(0), PropagateCommand())
    wait_until(lambda: len(harness.changes) == MAX_UNACKNOWLEDGED_CHANGES)
    harness.worker.wait(100)
    assert len(harness.session.ids(59).nonzero()[0]) == 0, (
        "the propagation must not run ahead of what is shown"
    )
    assert len(harness.changes) == MAX_UNACKNOWLEDGED_CHANGES


def test_stopping_ends_a_propagation_after_its_frame(application: QApplication) -> None:
    gate = threading.Semaphore(2)
    harness = WorkerHarness(FakeSession(gate=gate))
    harness.submit(stroke(0), PropagateCommand())
    wait_until(lambda: len(propagated_frames(harness)) == 2)
    gate.release(1)
    stop_and_wait(harness.worker)
    assert harness.worker.isFinished()
    assert len(harness.session.rounds[-1].changed_frames) <= 4


def test_a_stopped_worker_accepts_no_commands(application: QApplication) -> None:
    harness = WorkerHarness(FakeSession())
    harness.submit(stroke(0))
    harness.wait_for(1)
    harness.worker.request_stop()
    harness.submit(stroke(1))
    stop_and_wait(harness.worker)
    harness.worker.submit(stroke(2))
    assert harness.session.drafts == (0,)


def test_one_session_computes_at_a_time_and_a_waiting_worker_can_be_stopped(
    application: QApplication,
) -> None:
    compute_lock, gate = threading.Lock(), threading.Semaphore(2)
    first = FakeSession(gate=gate)
    busy = Worker(lambda report: OpenedSession(first, "fake"), ScriptRecorder(), compute_lock)
    seen: list[Change] = []
    busy.changed.connect(lambda change: (seen.append(change), busy.acknowledge()))
    busy.begin()
    busy.submit(stroke(0))
    busy.submit(PropagateCommand())
    wait_until(lambda: len(seen) == 3)
    busy.request_stop()
    made: list[str] = []
    texts: list[str] = []
    next_workers = []
    for name in ("given up", "wanted"):
        worker = Worker(
            lambda report, name=name: made.append(name) or OpenedSession(FakeSession(), "fake"),
            ScriptRecorder(),
            compute_lock,
        )
        worker.loading.connect(texts.append)
        worker.begin()
        next_workers.append(worker)
    wait_until(lambda: len(texts) == 2)
    assert "Finishing" in texts[0]
    stop_and_wait(next_workers[0])
    assert made == []
    gate.release(100)
    wait_until(lambda: made == ["wanted"])
    assert busy.wait_stopped(20)
    stop_and_wait(next_workers[1])


def finished_worker_clip() -> weakref.ref[FakeClip]:
    clip = FakeClip()
    worker = Worker(lambda report: OpenedSession(FakeSession(clip), "fake"), ScriptRecorder())
    worker.connect_until_stop(worker.opened, lambda opened: None)
    worker.begin()
    worker.request_stop()
    return weakref.ref(clip)


def test_a_finished_worker_is_released_with_its_clip(application: QApplication) -> None:
    clip = finished_worker_clip()
    wait_until(lambda: gc.collect() >= 0 and clip() is None)


def test_stopping_does_not_wait_for_unacknowledged_changes(application: QApplication) -> None:
    harness = WorkerHarness(FakeSession(FakeClip(60)), acknowledges=False)
    harness.session.gate = None
    list(harness.session.interact(stroke(0).step.interaction))  # type: ignore[union-attr]
    list(harness.session.propagate())
    harness.submit(EditCommand(Undo()))
    wait_until(lambda: len(harness.changes) == MAX_UNACKNOWLEDGED_CHANGES)
    stop_and_wait(harness.worker)
    assert harness.worker.isFinished()


def test_undo_never_undoes_steps_before_the_users_first(harnesses: list[WorkerHarness]) -> None:
    harness = WorkerHarness(FakeSession())
    harnesses.append(harness)
    harness.session.add_object()
    harness.submit(stroke(0), UndoCommand(lambda: 1), UndoCommand(lambda: 1), UndoCommand(lambda: 1))
    assert harness.wait_for(4) == [Ending.DONE] * 4
    assert len(harness.session.objects) == 2
    assert [type(step) for step in harness.recorded()] == [Draw, Undo]


def test_notices_of_the_session_are_emitted(harnesses: list[WorkerHarness]) -> None:
    harness = WorkerHarness(FakeSession())
    harnesses.append(harness)
    texts: list[str] = []
    harness.worker.noticed.connect(texts.append)
    harness.submit(stroke(0))
    harness.wait_for(1)
    harness.session.notify("The memory ran out.")
    wait_until(lambda: texts == ["The memory ran out."])
