from __future__ import annotations

import numpy as np
import pytest

from inference_core.errors import UserError
from inference_core.session import Session
from inference_core.types import MemoryFrames
from tests.inference_core.fakes import (
    fake_networks,
    fake_session,
    networks_of,
    square_clip,
    square_ids,
    stroke,
)


def test_a_new_session_is_empty_and_its_frames_are_background() -> None:
    session = fake_session()
    assert (session.objects, session.anchors, session.drafts, session.rounds) == ((), (), (), ())
    assert session.ids(3).shape == (64, 96)
    assert not session.ids(3).any()
    assert (session.prob(3) == 1).all()
    assert session.prob(3).shape == (1, 64, 96)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"device": "gpu"}, "Unknown device"),
        ({"dtype": "int8"}, "Unknown dtype"),
        ({"working_size": 0}, "working size"),
        ({"prob_dtype": "float16"}, "uint8 or float32"),
    ],
)
def test_options_that_do_not_exist_are_refused(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        Session(square_clip(2), fake_networks(), **options)  # type: ignore[arg-type]


def test_a_clip_without_frames_is_refused() -> None:
    with pytest.raises(UserError, match="no frames"):
        MemoryFrames([])


@pytest.mark.parametrize("frame_index", [-1, 12])
def test_a_frame_that_is_not_there_is_named(frame_index: int) -> None:
    session = fake_session()
    for snapshot in (session.ids, session.prob, session.present, session.reset):
        with pytest.raises(UserError, match=f"no frame {frame_index}"):
            snapshot(frame_index)


@pytest.mark.parametrize(
    ("ids", "sentence"),
    [
        (np.zeros((96, 64), np.uint8), "64x96 pixels, the clip 96x64"),
        (np.zeros((64, 96), np.float32), "whole numbers from 0 to 255"),
        (np.full((64, 96), 256), "whole numbers from 0 to 255"),
        (np.full((64, 96), -1), "whole numbers from 0 to 255"),
    ],
)
def test_masks_that_do_not_fit_are_refused(ids: np.ndarray, sentence: str) -> None:
    session = fake_session()
    with pytest.raises(UserError, match=sentence):
        session.set_ids(0, ids)
    assert not session.can_undo


def test_masks_from_outside_bring_their_objects() -> None:
    session = fake_session()
    changes = session.set_ids(4, square_ids(4, both=True).astype(np.int64))
    assert [change.frame_index for change in changes] == [4]
    assert [each.object_id for each in session.objects] == [1, 2]
    assert (session.ids(4) == square_ids(4, both=True)).all()
    session.undo()
    assert session.objects == ()


def test_a_mask_of_truth_values_is_object_1() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0) == 1)
    assert (session.ids(0) == square_ids(0)).all()


def test_what_ids_returns_belongs_to_the_caller() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0))
    session.ids(0)[:] = 9
    assert (session.ids(0) == square_ids(0)).all()


def test_reset_clears_mask_draft_and_anchor_of_one_frame() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0))
    list(session.propagate())
    session.set_ids(0, square_ids(0))
    kept = session.ids(5)
    changes = session.reset(0)
    assert [change.frame_index for change in changes] == [0]
    assert not session.ids(0).any()
    assert (session.drafts, session.anchors, session.bank) == ((), (), ())
    assert (session.ids(5) == kept).all()


def test_resetting_an_empty_frame_is_no_step() -> None:
    session = fake_session()
    assert list(session.reset(3)) == []
    assert not session.can_undo


def test_a_mask_is_as_large_as_the_source_whatever_the_working_size() -> None:
    session = fake_session(working_size=32)
    session.set_ids(0, square_ids(0))
    changes = list(session.propagate())
    assert session.working_size == (32, 48)
    assert {change.ids.shape for change in changes} == {(64, 96)}
    assert session.prob(3).shape == (2, 64, 96)


@pytest.mark.parametrize("refine_edges", [True, False])
def test_a_smaller_working_size_still_finds_the_object(refine_edges: bool) -> None:
    session = fake_session(working_size=32, refine_edges=refine_edges)
    session.set_ids(0, square_ids(0))
    list(session.propagate())
    ids, truth = session.ids(6), square_ids(6)
    assert ((ids == 1) & (truth == 1)).sum() / ((ids == 1) | (truth == 1)).sum() > 0.7


def test_eight_bits_change_next_to_no_pixel() -> None:
    one, other = fake_session(), fake_session(prob_dtype="float32")
    for session in (one, other):
        session.set_ids(0, square_ids(0, both=True))
        list(session.propagate())
        session.set_ids(9, square_ids(9))
        list(session.propagate())
    different = sum(int((one.ids(f) != other.ids(f)).sum()) for f in range(12))
    assert different < 0.0005 * 12 * 64 * 96


def test_the_version_grows_with_every_change_and_only_then() -> None:
    session = fake_session()
    seen = [session.version]
    session.add_object("red")
    seen.append(session.version)
    list(session.interact(stroke()))
    seen.append(session.version)
    session.ids(0)
    session.prob(0)
    assert seen == sorted(set(seen))
    assert session.version == seen[-1]


def test_two_sessions_share_networks_without_noticing_each_other() -> None:
    networks = fake_networks()
    one = Session(square_clip(), networks, device="cpu", dtype="float32")
    other = Session(square_clip(), networks, device="cpu", dtype="float32")
    one.set_ids(0, square_ids(0))
    running = one.propagate()
    next(running)
    other.set_ids(5, square_ids(5))
    list(other.propagate())
    list(running)
    assert len(one.rounds) == len(other.rounds) == 1
    assert networks_of(one)[0] is networks_of(other)[0]


def test_present_returns_which_objects_a_frame_shows() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0, both=True))
    session.set_ids(1, square_ids(1))
    assert [session.present(frame_index) for frame_index in (0, 1, 2)] == [(1, 2), (1,), ()]
