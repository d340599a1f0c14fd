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
from gui.worker.script_recorder import ScriptRecorder
from gui.worker.worker import MAX_UNACKNOWLEDGED_CHANGES, Ending, OpenedSession, Outcome, Worker
from inference_core.types import FrameMask, Interaction, Stroke, Tool
from mivos_studio.project.steps import Draw, Propagate, Redo, Step, Undo
from tests.gui.fake_session import FRAME_COUNT, FakeClip, FakeSession
from tests.gui.gestures import wait_until


class Watched:
    """A worker, and all that it said."""

    def __init__(self, session: FakeSession, *, sees: bool = True) -> None:
        self.session = session
        self.recorder = ScriptRecorder()
        self.steps: list[Step] = []
        self.changes: list[Change] = []
        self.outcomes: list[Outcome] = []
        self.worker = Worker(lambda report: OpenedSession(session, "fake"), self.recorder)
        self.worker.changed.connect(self._on_changed)
        self.worker.command_ended.connect(self.outcomes.append)
        self._sees = sees
        self.worker.begin()

    def _on_changed(self, change: Change) -> None:
        self.changes.append(change)
        if self._sees:
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
def watched(application: QApplication) -> Iterator[list[Watched]]:
    made: list[Watched] = []
    yield made
    for each in made:
        ended(each.worker)


def ended(worker: Worker) -> None:
    """End the thread and wait for it."""
    worker.request_stop()
    assert worker.wait_stopped(20)


def stroke(frame_index: int, x: float = 20) -> EditCommand:
    points = np.array([[x, 20]], np.float32)
    return EditCommand(Draw(Interaction(Tool.SCRIBBLE, Stroke(frame_index, 1, points))))


def propagated_frames(watch: Watched) -> list[int]:
    return [c.frame_index for c in watch.changes if isinstance(c, FrameMask) and c.progress is not None]


def test_commands_run_in_order_on_a_thread_of_their_own(watched: list[Watched]) -> None:
    watch = Watched(FakeSession())
    watched.append(watch)
    watch.submit(stroke(0), stroke(4), EditCommand(Undo()), EditCommand(Redo()))
    assert watch.wait_for(4) == [Ending.DONE] * 4
    assert watch.session.calls == ["interact 0", "interact 4", "undo", "redo"]
    assert watch.session.threads.isdisjoint({threading.get_ident()})


def test_commands_given_before_the_session_is_open_wait_for_it(watched: list[Watched]) -> None:
    is_loaded = threading.Event()
    session = FakeSession()

    def factory(report: object) -> OpenedSession:
        assert is_loaded.wait(10)
        return OpenedSession(session, "fake")

    watch = Watched(session)
    watched.append(watch)
    slow = Worker(factory, ScriptRecorder())
    outcomes: list[Outcome] = []
    slow.command_ended.connect(outcomes.append)
    slow.changed.connect(lambda _: slow.acknowledge())
    slow.begin()
    slow.submit(stroke(2))
    assert session.drafts == ()
    is_loaded.set()
    wait_until(lambda: bool(outcomes))
    ended(slow)
    assert session.drafts == (2,)


def test_a_stroke_during_a_propagation_is_a_step_of_its_own_and_the_propagation_continues(
    watched: list[Watched],
) -> None:
    gate = threading.Semaphore(3)
    watch = Watched(FakeSession(gate=gate))
    watched.append(watch)
    watch.submit(stroke(0), PropagateCommand())
    wait_until(lambda: len(propagated_frames(watch)) == 3)
    watch.submit(stroke(0, x=60))
    gate.release(100)
    assert watch.wait_for(3) == [Ending.DONE] * 3
    assert propagated_frames(watch)[:3] == [1, 2, 3]
    assert set(propagated_frames(watch)) == set(range(1, FRAME_COUNT))
    first, partly, between, rest = watch.recorded()
    assert isinstance(first, Draw)
    assert isinstance(partly, Propagate)
    assert partly.stop_after in (3, 4)
    assert isinstance(between, Draw)
    assert rest == Propagate(0)


