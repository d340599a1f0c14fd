"""A session's memory stays within its budget, and what comes out does not depend on it."""

from __future__ import annotations

import numpy as np
import pytest

from inference_core.session import Session
from inference_core.types import MemoryBudget, MemoryOptions
from tests.inference_core.fakes import MemoryScratch, fake_session, networks_of, square_clip, square_ids

FRAMES = 18
SMALL = MemoryBudget(features=20_000, bank=1, contents=2_000, decoded=15_000)


def worked_session(budget: MemoryBudget | None = None) -> Session:
    """Two anchors, the second a correction that is fused, one step taken back and done again."""
    session = fake_session(square_clip(FRAMES), scratch=MemoryScratch(), budget=budget)
    session.set_ids(0, square_ids(0, both=True))
    list(session.propagate())
    session.set_ids(FRAMES - 1, square_ids(FRAMES - 1, both=True))
    list(session.propagate())
    session.undo()
    session.redo()
    return session


@pytest.mark.parametrize("read", ["ids", "prob"])
def test_masks_are_the_same_with_hardly_any_memory(read: str) -> None:
    plenty, scarce = worked_session(), worked_session(SMALL)
    for frame_index in range(FRAMES):
        wanted, found = (getattr(session, read)(frame_index) for session in (plenty, scarce))
        assert np.array_equal(wanted, found)


def test_every_round_can_still_be_compared_with_hardly_any_memory() -> None:
    plenty, scarce = worked_session().rounds[-1], worked_session(SMALL).rounds[-1]
    assert plenty.changed_frames == scarce.changed_frames
    for frame_index in plenty.changed_frames:
        assert np.array_equal(plenty.ids_before(frame_index), scarce.ids_before(frame_index))
        assert np.array_equal(plenty.ids_after(frame_index), scarce.ids_after(frame_index))


def test_no_store_holds_more_than_its_budget() -> None:
    session = fake_session(square_clip(FRAMES), scratch=MemoryScratch(), budget=SMALL)
    mask_store, features = session._context.mask_store, session._context.runner.features
    session.set_ids(0, square_ids(0, both=True))
    for _ in session.propagate():
        assert mask_store.blobs.resident_bytes <= SMALL.contents
        assert mask_store.decoded_bytes <= SMALL.decoded
        assert features.nbytes <= SMALL.features


def test_features_that_do_not_fit_are_computed_again() -> None:
    encoded = {}
    for name, session in (("plenty", worked_session()), ("scarce", worked_session(SMALL))):
        encoded[name] = networks_of(session)[0].calls["encode_query"]
    assert encoded["plenty"] == FRAMES
    assert encoded["scarce"] > FRAMES


@pytest.mark.parametrize("frames", [40, 80])
def test_propagation_reads_no_more_memory_the_longer_the_clip_is(frames: int) -> None:
    clip = square_clip(4)
    session = fake_session(
        type(clip)([clip[0]] * frames), memory=MemoryOptions(mem_every=2, max_memory_frames=6)
    )
    session.set_ids(0, square_ids(0))
    list(session.propagate())
    # The anchor, the kept frames, and the last one.
    assert max(networks_of(session)[0].memory_lengths) == 1 + 6 + 1


def test_entries_of_anchors_that_are_not_in_use_are_dropped_beyond_the_budget() -> None:
    session = fake_session(
        square_clip(FRAMES), memory=MemoryOptions(max_anchors=2), budget=MemoryBudget(bank=1)
    )
    for frame_index in range(0, FRAMES, 3):
        session.set_ids(frame_index, square_ids(frame_index))
    list(session.propagate())
    assert len(session.anchors) == 6
    assert len(session._bank) == 2
