from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from inference_core.session import Session
from inference_core.types import Interaction, MemoryBudget
from tests.inference_core.fakes import (
    MemoryScratch,
    fake_session,
    networks_of,
    square_clip,
    square_ids,
    stroke,
)
from tests.inference_core.snapshot import differences, snapshot


def long_story(session: Session) -> Iterator[Callable[[], object]]:
    """Commands of every kind, each one step."""
    yield lambda: session.add_object("red")
    yield lambda: list(session.interact(stroke("scribble", [[12, 16], [20, 16]])))
    yield lambda: list(session.interact(stroke("scribble", [[4, 40], [20, 40]], positive=False)))
    yield lambda: list(session.propagate(frame_range=(0, 5)))
    yield lambda: session.add_object("green")
    yield lambda: session.rename_object(2, "leaf")
    yield lambda: list(
        session.interact(stroke("lasso", [[8, 40], [23, 40], [23, 55], [8, 55]], frame=5, object_id=2))
    )
    yield lambda: list(session.interact(stroke("click", [[30, 16]], frame=3, region=(20, 4, 50, 30))))
    yield lambda: list(session.propagate())
    yield lambda: session.lock(2, True)
    yield lambda: list(session.interact(stroke("brush", [[10, 40], [40, 44]], frame=2, radius=6)))
    yield lambda: list(session.propagate())
    yield lambda: session.reset(3)
    yield lambda: session.lock(2, False)
    yield lambda: session.remove_object(2)
    yield lambda: session.set_ids(8, np.zeros((64, 96), np.uint8))
    yield lambda: stop_after(session, 1)
    yield lambda: list(session.propagate())


def stop_after(session: Session, frames: int) -> None:
    changes = session.propagate()
    for _ in range(frames):
        next(changes)
    changes.close()


def test_a_long_story_is_undone_and_redone_bit_by_bit() -> None:
    session = fake_session(square_clip(9))
    states = [snapshot(session)]
    for command in long_story(session):
        command()
        states.append(snapshot(session))
    for wanted in reversed(states[:-1]):
        session.undo()
        assert differences(snapshot(session), wanted) == []
    assert not session.can_undo
    for wanted in states[1:]:
        session.redo()
        assert differences(snapshot(session), wanted) == []
    assert not session.can_redo


def test_undo_is_exact_when_old_masks_have_left_memory() -> None:
    scratch = MemoryScratch()
    session = fake_session(square_clip(9), scratch=scratch, budget=MemoryBudget(contents=500))
    states = [snapshot(session)]
    for command in long_story(session):
        command()
        states.append(snapshot(session))
    assert len(scratch.contents) > 10
    for wanted in reversed(states[:-1]):
        session.undo()
        assert differences(snapshot(session), wanted) == []


def test_a_session_goes_on_after_undo_as_if_nothing_had_happened() -> None:
    one, other = fake_session(), fake_session()
    for session in (one, other):
        session.set_ids(0, square_ids(0, both=True))
        list(session.propagate())
    one.set_ids(6, np.zeros((64, 96), np.uint8))
    list(one.propagate())
    one.undo()
    one.undo()
    for session in (one, other):
        session.set_ids(9, square_ids(9, both=True))
        list(session.propagate())
    first, second = snapshot(one), snapshot(other)
    assert set(differences(first, second)) <= {"rounds"}


def test_undo_gives_back_the_strokes_that_were_seen_together() -> None:
    session = fake_session()
    session.add_object("red")
    list(session.interact(stroke("scribble", [[16, 16]])))
    list(session.interact(stroke("scribble", [[60, 16]])))
    session.undo()
    list(session.interact(stroke("scribble", [[16, 40]])))
    positive = networks_of(session)[2].planes[-1][1][0]
    assert positive[16, 16] == 1
    assert positive[16, 60] == 0