def test_an_undo_during_a_propagation_takes_it_back_and_it_does_not_start_again(
    watched: list[Watched],
) -> None:
    gate = threading.Semaphore(3)
    watch = Watched(FakeSession(gate=gate))
    watched.append(watch)
    watch.submit(stroke(0), PropagateCommand())
    wait_until(lambda: len(propagated_frames(watch)) == 3)
    watch.submit(EditCommand(Undo()))
    gate.release(100)
    assert watch.wait_for(3) == [Ending.DONE, Ending.DONE, Ending.CANCELLED]
    assert watch.session.rounds == ()
    assert watch.session.drafts == (0,)
    assert not any(watch.session.ids(i).any() for i in range(1, FRAME_COUNT))
    watch.submit(EditCommand(Redo()))
    watch.wait_for(4)
    assert watch.session.ids(3).any()
    assert watch.session.unfinished == (0,)


def test_an_undo_that_takes_back_only_what_was_drawn_in_between_lets_the_propagation_go_on(
    watched: list[Watched],
) -> None:
    gate = threading.Semaphore(3)
    watch = Watched(FakeSession(gate=gate))
    watched.append(watch)
    watch.submit(stroke(0), PropagateCommand())
    wait_until(lambda: len(propagated_frames(watch)) == 3)
    watch.submit(stroke(11, x=60), EditCommand(Undo()))
    gate.release(100)
    assert watch.wait_for(4) == [Ending.DONE] * 4
    assert set(propagated_frames(watch)) == set(range(1, FRAME_COUNT))
    assert watch.session.drafts == ()


def test_a_propagation_of_several_drafts_is_one_step_of_undo(watched: list[Watched]) -> None:
    watch = Watched(FakeSession())
    watched.append(watch)
    watch.submit(stroke(0), stroke(8, x=60), PropagateCommand())
    watch.wait_for(3)
    assert watch.session.anchors == (0, 8)
    assert set(propagated_frames(watch)) > set(range(1, FRAME_COUNT)) - {8}
    watch.submit(UndoCommand(0))
    watch.wait_for(4)
    assert watch.session.drafts == (0, 8)
    assert watch.session.rounds == ()
    assert watch.recorded()[2:] == (Propagate(None), Undo())


def test_an_undo_while_the_second_draft_is_propagated_takes_back_what_came_of_the_first_too(
    watched: list[Watched],
) -> None:
    gate = threading.Semaphore(FRAME_COUNT + 1)  # all from the first, then two from the second
    watch = Watched(FakeSession(gate=gate))
    watched.append(watch)
    watch.submit(stroke(0), stroke(8, x=60), PropagateCommand())
    wait_until(lambda: len(propagated_frames(watch)) == FRAME_COUNT + 1)
    assert [round_.anchor for round_ in watch.session.rounds] == [0]
    watch.submit(UndoCommand(0))
    gate.release(100)
    assert watch.wait_for(4)[-1] is Ending.CANCELLED
    assert watch.session.drafts == (0, 8)
    watch.submit(EditCommand(Redo()))
    watch.wait_for(5)
    assert watch.session.anchors == (0, 8)
    assert watch.session.unfinished == (8,)


def test_of_a_propagation_that_a_stroke_has_split_each_undo_takes_back_one_part(
    watched: list[Watched],
) -> None:
    gate = threading.Semaphore(3)
    watch = Watched(FakeSession(gate=gate))
    watched.append(watch)
    watch.submit(stroke(0), PropagateCommand())
    wait_until(lambda: len(propagated_frames(watch)) == 3)
    watch.submit(stroke(11, x=60))
    gate.release(3)
    wait_until(lambda: len(propagated_frames(watch)) == 6)

    def shown() -> list[int]:
        return [i for i in range(FRAME_COUNT) if watch.session.ids(i).any()]

    part = 3 if 3 in {len(r.changed_frames) for r in watch.session.rounds} else 4
    watch.submit(UndoCommand(0))
    gate.release(100)
    assert watch.wait_for(4)[-1] is Ending.CANCELLED
    assert shown() == [*range(part + 1), 11], "what followed the stroke"
    for undone, left in enumerate(([*range(part + 1)], [0], []), start=1):
        watch.submit(UndoCommand(0))
        watch.wait_for(4 + undone)
        assert shown() == left
    assert watch.session.drafts == ()
    for done in range(4):
        watch.submit(EditCommand(Redo()))
        watch.wait_for(8 + done)
    assert shown()[: part + 1] == [*range(part + 1)]
    assert shown()[-1] == 11


