from __future__ import annotations

import pytest

from inference_core.errors import InvalidInteractionError, NotReadyError
from tests.inference_core.fakes import fake_session, square_clip, square_ids, stroke


def test_a_command_runs_when_it_is_iterated() -> None:
    session = fake_session(square_clip(4))
    session.set_ids(0, square_ids(0))
    assert [change.frame_index for change in session.propagate()] == [1, 2, 3]
    assert session.anchors == (0,)


def test_a_command_runs_by_run_and_gives_the_frames_that_changed_in_order() -> None:
    session = fake_session(square_clip(5))
    session.set_ids(2, square_ids(2))
    changes = session.propagate().run()
    assert [change.frame_index for change in changes] == [0, 1, 3, 4]
    assert all((change.ids == session.ids(change.frame_index)).all() for change in changes)


def test_a_command_that_is_dropped_unused_warns_and_does_nothing() -> None:
    session = fake_session()
    session.add_object()
    with pytest.warns(RuntimeWarning, match=r"session\.interact\(\.\.\.\) was never run"):
        session.interact(stroke())
    assert session.drafts == ()


def test_a_command_that_was_closed_or_begun_does_not_warn() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0))
    session.propagate().close()
    frames = session.propagate()
    next(frames)
    del frames
    session.finish()
    assert session.anchors == (0,)


def test_a_command_can_be_run_to_its_end_after_some_of_its_frames() -> None:
    session = fake_session(square_clip(6))
    session.set_ids(0, square_ids(0))
    command = session.propagate()
    assert next(command).frame_index == 1
    assert [change.frame_index for change in command.run()] == [2, 3, 4, 5]
    assert session.unfinished == ()


def test_a_command_that_another_one_came_before_says_so() -> None:
    session = fake_session()
    session.add_object()
    early = session.interact(stroke())
    session.interact(stroke("brush")).run()
    with pytest.raises(NotReadyError, match=r"another command before this interact ran: call it again"):
        early.run()
    early.close()
    assert session.undo_count == 2


def test_bad_input_raises_at_the_call_not_when_the_command_runs() -> None:
    session = fake_session()
    with pytest.raises(InvalidInteractionError, match="There is no object 7"):
        session.interact(stroke(object_id=7))
