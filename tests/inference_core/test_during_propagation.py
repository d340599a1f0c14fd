"""What the user does while a propagation goes on is a step behind it, and the propagation is one step."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from torch import Tensor

from inference_core.session import Session
from tests.inference_core.fakes import FakeInteraction, fake_session, square_clip, square_ids, stroke
from tests.inference_core.snapshot import differences, snapshot

FRAMES = 10
Act = Callable[[Session], object]


def session_with_two_objects() -> Session:
    session = fake_session(square_clip(FRAMES))
    session.set_ids(0, square_ids(0, both=True))
    return session


def propagate_with(session: Session, acts: dict[int, Act]) -> list[int]:
    """Propagate; after so many frames do something else. Return the frames in the order of propagation."""
    frames = []
    for number, change in enumerate(session.propagate(), start=1):
        frames.append(change.frame_index)
        if number in acts:
            acts[number](session)
    return frames


def paint(frame: int, object_id: int = 1) -> Act:
    return lambda session: session.interact(
        stroke("brush", ((60.0, 50.0),), frame=frame, object_id=object_id, radius=4)
    ).run()


def undo(session: Session) -> None:
    session.undo()


def redo(session: Session) -> None:
    session.redo()


def test_a_stroke_in_between_is_a_step_behind_the_propagation_which_goes_on() -> None:
    session, after = session_with_two_objects(), session_with_two_objects()
    assert propagate_with(session, {3: paint(2)}) == list(range(1, FRAMES))
    after.propagate().run()
    propagated = snapshot(after)
    paint(2)(after)
    assert differences(snapshot(session), snapshot(after)) == []
    assert session.undo_count == after.undo_count == 3
    session.undo()
    assert differences(snapshot(session), propagated) == []
    session.redo()
    assert differences(snapshot(session), snapshot(after)) == []


def test_a_stroke_ahead_of_the_propagation_stays_and_other_objects_come_in_behind_it() -> None:
    session, alone = session_with_two_objects(), session_with_two_objects()
    propagate_with(session, {3: paint(7)})
    alone.propagate().run()
    assert session.drafts == (7,)
    assert (session.ids(7) == 1).sum() == 49
    assert ((session.ids(7) == 2) == (alone.ids(7) == 2)).all()
    session.undo()
    assert differences(snapshot(session), snapshot(alone)) == []


def test_undo_in_between_undoes_the_stroke_and_leaves_the_finished_frames() -> None:
    session, alone = session_with_two_objects(), session_with_two_objects()
    assert propagate_with(session, {3: paint(7), 5: undo}) == list(range(1, FRAMES))
    alone.propagate().run()
    assert differences(snapshot(session), snapshot(alone)) == []
    assert session.can_redo


def test_a_stroke_that_was_undone_in_between_can_be_redone_behind_all_of_the_propagation() -> None:
    session, drawn = session_with_two_objects(), session_with_two_objects()
    propagate_with(session, {2: paint(7), 4: undo})
    session.redo()
    propagate_with(drawn, {2: paint(7)})
    assert differences(snapshot(session), snapshot(drawn)) == []


def test_undo_in_between_with_nothing_behind_the_propagation_ends_and_undoes_it() -> None:
    session = session_with_two_objects()
    drafted = snapshot(session)
    assert propagate_with(session, {4: undo}) == [1, 2, 3, 4]
    assert differences(snapshot(session), drafted) == []
    session.redo()
    assert session.unfinished == (0,)
    assert session.rounds[0].changed_frames == (1, 2, 3, 4)


def test_several_strokes_on_one_frame_ahead_are_undone_one_after_the_other() -> None:
    session, alone = session_with_two_objects(), session_with_two_objects()
    alone.propagate().run()
    propagate_with(session, {1: paint(7), 2: paint(7, 2), 3: paint(8)})
    assert session.present(7) == (2,)
    session.undo()
    session.undo()
    assert session.present(7) == (1, 2)
    session.undo()
    assert differences(snapshot(session), snapshot(alone)) == []


def test_a_frame_that_is_reset_in_between_stays_empty() -> None:
    session = session_with_two_objects()
    propagate_with(session, {3: lambda session: session.reset(2)})
    assert not session.ids(2).any()
    assert session.ids(3).any()
    session.undo()
    assert session.ids(2).any()


def test_what_is_locked_in_between_is_left_alone_from_then_on_and_can_be_resumed() -> None:
    session = session_with_two_objects()
    frames = propagate_with(session, {4: lambda session: session.lock(1)})
    assert frames == list(range(1, FRAMES))
    assert [session.present(frame_index) for frame_index in (4, 5)] == [(1, 2), (2,)]
    session.lock(1, False)
    assert session.unfinished == (0,)
    assert [change.frame_index for change in session.propagate()] == list(range(5, FRAMES))
    assert all(session.present(frame_index) == (1, 2) for frame_index in range(FRAMES))


def test_when_all_objects_are_locked_in_between_the_propagation_ends() -> None:
    session = session_with_two_objects()

    def lock_all(session: Session) -> None:
        session.lock(1)
        session.lock(2)

    assert propagate_with(session, {4: lock_all}) == [1, 2, 3, 4]


def test_an_object_that_is_removed_in_between_is_there_on_every_frame_once_that_is_undone() -> None:
    session, alone = session_with_two_objects(), session_with_two_objects()
    propagate_with(session, {3: lambda session: session.remove_object(2)})
    assert all(session.present(frame_index) == (1,) for frame_index in range(FRAMES))
    session.undo()
    alone.propagate().run()
    assert differences(snapshot(session), snapshot(alone)) == []


@pytest.mark.parametrize("is_id_used_again", [False, True])
def test_a_draft_drawn_after_an_object_was_removed_in_between_holds_nothing_of_it(
    is_id_used_again: bool,
) -> None:
    session, alone = session_with_two_objects(), session_with_two_objects()

    def remove_and_draw(session: Session) -> None:
        session.remove_object(2)
        if is_id_used_again:
            session.add_object("other", 2)
        paint(7)(session)

    assert propagate_with(session, {3: remove_and_draw}) == list(range(1, FRAMES))
    assert session.present(7) == (1,)
    while session.undo_count > 2:
        session.undo()
    alone.propagate().run()
    assert differences(snapshot(session), snapshot(alone)) == []


def test_an_object_that_is_added_and_drawn_in_between_stays_on_its_frame() -> None:
    session = session_with_two_objects()

    def draw_third(session: Session) -> None:
        paint(7, session.add_object("third"))(session)

    propagate_with(session, {3: draw_third})
    assert session.present(7) == (1, 2, 3)
    assert session.drafts == (7,)
    assert session.present(6) == (1, 2)


def test_a_draft_that_waits_for_its_own_round_keeps_what_is_drawn_on_it_in_between() -> None:
    session = session_with_two_objects()
    session.set_ids(9, square_ids(9, both=True))
    propagate_with(session, {3: paint(9)})
    assert (session.drafts, session.anchors) == ((9,), (0, 9))
    assert session.ids(9)[50, 60] == 1
    session.undo()
    assert (session.drafts, session.anchors) == ((), (0, 9))
    assert (session.ids(9) == square_ids(9, both=True)).all()


@pytest.mark.parametrize("act", [None, undo, lambda session: session.rename_object(1, "dog")])
def test_a_stroke_that_could_still_be_improved_ends_where_the_propagation_goes_on(
    act: Act | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def twice(self: FakeInteraction, *planes: Tensor) -> Iterator[Tensor]:
        for prediction in predictions(self, *planes):
            yield from (prediction, prediction)

    predictions = FakeInteraction.predictions
    monkeypatch.setattr(FakeInteraction, "predictions", twice)
    session, alone = session_with_two_objects(), session_with_two_objects()
    frames, not_begun = iter(session.propagate()), session.interact(stroke(frame=8))
    next(frames)
    next(frames)
    assert len(not_begun.run()) == 1
    improved = iter(session.interact(stroke(frame=7)))
    next(improved)
    if act is not None:
        act(session)
    next(frames)
    assert list(improved) == []
    assert [change.frame_index for change in frames] == list(range(4, FRAMES))
    while session.undo_count > 2:
        session.undo()
    alone.propagate().run()
    assert differences(snapshot(session), snapshot(alone)) == []


def test_a_session_that_is_restored_in_between_goes_on_as_the_propagation_would_have() -> None:
    from tests.inference_core.fakes import MemoryScratch, fake_networks

    scratch = MemoryScratch()
    session = fake_session(square_clip(FRAMES), scratch=scratch)
    session.set_ids(0, square_ids(0, both=True))
    frames = iter(session.propagate())
    for _ in range(4):
        next(frames)
    paint(7)(session)
    session.flush()
    storage = MemoryScratch()
    storage.contents.update(scratch.contents)
    state = session.state
    again = Session.restore(
        state, storage, square_clip(FRAMES), fake_networks(), device="cpu", dtype="float32"
    )
    assert list(map(again.present, range(FRAMES))) == list(map(session.present, range(FRAMES)))
    assert again.unfinished == (0,)
    again.propagate(0).run()
    for _ in frames:
        pass
    for frame_index in range(FRAMES):
        assert (again.ids(frame_index) == session.ids(frame_index)).all()


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_done_in_between_the_propagation_is_as_it_is_alone_and_undo_is_exact(seed: int) -> None:
    rng = np.random.default_rng(seed)
    session, alone = session_with_two_objects(), session_with_two_objects()
    alone.propagate().run()
    states = {}

    def act(session: Session) -> None:
        kind = rng.integers(4)
        if kind == 0 and session.undo_count > 3:
            session.undo()
        elif kind == 1:
            session.redo()
        elif kind == 2:
            session.reset(int(rng.integers(1, FRAMES)))
        else:
            paint(int(rng.integers(1, FRAMES)), int(rng.integers(1, 3)))(session)

    propagate_with(session, dict.fromkeys(range(1, FRAMES - 1), act))
    states[session.undo_count] = snapshot(session)
    while session.undo_count > 2:
        session.undo()
        states[session.undo_count] = snapshot(session)
    assert differences(states[2], snapshot(alone)) == []
    while session.can_redo:
        session.redo()
        if session.undo_count in states:
            assert differences(snapshot(session), states[session.undo_count]) == []