def test_undoing_the_propagated_stroke_ends_the_propagation(watched: list[Watched]) -> None:
    gate = threading.Semaphore(3)
    watch = Watched(FakeSession(gate=gate))
    watched.append(watch)
    watch.submit(stroke(0), PropagateCommand())
    wait_until(lambda: len(propagated_frames(watch)) == 3)
    watch.submit(EditCommand(Undo()), EditCommand(Undo()))
    gate.release(100)
    assert watch.wait_for(4) == [*[Ending.DONE] * 3, Ending.CANCELLED]
    assert watch.session.rounds == ()
    assert not any(watch.session.ids(i).any() for i in range(FRAME_COUNT))


def test_cancel_keeps_the_finished_frames_as_one_step(watched: list[Watched]) -> None:
    gate = threading.Semaphore(4)
    watch = Watched(FakeSession(gate=gate))
    watched.append(watch)
    watch.submit(stroke(0), PropagateCommand())
    wait_until(lambda: len(propagated_frames(watch)) == 4)
    watch.worker.cancel()
    gate.release(1)
    assert watch.wait_for(2)[-1] is Ending.CANCELLED
    assert watch.session.rounds[-1].changed_frames == tuple(propagated_frames(watch))
    assert watch.session.unfinished == (0,)
    watch.submit(EditCommand(Undo()))
    watch.wait_for(3)
    assert not watch.session.ids(1).any()
    assert watch.session.ids(0).any()


def test_cancel_forgets_a_propagation_that_waits_and_keeps_the_strokes_that_wait(
    watched: list[Watched],
) -> None:
    gate = threading.Semaphore(1)
    watch = Watched(FakeSession(gate=gate))
    watched.append(watch)
    waiting = PropagateCommand()
    watch.submit(stroke(0), PropagateCommand())
    wait_until(lambda: len(propagated_frames(watch)) == 1)
    watch.submit(waiting, stroke(5))
    watch.worker.cancel()
    gate.release(100)
    watch.wait_for(4)
    endings = {id(outcome.command): outcome.ending for outcome in watch.outcomes}
    assert endings[id(waiting)] is Ending.CANCELLED
    assert 5 in watch.session.drafts


def test_an_error_comes_home_and_the_next_command_runs(watched: list[Watched]) -> None:
    watch = Watched(FakeSession())
    watched.append(watch)
    watch.submit(PropagateCommand(), stroke(1))
    assert watch.wait_for(2) == [Ending.FAILED, Ending.DONE]
    assert str(watch.outcomes[0].error) == "Draw on a frame before propagating."
    assert len(watch.recorded()) == 1


def test_a_session_that_cannot_be_opened_is_told(application: QApplication) -> None:
    errors: list[BaseException] = []

    def factory(report: object) -> OpenedSession:
        raise ValueError("no weights")

    worker = Worker(factory, ScriptRecorder())
    worker.open_failed.connect(errors.append)
    worker.begin()
    wait_until(lambda: bool(errors))
    ended(worker)
    assert str(errors[0]) == "no weights"


