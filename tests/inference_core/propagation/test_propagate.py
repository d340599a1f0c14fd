from __future__ import annotations

import numpy as np
import pytest

from inference_core.errors import NotReadyError, UserError
from tests.inference_core.fakes import FakeClip, fake_session, networks_of, square_clip, square_ids, stroke


def test_a_mask_follows_its_object_through_the_clip() -> None:
    session = fake_session()
    session.set_ids(5, square_ids(5, both=True))
    list(session.propagate())
    for frame_index in range(12):
        truth, ids = square_ids(frame_index, both=True), session.ids(frame_index)
        for object_id in (1, 2):
            both = ((ids == object_id) & (truth == object_id)).sum()
            assert both / ((ids == object_id) | (truth == object_id)).sum() > 0.9


def test_frames_come_forward_then_backward_with_progress_and_their_ids() -> None:
    session = fake_session()
    session.set_ids(9, square_ids(9))
    changes = list(session.propagate())
    assert [change.frame_index for change in changes] == [10, 11, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert [change.progress.done for change in changes if change.progress] == list(range(1, 12))
    assert {change.progress.total for change in changes if change.progress} == {11}
    assert all((change.ids == session.ids(change.frame_index)).all() for change in changes)


@pytest.mark.parametrize(("direction", "frames"), [("forward", [6, 7]), ("backward", [4, 3])])
def test_direction_and_range_bound_the_propagation(direction: str, frames: list[int]) -> None:
    session = fake_session()
    session.set_ids(5, square_ids(5))
    changes = session.propagate(direction=direction, frame_range=(3, 7))
    assert [change.frame_index for change in changes] == frames


def test_anchors_are_never_changed() -> None:
    session = fake_session()
    wrong = np.zeros((64, 96), np.uint8)
    wrong[50:60, 70:90] = 1
    session.set_ids(6, wrong)
    list(session.propagate())
    for frame_index in (0, 11, 3):
        session.set_ids(frame_index, square_ids(frame_index))
        list(session.propagate())
        assert (session.ids(6) == wrong).all()


def test_drafts_are_committed_in_the_order_of_drawing() -> None:
    session = fake_session()
    for frame_index in (8, 2):
        session.set_ids(frame_index, square_ids(frame_index))
    list(session.propagate())
    assert [each.anchor for each in session.rounds] == [8, 2]
    assert session.rounds[1].changed_frames == (0, 1, 3, 4, 5, 6, 7)
    assert session.drafts == ()
    assert session.anchors == (2, 8)


def test_one_draft_alone_can_be_propagated_and_the_other_stays() -> None:
    session = fake_session()
    drawn = square_ids(6)
    session.set_ids(2, square_ids(2))
    session.set_ids(6, drawn)
    changed = [change.frame_index for change in session.propagate(2)]
    assert session.drafts == (6,)
    assert 6 in changed
    assert (session.ids(6) == drawn).all()


def test_a_draft_that_a_propagation_has_passed_is_compared_with_the_propagated_mask() -> None:
    session = fake_session()
    session.set_ids(6, square_ids(6))
    session.set_ids(0, square_ids(0))
    list(session.propagate(0))
    list(session.propagate(6))
    added = networks_of(session)[1].attention[0][0, 0]
    # Propagation had found the square by itself: what the draft added is a softer edge, not the whole square.
    assert added.sum() < 0.1 * (square_ids(6) == 1).sum()


def test_an_anchor_can_be_propagated_again() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0))
    list(session.propagate(frame_range=(0, 3)))
    assert [change.frame_index for change in session.propagate(0)] == list(range(1, 12))
    assert len(session.bank) == 1


@pytest.mark.parametrize("frame_index", [None, 3])
def test_without_a_drawing_there_is_nothing_to_propagate(frame_index: int | None) -> None:
    session = fake_session()
    session.add_object("red")
    with pytest.raises(NotReadyError, match="before propagating"):
        session.propagate(frame_index)


def test_propagating_twice_in_a_row_is_refused_since_nothing_has_changed() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0))
    list(session.propagate())
    with pytest.raises(NotReadyError, match="Nothing has changed"):
        session.propagate()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"direction": "sideways"}, "forward, backward or both"),
        ({"frame_range": (5, 2)}, "does not lie within frames 0 to 11"),
        ({"frame_range": (0, 12)}, "does not lie within frames 0 to 11"),
        ({"frame_index": 0, "frame_range": (3, 5)}, "outside of the range"),
    ],
)
def test_a_request_that_cannot_be_fulfilled_is_refused_at_the_call(
    arguments: dict[str, object], sentence: str
) -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0))
    with pytest.raises(UserError, match=sentence):
        session.propagate(**arguments)  # type: ignore[arg-type]


def test_one_frame_is_a_clip_too() -> None:
    session = fake_session(square_clip(1))
    session.set_ids(0, square_ids(0))
    assert list(session.propagate()) == []
    assert session.anchors == (0,)
    assert len(session.rounds) == 1


def test_an_object_that_is_not_there_can_be_an_anchor() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0))
    list(session.propagate())
    list(session.interact(stroke("eraser", [[48, 16]], frame=8, radius=60)))
    assert not session.ids(8).any()
    list(session.propagate())
    assert session.anchors == (0, 8)
    assert not session.ids(8).any()


def test_twelve_objects_at_once() -> None:
    ids = np.zeros((64, 96), np.uint8)
    image = np.zeros((64, 96, 3), np.uint8)
    for place in range(12):
        top, left = 8 + 24 * (place // 6), 16 * (place % 6)
        ids[top : top + 16, left : left + 12] = place + 1
        image[top : top + 16, left : left + 12] = 80 + np.random.default_rng(place).integers(0, 175, 3)
    session = fake_session(FakeClip([image] * 3))
    session.set_ids(0, ids)
    list(session.propagate())
    assert len(session.objects) == 12
    assert session.prob(1).shape == (13, 64, 96)
    assert len(session.present(1)) == 12


def test_the_decoder_sees_the_mask_of_the_frame_before() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0))
    list(session.propagate())
    means = networks_of(session)[0].previous_means
    padded = 64 * 96
    assert means[0] == pytest.approx((16 * 16) / padded, abs=1e-4)
    assert means[5] == pytest.approx(float(session.prob(5)[1].mean()), abs=1e-4)


def test_the_length_of_the_bank_is_told_for_every_round() -> None:
    session = fake_session()
    for frame_index in (0, 6, 0):
        session.set_ids(frame_index, square_ids(frame_index))
        list(session.propagate())
    assert [each.bank_length for each in session.rounds] == [1, 2, 2]


def test_target_models_are_learned_from_the_nearest_anchors_first() -> None:
    session = fake_session()
    network = networks_of(session)[0]
    session.set_ids(0, square_ids(0))
    list(session.propagate())
    session.set_ids(11, square_ids(11, both=True))
    list(session.propagate())
    assert network.known == [[(0,)], [(0, 1), (0,)]], (
        "once a segment, with the objects that each anchor knows"
    )
