from __future__ import annotations

import numpy as np
import pytest

from inference_core.errors import InvalidInteractionError, NotReadyError
from inference_core.session import Session
from tests.inference_core.fakes import fake_session, networks_of, square_ids, stroke


def green(session: Session, frame_index: int) -> np.ndarray:
    return session.ids(frame_index) == 2


@pytest.mark.parametrize("working_size", [480, 32])
def test_a_propagation_leaves_a_locked_objects_pixels_exactly(working_size: int) -> None:
    session = fake_session(working_size=working_size)
    session.set_ids(0, square_ids(0, both=True))
    list(session.propagate())
    session.lock(2)
    before = [green(session, frame_index) for frame_index in range(12)]
    prob = [session.prob(frame_index)[2] for frame_index in range(12)]
    wrong = np.where(green(session, 11), 2, 0).astype(np.uint8)
    wrong[30:64, 0:40][wrong[30:64, 0:40] == 0] = 1
    session.set_ids(11, wrong)
    list(session.propagate())
    for frame_index in range(12):
        assert (green(session, frame_index) == before[frame_index]).all()
    if working_size == 480:
        for frame_index in range(1, 11):
            np.testing.assert_allclose(session.prob(frame_index)[2], prob[frame_index], atol=0.01)


@pytest.mark.parametrize("tool", ["scribble", "click", "brush", "lasso", "box"])
def test_no_tool_takes_a_locked_objects_pixels(tool: str) -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0, both=True))
    session.lock(2)
    points = [[4, 38], [30, 38], [30, 60], [4, 60]] if tool == "lasso" else [[4, 44], [30, 52]]
    before = green(session, 0)
    list(session.interact(stroke(tool, points, object_id=1, radius=8)))
    assert (green(session, 0) == before).all()


def test_a_locked_object_cannot_be_drawn() -> None:
    session = fake_session()
    session.add_object("red")
    session.lock(1)
    with pytest.raises(InvalidInteractionError, match="red is locked"):
        session.interact(stroke())
    session.lock(1, False)
    assert list(session.interact(stroke()))


def test_masks_from_outside_do_not_change_a_locked_object() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0, both=True))
    session.lock(2)
    incoming = np.zeros((64, 96), np.uint8)
    incoming[40:48] = 1
    incoming[0:8] = 2
    before = green(session, 0)
    session.set_ids(0, incoming)
    assert (green(session, 0) == before).all()
    assert (session.ids(0) == 1).any()


def test_with_everything_locked_there_is_nothing_to_propagate() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0))
    session.lock(1)
    with pytest.raises(NotReadyError, match="unlock"):
        session.propagate()


def test_a_locked_object_is_still_negative_guidance_for_the_others() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0, both=True))
    session.lock(2)
    list(session.propagate())
    assert session.bank[0][1].value.shape[0] == 2
    assert networks_of(session)[0].calls["decode"] == 11


def test_a_reset_keeps_a_locked_object_on_the_frame() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0, both=True))
    list(session.propagate())
    session.lock(2)
    before, prob = green(session, 5), session.prob(5)[2]
    changes = session.reset(5)
    assert [change.frame_index for change in changes] == [5]
    assert not (session.ids(5) == 1).any()
    assert (green(session, 5) == before).all()
    assert (session.prob(5)[2] == prob).all()
    assert list(session.reset(5)) == [], "nothing is left to be cleared"
    session.undo()
    assert (session.ids(5) == 1).any()


def test_a_reset_anchor_stays_an_anchor_of_a_locked_object_alone() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0, both=True))
    list(session.propagate())
    session.set_ids(6, square_ids(6, both=True))
    list(session.propagate())
    session.lock(2)
    session.reset(6)
    assert session.anchors == (0, 6)
    list(session.propagate(0))
    assert (session.ids(6) == 1).any(), "propagated through"
    assert (green(session, 6) == (square_ids(6, both=True) == 2)).all()
    session.lock(2, False)
    session.reset(6)
    assert session.anchors == (0,)
    assert not session.ids(6).any()


def test_a_draft_that_is_reset_stays_one_for_a_locked_object() -> None:
    session = fake_session()
    session.set_ids(4, square_ids(4, both=True))
    session.lock(2)
    session.reset(4)
    assert session.drafts == (4,)
    assert set(np.unique(session.ids(4))) == {0, 2}
    session.lock(2, False)
    list(session.propagate())
    assert green(session, 11).any()


def test_a_locked_object_cannot_be_removed() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0, both=True))
    list(session.propagate())
    session.lock(2)
    with pytest.raises(InvalidInteractionError, match="Object 2 is locked: unlock it to remove it"):
        session.remove_object(2)
    assert green(session, 7).any()
    session.lock(2, False)
    session.remove_object(2)
    assert not green(session, 7).any()


def test_set_ids_does_not_make_a_locked_object_absent() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0, both=True))
    session.lock(2)
    session.set_ids(6, square_ids(6))
    list(session.propagate())
    session.lock(2, False)
    list(session.propagate(0))
    assert all(green(session, frame_index).any() for frame_index in range(12))


def test_what_is_unfinished_of_a_locked_object_waits_until_it_is_unlocked() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0, both=True))
    running = session.propagate()
    for _ in range(4):
        next(running)
    running.close()
    session.lock(2)
    assert session.unfinished == (0,)
    list(session.propagate())
    assert session.unfinished == ()
    assert (session.ids(11) == 1).any()
    assert not green(session, 5).any()
    session.lock(2, False)
    assert session.unfinished == (0,)
    list(session.propagate())
    assert session.unfinished == ()
    assert all(green(session, frame_index).sum() > 200 for frame_index in range(12))


@pytest.mark.parametrize("frame_index", [None, 0])
def test_a_draft_of_locked_objects_alone_waits(frame_index: int | None) -> None:
    session = fake_session()
    for object_id in (1, 2):
        session.add_object()
        list(session.interact(stroke("brush", [[16, 16]], frame=4 * object_id - 4, object_id=object_id)))
    session.lock(1)
    if frame_index is None:
        list(session.propagate())
    else:
        with pytest.raises(NotReadyError, match="drawn on frame 0 are locked"):
            session.propagate(frame_index)
    assert 0 in session.drafts
