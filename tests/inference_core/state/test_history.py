from __future__ import annotations

import numpy as np
import pytest

from inference_core.errors import UserError
from inference_core.state import history
from inference_core.types import MemoryBudget
from tests.inference_core.fakes import MemoryScratch, fake_session, square_clip


def test_bytes_of_steps_that_can_no_longer_be_redone_are_discarded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_LEAST_ADDED", 10)
    scratch = MemoryScratch()
    session = fake_session(square_clip(4), scratch=scratch, budget=MemoryBudget(contents=1))
    rng = np.random.default_rng(0)
    for _ in range(40):
        session.set_ids(0, rng.integers(0, 2, (64, 96), dtype=np.uint8))
        session.undo()
    session.set_ids(0, rng.integers(0, 2, (64, 96), dtype=np.uint8))
    named = session.state.blobs()
    # Left behind is at most what was added since the last search.
    assert len(scratch.contents) <= len(named) + max(10, len(named))
    assert named <= set(scratch.contents)


def test_a_round_that_was_undone_and_discarded_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_LEAST_ADDED", 0)
    session = fake_session(square_clip(4), budget=MemoryBudget(decoded=1))
    rng = np.random.default_rng(0)
    session.set_ids(0, rng.integers(0, 2, (64, 96), dtype=np.uint8))
    session.propagate().run()
    (lost,) = session.rounds
    session.undo()
    for _ in range(12):
        session.set_ids(1, rng.integers(0, 2, (64, 96), dtype=np.uint8))
    with pytest.raises(UserError, match="The round from frame 0 was undone"):
        lost.ids_after(2)
