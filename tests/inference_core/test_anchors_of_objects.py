"""An anchor is of a frame and of some objects: the others are propagated through it."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from inference_core.session import Session
from inference_core.types import UInt8Array
from tests.inference_core.fakes import FakeClip, fake_session, networks_of, stroke
from tests.inference_core.snapshot import differences, snapshot

FRAMES = 12
SIZE = (64, 96)
COLOURS = {1: (220, 30, 30), 2: (30, 220, 30), 3: (230, 230, 40)}
DRAWN_ON = {1: 2, 2: 6, 3: 9}
ORDERS = list(permutations(COLOURS))


def left_top(object_id: int, frame_index: int) -> tuple[int, int]:
    left = 8 + 5 * frame_index if object_id != 2 else 72 - 5 * frame_index
    return left, 4 + 20 * (object_id - 1)


def true_ids(frame_index: int) -> UInt8Array:
    ids = np.zeros(SIZE, np.uint8)
    for object_id in COLOURS:
        left, top = left_top(object_id, frame_index)
        ids[top : top + 16, left : left + 16] = object_id
    return ids


def three_squares() -> Session:
    """Open a clip on which three squares of their own colours move in lanes; none is drawn yet."""
    ground = np.random.default_rng(0).integers(0, 60, (*SIZE, 3), dtype=np.uint8)
    ground[..., 2] += 120
    images = []
    for frame_index in range(FRAMES):
        image = ground.copy()
        for object_id, colour in COLOURS.items():
            image[true_ids(frame_index) == object_id] = colour
        images.append(image)
    session = fake_session(FakeClip(images))
    for name in ("red", "green", "yellow"):
        session.add_object(name)
    return session


def draw(session: Session, object_id: int, frame_index: int | None = None) -> None:
    """Draw an object exactly, on its own frame or another."""
    frame = DRAWN_ON[object_id] if frame_index is None else frame_index
    left, top = left_top(object_id, frame)
    corners = [[left, top], [left + 15, top], [left + 15, top + 15], [left, top + 15]]
    list(session.interact(stroke("lasso", corners, frame=frame, object_id=object_id)))


def mask(session: Session, object_id: int, frame_index: int) -> np.ndarray:
    return session.ids(frame_index) == object_id


def masks(session: Session, object_id: int) -> list[bytes]:
    return [mask(session, object_id, frame_index).tobytes() for frame_index in range(FRAMES)]


def assert_follows(
    session: Session, object_id: int, frames: range = range(FRAMES), least: float = 0.8
) -> None:
    for frame_index in frames:
        truth, found = true_ids(frame_index) == object_id, mask(session, object_id, frame_index)
        assert (truth & found).sum() / (truth | found).sum() > least, (object_id, frame_index)


def assert_anchors_are_exact(session: Session, *object_ids: int) -> None:
    for object_id in object_ids:
        frame_index = DRAWN_ON[object_id]
        assert (mask(session, object_id, frame_index) == (true_ids(frame_index) == object_id)).all()


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_objects_anchored_on_different_frames_go_through_the_whole_clip(order: tuple[int, ...]) -> None:
    session = three_squares()
    for object_id in order:
        draw(session, object_id)
        list(session.propagate())
    for object_id in order:
        assert_follows(session, object_id)
    assert_anchors_are_exact(session, *order)


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_objects_drafted_on_different_frames_go_through_the_whole_clip(order: tuple[int, ...]) -> None:
    session = three_squares()
    for object_id in order:
        draw(session, object_id)
    list(session.propagate())
    for object_id in order:
        assert_follows(session, object_id)
    assert_anchors_are_exact(session, *order)


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_a_new_object_leaves_the_masks_of_the_others_as_they_are(order: tuple[int, ...]) -> None:
    session = three_squares()
    for object_id in order:
        before = {other: masks(session, other) for other in COLOURS}
        draw(session, object_id)
        list(session.propagate())
        assert all(masks(session, other) == before[other] for other in COLOURS if other != object_id)


def test_what_is_propagated_through_an_anchor_comes_in_behind_its_own_objects() -> None:
    session = three_squares()
    left, top = left_top(2, 6)
    half = [[left - 8, top], [left + 7, top], [left + 7, top + 15], [left - 8, top + 15]]
    list(session.interact(stroke("lasso", half, frame=6, object_id=1)))
    drawn = mask(session, 1, 6)
    list(session.propagate(frame_range=(6, 6)))
    draw(session, 2, 4)
    list(session.propagate())
    assert (mask(session, 1, 6) == drawn).all()
    assert mask(session, 2, 6).sum() == pytest.approx(16 * 16 / 2, abs=20), "the half that is not covered"
    assert_follows(session, 2, range(6))
    assert_follows(session, 2, range(7, FRAMES), least=0.6)


def test_a_range_bounds_what_is_propagated_through_an_anchor() -> None:
    session = three_squares()
    draw(session, 1)
    list(session.propagate())
    draw(session, 2)
    changes = list(session.propagate(frame_range=(1, 8)))
    assert sorted(change.frame_index for change in changes) == [1, 2, 3, 4, 5, 7, 8]
    assert_follows(session, 2, range(1, 9))
    assert not any(mask(session, 2, frame_index).any() for frame_index in (0, 9, 10, 11))


def test_a_correction_is_fused_across_an_anchor_of_another_object() -> None:
    session = three_squares()
    draw(session, 1)
    draw(session, 2)
    list(session.propagate())
    fusion = networks_of(session)[1]
    fusion.distances.clear()
    draw(session, 1, 10)
    list(session.propagate())
    assert len(fusion.distances) == 7, "frames 9 to 3, frame 6 among them"
    assert fusion.distances[3] == pytest.approx((4 / 8, 4 / 8)), "between the anchors 2 and 10"
    assert_follows(session, 1)
    assert_anchors_are_exact(session, 1, 2)


def test_objects_with_different_next_anchors_are_each_fused_on_their_own_way() -> None:
    session = three_squares()
    for object_id, frame_index in ((1, 0), (2, 3), (1, 11), (2, 11)):
        draw(session, object_id, frame_index)
    list(session.propagate(0))
    list(session.propagate(3))
    fusion = networks_of(session)[1]
    fusion.distances.clear()
    list(session.propagate(11))
    assert (10 / 11, 1 / 11) in [pytest.approx(distance) for distance in fusion.distances]
    assert len(fusion.distances) == 10 + 7
    for object_id in (1, 2):
        assert_follows(session, object_id)


@pytest.mark.parametrize("frames", range(1, 11))
def test_a_propagation_stopped_among_anchors_of_others_ends_where_an_uninterrupted_one_does(
    frames: int,
) -> None:
    one, other = three_squares(), three_squares()
    for session in (one, other):
        draw(session, 1)
        list(session.propagate())
        draw(session, 3)
        draw(session, 2)
        draw(session, 1, 6)
    list(one.propagate(6))
    running = other.propagate(6)
    for _ in range(frames):
        next(running)
    running.close()
    list(other.propagate(6))
    assert other.unfinished == ()
    assert set(differences(snapshot(one), snapshot(other))) <= {"rounds"}


def test_an_anchor_of_one_object_takes_over_only_that_object_from_an_unfinished_propagation() -> None:
    session = three_squares()
    draw(session, 1, 0)
    draw(session, 2, 0)
    running = session.propagate(0)
    for _ in range(6):
        next(running)
    running.close()
    draw(session, 1, 4)
    list(session.propagate(4))
    assert session.unfinished == (0,)
    list(session.propagate())
    assert session.unfinished == ()
    for object_id in (1, 2):
        assert_follows(session, object_id)


def test_undo_takes_back_what_was_propagated_through_anchors_of_others() -> None:
    session = three_squares()
    draw(session, 1)
    list(session.propagate())
    draw(session, 2)
    before = snapshot(session)
    list(session.propagate())
    after = snapshot(session)
    session.undo()
    assert differences(snapshot(session), before) == []
    session.redo()
    assert differences(snapshot(session), after) == []


def test_once_an_anchor_is_reset_its_object_is_propagated_through_the_frame_again() -> None:
    session = three_squares()
    draw(session, 1)
    draw(session, 2)
    list(session.propagate())
    session.reset(DRAWN_ON[1])
    assert not session.ids(DRAWN_ON[1]).any()
    draw(session, 1, 10)
    list(session.propagate())
    list(session.propagate(DRAWN_ON[2]))
    for object_id in (1, 2):
        assert_follows(session, object_id)


def test_correcting_an_object_where_another_is_anchored_keeps_both() -> None:
    session = three_squares()
    draw(session, 1)
    list(session.propagate())
    draw(session, 2)
    list(session.propagate())
    draw(session, 2, DRAWN_ON[1])
    list(session.propagate())
    draw(session, 1, 11)
    draw(session, 2, 11)
    list(session.propagate())
    assert_anchors_are_exact(session, 1, 2)
    assert (mask(session, 2, DRAWN_ON[1]) == (true_ids(DRAWN_ON[1]) == 2)).all()


def test_a_stroke_also_commits_the_objects_whose_pixels_it_takes() -> None:
    session = three_squares()
    for object_id in (1, 2):
        draw(session, object_id, 0)
    list(session.propagate())
    left, top = left_top(2, 6)
    list(session.interact(stroke("brush", [[left + 8, top + 8]], frame=6, object_id=1, radius=4)))
    corrected = session.ids(6)
    list(session.propagate(0))
    assert (session.ids(6) == corrected).all(), "a draft"
    list(session.propagate(6))
    list(session.propagate(0))
    assert (session.ids(6) == corrected).all(), "an anchor"


def test_an_object_that_was_propagated_into_anothers_anchor_is_not_taken_for_given() -> None:
    session = three_squares()
    draw(session, 1)
    list(session.propagate())
    draw(session, 2)
    list(session.propagate())
    confidence = session.confidence(DRAWN_ON[1])
    assert confidence[1] == 1
    assert 0 < confidence[2] < 1
    confidence = session.confidence(DRAWN_ON[2])
    assert confidence[2] == 1
    assert 0 < confidence[1] < 1
