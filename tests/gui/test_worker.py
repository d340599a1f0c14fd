"""The worker: one thread, commands in order, short ones in between the frames of a long one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PyQt5.QtWidgets import QApplication

from gui.tasks.commands import Change, Command, Edit, TakeBack, Walk
from gui.tasks.journal import Journal
from gui.worker import MAX_UNSEEN_CHANGES, Ending, Engine, Outcome, Worker
from inference_core.values import FrameMask, Interaction, Stroke, Tool
from tests.gui.fake_session import FRAME_COUNT, FakeClip, FakeSession
from tests.gui.gestures import wait_until
from workspace.steps import Draw, Propagate, Redo, Step, Undo


class Watched:
    """A worker, and all that it said."""

    def __init__(self, session: FakeSession, *, sees: bool = True) -> None:
        self.session = session
        self.journal = Journal()
        self.steps: list[Step] = []
        self.changes: list[Change] = []
        self.outcomes: list[Outcome] = []
        self.worker = Worker(lambda report: Engine(session, "fake"), self.journal)
        self.worker.changed.connect(self._on_changed)
        self.worker.ended.connect(self.outcomes.append)
        self._sees = sees
        self.worker.begin()

    def _on_changed(self, change: Change) -> None:
        self.changes.append(change)
        if self._sees:
            self.worker.seen()

    def submit(self, *commands: Command) -> None:
        for command in commands:
            self.worker.submit(command)

    def wait_for(self, outcomes: int) -> list[Ending]:
        wait_until(lambda: len(self.outcomes) >= outcomes)
        return [outcome.ending for outcome in self.outcomes]

    def recorded(self) -> tuple[Step, ...]:
        return self.journal.script(Path()).steps


@pytest.fixture
def watched(application: QApplication) -> Iterator[list[Watched]]:
    made: list[Watched] = []
    yield made
    for each in made:
        ended(each.worker)


def ended(worker: Worker) -> None:
    """End the thread and wait for it."""
    worker.ask_to_end()
    assert worker.ended_within(20)


def stroke(frame_index: int, x: float = 20) -> Edit:
    points = np.array([[x, 20]], np.float32)
    return Edit(Draw(Interaction(Tool.SCRIBBLE, Stroke(frame_index, 1, points))))


def walked(watch: Watched) -> list[int]:
    return [c.frame_index for c in watch.changes if isinstance(c, FrameMask) and c.progress is not None]


def test_commands_run_in_order_on_a_thread_of_their_own(watched: list[Watched]) -> None:
    watch = Watched(FakeSession())
    watched.append(watch)
    watch.submit(stroke(0), stroke(4), Edit(Undo()), Edit(Redo()))
    assert watch.wait_for(4) == [Ending.DONE] * 4
    assert watch.session.calls == ["interact 0", "interact 4", "undo", "redo"]
    assert watch.session.threads.isdisjoint({threading.get_ident()})


def test_commands_given_before_the_session_is_open_wait_for_it(watched: list[Watched]) -> None:
    is_loaded = threading.Event()
    session = FakeSession()

    def factory(report: object) -> Engine:
        assert is_loaded.wait(10)
        return Engine(session, "fake")

    watch = Watched(session)
    watched.append(watch)
    slow = Worker(factory, Journal())
    outcomes: list[Outcome] = []
    slow.ended.connect(outcomes.append)
    slow.changed.connect(lambda _: slow.seen())
    slow.begin()
    slow.submit(stroke(2))
    assert session.drafts == ()
    is_loaded.set()
    wait_until(lambda: bool(outcomes))
    ended(slow)
    assert session.drafts == (2,)


def test_a_stroke_during_a_propagation_is_a_step_of_its_own_and_the_walk_goes_on(
    watched: list[Watched],
) -> None:
    gate = threading.Semaphore(3)
    watch = Watched(FakeSession(gate=gate))
    watched.append(watch)
    watch.submit(stroke(0), Walk())
    wait_until(lambda: len(walked(watch)) == 3)
    watch.submit(stroke(0, x=60))
    gate.release(100)
    assert watch.wait_for(3) == [Ending.DONE] * 3
    assert walked(watch)[:3] == [1, 2, 3]
    assert set(walked(watch)) == set(range(1, FRAME_COUNT))
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
    watch.submit(stroke(0), Walk())
    wait_until(lambda: len(walked(watch)) == 3)
    watch.submit(Edit(Undo()))
    gate.release(100)
    assert watch.wait_for(3) == [Ending.DONE, Ending.DONE, Ending.CANCELLED]
    assert watch.session.rounds == ()
    assert watch.session.drafts == (0,)
    assert not any(watch.session.ids(i).any() for i in range(1, FRAME_COUNT))
    watch.submit(Edit(Redo()))
    watch.wait_for(4)
    assert watch.session.ids(3).any()
    assert watch.session.unfinished == (0,)


def test_an_undo_that_takes_back_only_what_was_drawn_in_between_lets_the_propagation_go_on(
    watched: list[Watched],
) -> None:
    gate = threading.Semaphore(3)
    watch = Watched(FakeSession(gate=gate))
    watched.append(watch)
    watch.submit(stroke(0), Walk())
    wait_until(lambda: len(walked(watch)) == 3)
    watch.submit(stroke(11, x=60), Edit(Undo()))
    gate.release(100)
    assert watch.wait_for(4) == [Ending.DONE] * 4
    assert set(walked(watch)) == set(range(1, FRAME_COUNT))
    assert watch.session.drafts == ()


def test_undoing_the_stroke_itself_ends_the_walk(watched: list[Watched]) -> None:
    gate = threading.Semaphore(3)
    watch = Watched(FakeSession(gate=gate))
    watched.append(watch)
    watch.submit(stroke(0), Walk())
    wait_until(lambda: len(walked(watch)) == 3)
    watch.submit(Edit(Undo()), Edit(Undo()))
    gate.release(100)
    assert watch.wait_for(4) == [*[Ending.DONE] * 3, Ending.CANCELLED]
    assert watch.session.rounds == ()
    assert not any(watch.session.ids(i).any() for i in range(FRAME_COUNT))


def test_cancel_keeps_the_finished_frames_as_one_step(watched: list[Watched]) -> None:
    gate = threading.Semaphore(4)
    watch = Watched(FakeSession(gate=gate))
    watched.append(watch)
    watch.submit(stroke(0), Walk())
    wait_until(lambda: len(walked(watch)) == 4)
    watch.worker.cancel()
    gate.release(1)
    assert watch.wait_for(2)[-1] is Ending.CANCELLED
    assert watch.session.rounds[-1].changed_frames == tuple(walked(watch))
    assert watch.session.unfinished == (0,)
    watch.submit(Edit(Undo()))
    watch.wait_for(3)
    assert not watch.session.ids(1).any()
    assert watch.session.ids(0).any()


def test_cancel_forgets_a_propagation_that_waits_and_keeps_the_strokes_that_wait(
    watched: list[Watched],
) -> None:
    gate = threading.Semaphore(1)
    watch = Watched(FakeSession(gate=gate))
    watched.append(watch)
    waiting = Walk()
    watch.submit(stroke(0), Walk())
    wait_until(lambda: len(walked(watch)) == 1)
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
    watch.submit(Walk(), stroke(1))
    assert watch.wait_for(2) == [Ending.FAILED, Ending.DONE]
    assert str(watch.outcomes[0].error) == "Draw on a frame before propagating."
    assert len(watch.recorded()) == 1


def test_a_session_that_cannot_be_opened_is_told(application: QApplication) -> None:
    errors: list[BaseException] = []

    def factory(report: object) -> Engine:
        raise ValueError("no weights")

    worker = Worker(factory, Journal())
    worker.open_failed.connect(errors.append)
    worker.begin()
    wait_until(lambda: bool(errors))
    ended(worker)
    assert str(errors[0]) == "no weights"


def test_a_window_that_does_not_keep_up_is_waited_for(watched: list[Watched]) -> None:
    watch = Watched(FakeSession(FakeClip(60)), sees=False)
    watched.append(watch)
    watch.submit(stroke(0), Walk())
    wait_until(lambda: len(watch.changes) == MAX_UNSEEN_CHANGES)
    watch.worker.wait(100)
    assert len(watch.session.ids(59).nonzero()[0]) == 0, "the walk must not run ahead of what is shown"
    assert len(watch.changes) == MAX_UNSEEN_CHANGES


def test_stopping_ends_a_propagation_after_its_frame(application: QApplication) -> None:
    gate = threading.Semaphore(2)
    watch = Watched(FakeSession(gate=gate))
    watch.submit(stroke(0), Walk())
    wait_until(lambda: len(walked(watch)) == 2)
    gate.release(1)
    ended(watch.worker)
    assert watch.worker.isFinished()
    assert len(watch.session.rounds[-1].changed_frames) <= 4


def test_stopping_does_not_wait_for_changes_that_nobody_looks_at(application: QApplication) -> None:
    watch = Watched(FakeSession(FakeClip(60)), sees=False)
    watch.session.gate = None
    list(watch.session.interact(stroke(0).step.interaction))  # type: ignore[union-attr]
    list(watch.session.propagate())
    watch.submit(Edit(Undo()))
    wait_until(lambda: len(watch.changes) == MAX_UNSEEN_CHANGES)
    ended(watch.worker)
    assert watch.worker.isFinished()


def test_undo_never_takes_back_what_was_there_before_the_editor(watched: list[Watched]) -> None:
    watch = Watched(FakeSession())
    watched.append(watch)
    watch.session.add_object()
    watch.submit(stroke(0), TakeBack(1), TakeBack(1), TakeBack(1))
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
