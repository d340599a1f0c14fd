from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from inference_core.errors import InvalidInteractionError
from inference_core.session import Session
from inference_core.tools.registry import TOOLS
from tests.inference_core.fakes import (
    FakeClip,
    FakeInteraction,
    fake_networks,
    fake_session,
    networks_of,
    square_clip,
    square_ids,
    stroke,
)

NETWORK_TOOLS = ["scribble", "click", "box"]
ALL_TOOLS = list(TOOLS)
INSIDE = [[30.0, 20.0], [44.0, 34.0], [30.0, 34.0]]


def session_with(*names: str) -> Session:
    session = fake_session()
    for name in names:
        session.add_object(name)
    return session


def draw(session: Session, tool: str, points: object, **settings: object) -> np.ndarray:
    (change,) = session.interact(stroke(tool, points, **settings))  # type: ignore[arg-type]
    assert (change.ids == session.ids(change.frame_index)).all()
    return change.ids


@pytest.mark.parametrize("tool", ALL_TOOLS)
def test_every_tool_adds_to_its_object_and_makes_a_draft(tool: str) -> None:
    session = session_with("red")
    if tool == "eraser":
        session.set_ids(3, np.ones((64, 96), np.uint8))
    points = [[10, 6], [85, 58]] if tool == "box" else INSIDE
    ids = draw(session, tool, points, frame=3)
    assert (ids == 1).any()
    assert session.drafts == (3,)
    assert not session.ids(0).any()


def test_a_brush_paints_exactly_its_disks() -> None:
    ids = draw(session_with("red"), "brush", [[30, 20], [50, 20]], radius=5)
    y, x = np.mgrid[:64, :96]
    away = np.hypot(x - np.clip(x, 30, 50), y - 20)
    assert ((ids == 1) == (away <= 5)).all()


def test_an_eraser_takes_its_own_object_alone() -> None:
    session = session_with("red")
    session.set_ids(0, square_ids(0, both=True))
    ids = draw(session, "eraser", [[16, 16], [16, 48]], radius=30)
    assert not (ids == 1).any()
    assert ((ids == 2) == (square_ids(0, both=True) == 2)).all()


def test_a_brush_over_another_object_takes_its_pixels() -> None:
    session = session_with("red")
    session.set_ids(0, square_ids(0, both=True))
    ids = draw(session, "brush", [[16, 48]], radius=4)
    assert ids[48, 16] == 1
    assert ids[41, 9] == 2


@pytest.mark.parametrize(("positive", "label"), [(True, 1), (False, 0)])
def test_a_lasso_adds_or_removes_its_inside(positive: bool, label: int) -> None:
    session = session_with("red")
    session.set_ids(0, square_ids(0))
    corners = [[12, 12], [30, 12], [30, 30], [12, 30]]
    ids = draw(session, "lasso", corners, positive=positive)
    assert (ids[12:31, 12:31] == label).all()
    assert ids[8, 8] == 1


@pytest.mark.parametrize("tool", ["scribble", "click"])
def test_the_strokes_own_pixels_end_as_the_user_drew(tool: str) -> None:
    session = session_with("red")
    session.set_ids(0, np.ones((64, 96), np.uint8))
    ids = draw(session, tool, [[40, 30]], positive=False, radius=2)
    assert ids[30, 40] == 0
    # The fake network predicts background within 12 pixels; a positive stroke in there is newer.
    ids = draw(session, tool, [[44, 30]], radius=2)
    assert ids[30, 44] == 1
    assert ids[30, 40] == 0


@pytest.mark.parametrize("tool", ["scribble", "click"])
def test_strokes_of_one_tool_are_seen_together(tool: str) -> None:
    session = session_with("red")
    draw(session, tool, [[20, 20]])
    draw(session, tool, [[60, 20]])
    draw(session, tool, [[40, 50]], positive=False)
    _, positive, negative = networks_of(session)[2].planes[-1]
    assert positive[0, 20, 20] == positive[0, 20, 60] == negative[0, 50, 40] == 1


@pytest.mark.parametrize("between", ["click", "brush", "set_ids", "propagate"])
def test_another_tool_or_a_commitment_begins_a_new_gesture(between: str) -> None:
    session = session_with("red")
    draw(session, "scribble", [[20, 20]])
    if between == "set_ids":
        session.set_ids(0, square_ids(0))
    elif between == "propagate":
        list(session.propagate(frame_range=(0, 1)))
    else:
        draw(session, between, [[20, 22]])
    draw(session, "scribble", [[60, 20]])
    positive = networks_of(session)[2].planes[-1][1]
    assert positive[0, 20, 60] == 1
    assert positive[0, 20, 20] == 0