def test_one_propagation_of_two_drafts_is_one_step() -> None:
    session = fake_session()
    for frame_index in (2, 8):
        session.set_ids(frame_index, square_ids(frame_index))
    list(session.propagate())
    session.undo()
    assert session.drafts == (2, 8)
    assert session.rounds == ()


def test_undo_returns_which_frames_changed_and_how_they_look_now() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0))
    list(session.propagate(frame_range=(0, 4)))
    undone = session.undo()
    assert [change.frame_index for change in undone] == [1, 2, 3, 4]
    assert not any(change.ids.any() for change in undone)
    redone = session.redo()
    assert [change.frame_index for change in redone] == [1, 2, 3, 4]
    assert all((change.ids == 1).any() for change in redone)


def test_a_new_command_forgets_what_was_undone() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0))
    session.undo()
    session.set_ids(3, square_ids(3))
    assert not session.can_redo
    assert list(session.redo()) == []


def test_undo_with_nothing_to_undo_does_nothing() -> None:
    session = fake_session()
    assert list(session.undo()) == []


def test_refused_input_leaves_no_step() -> None:
    session = fake_session()
    with pytest.raises(ValueError, match="no object 4"):
        session.interact(stroke(object_id=4))
    assert not session.can_undo


def test_a_round_remembers_how_masks_were_before_and_after() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0))
    list(session.propagate())
    before = session.ids(5)
    session.set_ids(11, np.zeros((64, 96), np.uint8))
    list(session.propagate())
    after = session.ids(5)
    session.set_ids(5, np.ones((64, 96), np.uint8))
    assert (session.rounds[1].ids_before(5) == before).all()
    assert (session.rounds[1].ids_after(5) == after).all()
    assert (session.rounds[0].first, session.rounds[0].last) == (0, 11)


def test_a_round_refuses_frames_that_it_did_not_change() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0))
    list(session.propagate(frame_range=(0, 3)))
    with pytest.raises(ValueError, match="did not change frame 9"):
        session.rounds[0].ids_after(9)


def test_the_history_names_every_step_with_its_frames_and_says_which_are_undone() -> None:
    session = fake_session(square_clip(4))
    session.add_object("Dog")
    session.interact(stroke("brush", frame=1)).run()
    session.propagate().run()
    session.lock(1)
    session.rename_object(1, "Cat")
    session.undo()
    session.undo()
    assert [(entry.label, entry.frames, entry.is_undone) for entry in session.history] == [
        ("add object Dog", (), False),
        ("brush on Dog", (1,), False),
        ("propagate", (0, 2, 3), False),
        ("lock Dog", (), True),
        ("rename Dog to Cat", (), True),
    ]
    times = [entry.done_at for entry in session.history]
    assert times == sorted(times)


FRAME = ((-1.0, -1.0), (96.0, -1.0), (96.0, 64.0), (-1.0, 64.0))
CORNERS = ((10.0, 10.0), (30.0, 10.0), (30.0, 20.0), (10.0, 20.0))


@pytest.mark.parametrize(
    ("drawn", "label"),
    [
        (stroke("scribble", ((16.0, 16.0),)), "scribble on dog"),
        (stroke("scribble", ((16.0, 16.0),), positive=False), "scribble on dog"),
        (stroke("eraser", ((16.0, 16.0),)), "eraser on dog"),
        (stroke("lasso", CORNERS), "lasso on dog"),
        (stroke("lasso", ((1.0, 1.0), (30.0, 2.0), (20.0, 20.0)), positive=False), "lasso on dog"),
        (stroke("box", (CORNERS[0], CORNERS[2])), "box on dog"),
        (stroke("lasso", CORNERS, positive=False), "box on dog"),
        (stroke("lasso", FRAME, positive=False), "mark dog as not here"),
    ],
)
def test_a_step_is_called_what_the_user_did(drawn: Interaction, label: str) -> None:
    session = fake_session()
    session.add_object("dog")
    session.interact(drawn).run()
    assert session.history[-1].label == label
