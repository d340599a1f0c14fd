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


def test_a_locked_object_still_tells_the_network_what_is_not_the_others() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0, both=True))
    session.lock(2)
    list(session.propagate())
    assert session.bank[0][1].value.shape[0] == 2
    assert networks_of(session)[0].calls["decode"] == 11