def test_strokes_on_two_frames_are_not_mixed() -> None:
    session = session_with("red")
    draw(session, "scribble", [[20, 20]], frame=2)
    draw(session, "scribble", [[60, 20]], frame=5)
    assert networks_of(session)[2].planes[-1][1][0, 20, 20] == 0
    draw(session, "scribble", [[60, 40]], frame=2)
    assert networks_of(session)[2].planes[-1][1][0, 20, 20] == 1


def test_the_network_sees_the_mask_so_far() -> None:
    session = session_with("red")
    session.set_ids(0, square_ids(0, both=True))
    draw(session, "scribble", [[60, 20]])
    previous = networks_of(session)[2].planes[-1][0]
    assert (previous[0].numpy() == (square_ids(0) == 1)).all()


@pytest.mark.parametrize("tool", ["scribble", "click"])
def test_another_object_loses_pixels_only_where_a_stroke_was_drawn_over_it(tool: str) -> None:
    session = session_with("red")
    session.set_ids(0, square_ids(0, both=True))
    beside = draw(session, tool, [[30, 48]], object_id=1, radius=1)
    assert ((beside == 2) == (square_ids(0, both=True) == 2)).all()
    assert beside[48, 26] == 1
    over = draw(session, tool, [[22, 48]], object_id=1, radius=1)
    assert over[48, 22] == 1
    assert (over == 2).sum() < (beside == 2).sum()
    assert networks_of(session)[2].planes[-1][0].shape[0] == 2


def test_a_box_changes_nothing_outside_of_itself() -> None:
    session = session_with("red")
    session.set_ids(0, square_ids(0, both=True))
    before = session.ids(0)
    ids = draw(session, "box", [[40, 20], [70, 50]])
    outside = np.ones((64, 96), np.bool_)
    outside[20:51, 40:71] = False
    assert (ids[outside] == before[outside]).all()
    assert (ids[20:51, 40:71] == 1).any()


def test_a_box_around_an_object_that_has_a_mask_begins_with_that_mask() -> None:
    session = session_with("red")
    session.set_ids(0, square_ids(0))
    draw(session, "box", [[4, 4], [40, 40]])
    kept = networks_of(session)[2].planes[-1][0][0]
    draw(session, "box", [[50, 30], [80, 55]])
    guessed = networks_of(session)[2].planes[-1][0][0]
    # The second crop does not show the square, so the network is given a guess there.
    assert 0 < kept.mean() < guessed.mean()


@pytest.mark.parametrize("tool", ALL_TOOLS)
def test_nothing_changes_outside_of_a_region(tool: str) -> None:
    session = session_with("red")
    session.set_ids(0, square_ids(0, both=True))
    list(session.propagate(frame_range=(0, 4)))
    before, prob = session.ids(3), session.prob(3)
    region = (17, 9, 41, 30)
    points = [[0, 0], [95, 0], [95, 63], [0, 63]] if tool in ("lasso", "box") else [[0, 16], [95, 16]]
    draw(session, tool, points, frame=3, radius=20, region=region)
    outside = np.ones((64, 96), np.bool_)
    outside[9:30, 17:41] = False
    assert (session.ids(3)[outside] == before[outside]).all()
    assert (session.prob(3)[:, outside] == prob[:, outside]).all()
    assert (session.ids(3) != before).any()


@pytest.mark.parametrize("tool", ["scribble", "click"])
def test_a_small_region_is_seen_enlarged(tool: str) -> None:
    clip = FakeClip([np.zeros((300, 400, 3), np.uint8)])
    session = fake_session(clip)
    session.add_object("red")
    list(session.interact(stroke(tool, [[60, 60]], region=(50, 50, 90, 80))))
    # Four times 30x40, padded to a multiple of 16.
    assert networks_of(session)[2].image_sizes == [(128, 160)]


def test_a_large_region_is_seen_at_the_working_size_at_most() -> None:
    clip = FakeClip([np.zeros((600, 900, 3), np.uint8)])
    session = fake_session(clip, working_size=300)
    session.add_object("red")
    list(session.interact(stroke(points=[[60, 60]], region=(0, 0, 900, 600))))
    list(session.interact(stroke(points=[[60, 60]], region=(0, 0, 890, 60))))
    # A long strip is no longer than a frame.
    assert networks_of(session)[2].image_sizes == [(304, 464), (32, 448)]


def test_what_is_painted_shows_exactly_at_the_sources_size_and_stays_on_the_anchor() -> None:
    clip = FakeClip([np.random.default_rng(0).integers(0, 255, (240, 360, 3), np.uint8)] * 4)
    session = fake_session(clip, working_size=64)
    session.add_object("red")
    painted = draw(session, "brush", [[33.3, 70.1], [201.7, 92.9]], radius=1.5, frame=1)
    session.set_ids(3, np.eye(240, 360, dtype=np.uint8))
    list(session.propagate())
    assert (session.ids(1) == painted).all()
    assert (session.ids(3) == np.eye(240, 360)).all()


