"""Objects that enter at different times: a frame says nothing of one that nobody has looked for on it."""

from __future__ import annotations

import numpy as np

from inference_core.session import Session
from tests.inference_core.fakes import fake_session, networks_of, square_ids, stroke

GREEN = [[8, 40], [23, 40], [23, 55], [8, 55]]


def red_corners(frame_index: int) -> list[list[int]]:
    left = 8 + 4 * frame_index
    return [[left, 8], [left + 15, 8], [left + 15, 23], [left, 23]]


def lasso(session: Session, object_id: int, frame_index: int) -> None:
    corners = red_corners(frame_index) if object_id == 1 else GREEN
    list(session.interact(stroke("lasso", corners, frame=frame_index, object_id=object_id)))


def two_objects() -> Session:
    session = fake_session()
    session.add_object("red")
    session.add_object("green")
    return session


def overlap(session: Session, frame_index: int, object_id: int) -> float:
    truth, ids = square_ids(frame_index, both=True) == object_id, session.ids(frame_index) == object_id
    return float((truth & ids).sum() / (truth | ids).sum())


def test_objects_drawn_on_different_frames_both_go_through_the_whole_clip() -> None:
    session = two_objects()
    lasso(session, 1, 0)
    lasso(session, 2, 6)
    list(session.propagate())
    for frame_index in range(12):
        assert overlap(session, frame_index, 1) > 0.9
        assert overlap(session, frame_index, 2) > 0.9
    assert ((session.ids(0) == 1) == (square_ids(0) == 1)).all()


def test_a_draft_takes_in_what_is_propagated_of_other_objects_behind_what_was_drawn() -> None:
    session = two_objects()
    lasso(session, 1, 0)
    list(session.interact(stroke("brush", [[36, 12]], frame=6, object_id=2, radius=6)))
    drawn = session.ids(6) == 2
    list(session.propagate(0))
    assert session.drafts == (6,)
    assert ((session.ids(6) == 2) == drawn).all()
    assert (session.ids(6) == 1).sum() > 100
    session.undo()
    assert not (session.ids(6) == 1).any()


def test_correcting_one_object_where_another_was_never_drawn_does_not_make_the_other_absent() -> None:
    session = two_objects()
    lasso(session, 1, 0)
    list(session.propagate())
    lasso(session, 2, 6)
    list(session.propagate())
    before = [session.ids(frame_index) == 2 for frame_index in range(12)]
    list(session.interact(stroke("brush", [[30, 16]], frame=0, object_id=1, radius=3)))
    list(session.propagate())
    for frame_index in range(1, 12):
        assert ((session.ids(frame_index) == 2) == before[frame_index]).all()


def test_erasing_an_object_makes_it_absent() -> None:
    session = two_objects()
    lasso(session, 1, 0)
    lasso(session, 2, 0)
    list(session.propagate())
    list(session.interact(stroke("eraser", [[16, 48]], frame=11, object_id=2, radius=40)))
    list(session.propagate())
    known = session._store.state.anchor_frame(11)
    assert known is not None
    assert len(known.record.prob.known) == 2
    assert networks_of(session)[1].distances
    assert not (session.ids(11) == 2).any()


def test_set_ids_commits_every_object() -> None:
    session = two_objects()
    lasso(session, 1, 0)
    lasso(session, 2, 0)
    session.set_ids(11, np.zeros((64, 96), np.uint8))
    list(session.propagate())
    anchor = session._store.state.anchor_frame(11)
    assert anchor is not None
    assert len(anchor.record.prob.known) == 2


def test_propagating_from_an_old_anchor_leaves_a_later_object_where_it_is() -> None:
    session = two_objects()
    lasso(session, 1, 0)
    list(session.propagate())
    lasso(session, 2, 6)
    list(session.propagate())
    before = [session.ids(frame_index) == 2 for frame_index in range(12)]
    list(session.propagate(0))
    for frame_index in range(12):
        assert ((session.ids(frame_index) == 2) == before[frame_index]).all()
