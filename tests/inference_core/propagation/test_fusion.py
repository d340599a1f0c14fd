from __future__ import annotations

import numpy as np
import pytest
import torch

from inference_core.propagation.fusion import distances, split_change
from tests.inference_core.fakes import fake_session, networks_of, square_clip, square_ids


def test_a_change_is_split_in_what_was_added_and_what_was_removed() -> None:
    draft, earlier = torch.tensor([[[1.0, 0.0, 0.5]]]), torch.tensor([[[0.25, 1.0, 0.5]]])
    assert split_change(draft, earlier)[0].tolist() == [[[0.75, 0.0, 0.0]], [[0.0, 1.0, 0.0]]]


@pytest.mark.parametrize(("frame_index", "expected"), [(5, (1 / 3, 2 / 3)), (6, (2 / 3, 1 / 3))])
def test_distances_are_shares_of_the_distance_between_the_anchors(
    frame_index: int, expected: tuple[float, float]
) -> None:
    assert distances(anchor=7, limit=4, frame_index=frame_index) == pytest.approx(expected)


def test_frames_between_anchors_are_fused_and_the_others_replaced() -> None:
    session = fake_session(square_clip(9))
    session.set_ids(4, square_ids(4))
    list(session.propagate())
    fusion = networks_of(session)[1]
    assert fusion.distances == []
    session.set_ids(7, square_ids(7))
    list(session.propagate())
    assert fusion.distances == [
        pytest.approx((2 / 3, 1 / 3)),
        pytest.approx((1 / 3, 2 / 3)),
    ]


def test_the_change_attention_is_the_change_that_the_user_made() -> None:
    session = fake_session(square_clip(9))
    session.set_ids(0, square_ids(0))
    list(session.propagate())
    before = session.prob(8)[1]
    session.set_ids(8, np.zeros((64, 96), np.uint8))
    list(session.propagate())
    added, removed = networks_of(session)[1].attention[0][0]
    assert added.max() == 0
    np.testing.assert_allclose(removed.numpy(), before, atol=2e-3)


def test_the_blend_does_not_feed_back_into_the_propagation() -> None:
    session = fake_session(square_clip(9))
    session.set_ids(0, np.zeros((64, 96), np.uint8) + square_ids(0))
    list(session.propagate())
    session.set_ids(8, square_ids(8, both=True))
    propagation = networks_of(session)[0]
    propagation.previous_means.clear()
    list(session.propagate())
    # The propagated green square stays whole, though fusion fades it towards frame 0.
    assert propagation.previous_means[-1] == pytest.approx(propagation.previous_means[1], rel=0.05)


def test_a_frame_that_never_had_a_mask_is_replaced_not_blended_with_nothing() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0))
    list(session.propagate(frame_range=(0, 3)))
    session.set_ids(8, square_ids(8))
    list(session.propagate(direction="backward"))
    assert len(networks_of(session)[1].distances) == 3
    assert (session.ids(6) == 1).sum() > 200


def test_without_a_change_the_change_attention_is_empty() -> None:
    session = fake_session(square_clip(9))
    session.set_ids(0, square_ids(0))
    list(session.propagate())
    session.set_ids(8, session.ids(8))
    list(session.propagate())
    assert networks_of(session)[1].attention[0].max() < 0.5