def test_probabilities_agree_with_ids_on_every_frame() -> None:
    clip = FakeClip([np.random.default_rng(i).integers(0, 255, (120, 180, 3), np.uint8) for i in range(4)])
    session = fake_session(clip, working_size=48)
    session.set_ids(0, np.random.default_rng(9).choice([0, 3, 7], (120, 180)).astype(np.uint8))
    list(session.propagate())
    for frame_index in range(4):
        prob = session.prob(frame_index)
        np.testing.assert_allclose(prob.sum(axis=0), 1, atol=1e-5)
        assert (np.array([0, 3, 7])[prob.argmax(axis=0)] == session.ids(frame_index)).all()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"frame": 12}, "There is no frame 12"),
        ({"frame": -1}, "There is no frame -1"),
        ({"object_id": 5}, "There is no object 5"),
        ({"object_id": 0}, "There is no object 0"),
        ({"points": np.zeros((0, 2))}, "at least 1 points, not 0"),
        ({"points": [1.0, 2.0]}, r"\(N, 2\)"),
        ({"points": [[np.nan, 2.0]]}, r"\(N, 2\)"),
        ({"tool": "lasso", "points": [[1, 1], [2, 2]]}, "at least 3 points, not 2"),
        ({"tool": "box"}, "at least 2 points, not 1"),
        ({"radius": 0}, "radius must be above 0"),
        ({"region": (5, 5, 5, 20)}, "does not fit a frame of 96x64"),
        ({"region": (0, 0, 97, 20)}, "does not fit a frame of 96x64"),
    ],
)
def test_an_interaction_that_does_not_fit_is_refused_at_the_call(
    settings: dict[str, object], sentence: str
) -> None:
    session = session_with("red")
    with pytest.raises(InvalidInteractionError, match=sentence):
        session.interact(stroke(**settings))  # type: ignore[arg-type]
    assert session.drafts == ()


@pytest.mark.parametrize(
    ("tool", "answers"), [("scribble", "interaction"), ("click", "clicks"), ("box", "clicks")]
)
def test_each_tool_asks_the_network_that_its_family_has_for_it(tool: str, answers: str) -> None:
    networks = replace(fake_networks(), clicks=FakeInteraction())
    session = Session(square_clip(), networks, device="cpu", dtype="float32", working_size=64)
    session.add_object()
    draw(session, tool, INSIDE[:2])
    asked = {name for name in ("interaction", "clicks") if getattr(networks, name).planes}
    assert asked == {answers}


def test_strokes_on_a_mask_that_was_there_all_correct_that_mask() -> None:
    session = fake_session()
    session.set_ids(0, square_ids())
    draw(session, "scribble", [[60, 50]])
    draw(session, "scribble", [[80, 50]])
    first, second = networks_of(session)[2].planes
    assert first[0].any()
    assert (second[0] == first[0]).all()
    assert second[1].sum() > first[1].sum(), "the strokes add up"


def test_strokes_on_a_new_object_each_correct_the_prediction_from_those_before() -> None:
    session = session_with("red")
    draw(session, "scribble", [[60, 30]])
    draw(session, "scribble", [[80, 50]])
    first, second = networks_of(session)[2].planes
    assert not first[0].any()
    assert second[0].any()


def test_another_tool_corrects_what_the_one_before_has_left() -> None:
    session = fake_session()
    session.set_ids(0, square_ids())
    draw(session, "scribble", [[60, 50]])
    draw(session, "click", [[80, 50]])
    first, second = networks_of(session)[2].planes
    assert second[0].sum() > first[0].sum()


def test_a_better_prediction_follows_the_first_within_the_same_step() -> None:
    session = fake_session()
    session.add_object("square")
    network = networks_of(session)[2]
    works = network.predictions

    def twice(*planes: torch.Tensor) -> Iterator[torch.Tensor]:
        (first,) = works(*planes)
        yield torch.full_like(first, -4.0)
        yield first

    network.predictions = twice  # type: ignore[method-assign, assignment]
    session.set_ids(0, square_ids(0))
    list(session.propagate())
    before = session.ids(3)
    soon, better = session.interact(stroke("click", frame=3))
    assert (soon.ids == 1).sum() < (better.ids == 1).sum()
    assert np.array_equal(session.ids(3), better.ids)
    session.undo()
    assert np.array_equal(session.ids(3), before)
    stopped = session.interact(stroke("click", frame=3))
    soon = next(stopped)
    stopped.close()
    assert np.array_equal(session.ids(3), soon.ids), "what has been shown is kept"
    session.undo()
    assert np.array_equal(session.ids(3), before)


def test_an_unknown_tool_is_named_with_those_that_there_are() -> None:
    with pytest.raises(InvalidInteractionError, match=r"no tool wand: choose one of scribble, click"):
        session_with("red").interact(stroke("wand"))