def test_a_window_that_does_not_keep_up_is_waited_for(watched: list[Watched]) -> None:
    watch = Watched(FakeSession(FakeClip(60)), sees=False)
    watched.append(watch)
    watch.submit(stroke(0), PropagateCommand())
    wait_until(lambda: len(watch.changes) == MAX_UNACKNOWLEDGED_CHANGES)
    watch.worker.wait(100)
    assert len(watch.session.ids(59).nonzero()[0]) == 0, "the propagation must not run ahead of what is shown"
    assert len(watch.changes) == MAX_UNACKNOWLEDGED_CHANGES


def test_stopping_ends_a_propagation_after_its_frame(application: QApplication) -> None:
    gate = threading.Semaphore(2)
    watch = Watched(FakeSession(gate=gate))
    watch.submit(stroke(0), PropagateCommand())
    wait_until(lambda: len(propagated_frames(watch)) == 2)
    gate.release(1)
    ended(watch.worker)
    assert watch.worker.isFinished()
    assert len(watch.session.rounds[-1].changed_frames) <= 4


def test_nothing_is_taken_on_by_a_worker_that_ends(application: QApplication) -> None:
    watch = Watched(FakeSession())
    watch.submit(stroke(0))
    watch.wait_for(1)
    watch.worker.request_stop()
    watch.submit(stroke(1))
    ended(watch.worker)
    watch.worker.submit(stroke(2))
    assert watch.session.drafts == (0,)


def test_one_session_at_a_time_computes_and_the_next_can_be_given_up_while_it_waits(
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
    told: list[str] = []
    nexts = []
    for name in ("given up", "wanted"):
        worker = Worker(
            lambda report, name=name: made.append(name) or OpenedSession(FakeSession(), "fake"),
            ScriptRecorder(),
            compute_lock,
        )
        worker.loading.connect(told.append)
        worker.begin()
        nexts.append(worker)
    wait_until(lambda: len(told) == 2)
    assert "Finishing" in told[0]
    ended(nexts[0])
    assert made == []
    gate.release(100)
    wait_until(lambda: made == ["wanted"])
    assert busy.wait_stopped(20)
    ended(nexts[1])


def of_a_clip_that_was_worked_on() -> weakref.ref[FakeClip]:
    clip = FakeClip()
    worker = Worker(lambda report: OpenedSession(FakeSession(clip), "fake"), ScriptRecorder())
    worker.connect_until_stop(worker.opened, lambda opened: None)
    worker.begin()
    worker.request_stop()
    return weakref.ref(clip)


def test_a_worker_that_has_ended_is_forgotten_with_its_clip(application: QApplication) -> None:
    clip = of_a_clip_that_was_worked_on()
    wait_until(lambda: gc.collect() >= 0 and clip() is None)


def test_stopping_does_not_wait_for_changes_that_nobody_looks_at(application: QApplication) -> None:
    watch = Watched(FakeSession(FakeClip(60)), sees=False)
    watch.session.gate = None
    list(watch.session.interact(stroke(0).step.interaction))  # type: ignore[union-attr]
    list(watch.session.propagate())
    watch.submit(EditCommand(Undo()))
    wait_until(lambda: len(watch.changes) == MAX_UNACKNOWLEDGED_CHANGES)
    ended(watch.worker)
    assert watch.worker.isFinished()


def test_undo_never_takes_back_what_was_there_before_the_editor(watched: list[Watched]) -> None:
    watch = Watched(FakeSession())
    watched.append(watch)
    watch.session.add_object()
    watch.submit(stroke(0), UndoCommand(1), UndoCommand(1), UndoCommand(1))
    assert watch.wait_for(4) == [Ending.DONE] * 4
    assert len(watch.session.objects) == 2
    assert [type(step) for step in watch.recorded()] == [Draw, Undo]


def test_what_the_session_notices_is_handed_on(watched: list[Watched]) -> None:
    watch = Watched(FakeSession())
    watched.append(watch)
    told: list[str] = []
    watch.worker.noticed.connect(told.append)
    watch.submit(stroke(0))
    watch.wait_for(1)
    watch.session.tell("The memory ran out.")
    wait_until(lambda: told == ["The memory ran out."])
