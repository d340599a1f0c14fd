"""A device that runs out of memory: caches are dropped first, then the device, and never the user's work."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from inference_core.errors import UserError
from inference_core.runtime.device import Compute
from inference_core.session import Session
from tests.inference_core.fakes import fake_session, networks_of, square_clip, square_ids, stroke

FRAMES = 12


class _CardOfThisComputer(Compute):
    """Stands for a graphics card where there is none: computes on the CPU, but may be left."""

    @property
    def is_last_resort(self) -> bool:
        return False


@pytest.fixture
def on_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    card = _CardOfThisComputer(torch.device("cpu"), torch.float32, casts_weights=True)
    monkeypatch.setattr("inference_core.session.choose_compute", lambda device, dtype: card)


def fail(session: Session, network: int, method: str, calls: set[int]) -> None:
    """Let a network run out of memory at these of its calls, counted from now."""
    owner = networks_of(session)[network]
    works: Callable[..., object] = getattr(owner, method)
    count = -1

    def greedy(*arguments: object, **options: object) -> object:
        nonlocal count
        count += 1
        if count in calls:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return works(*arguments, **options)

    setattr(owner, method, greedy)


def two_rounds(session: Session) -> list[int]:
    """Propagate from either end, the second fused with the first; return the frames in that order."""
    session.set_ids(0, square_ids(0, both=True))
    frames = [change.frame_index for change in session.propagate()]
    session.set_ids(FRAMES - 1, square_ids(FRAMES - 1, both=True))
    return frames + [change.frame_index for change in session.propagate()]


def masks(session: Session) -> list[np.ndarray]:
    return [session.ids(frame_index) for frame_index in range(FRAMES)]


WALKED = [*range(1, FRAMES), *range(FRAMES - 2, 0, -1)]


@pytest.mark.parametrize("method", ["encode_query", "encode_memory", "read", "decode"])
@pytest.mark.usefixtures("on_a_card")
def test_a_frame_that_did_not_fit_is_done_again_with_caches_dropped(method: str) -> None:
    undisturbed, session = fake_session(square_clip(FRAMES)), fake_session(square_clip(FRAMES))
    notices: list[str] = []
    session.on_notice(notices.append)
    fail(session, 0, method, {1, 7})
    assert two_rounds(session) == two_rounds(undisturbed) == WALKED
    assert all(map(np.array_equal, masks(session), masks(undisturbed)))
    assert not session._context.runner.compute.is_last_resort
    assert notices == []


@pytest.mark.usefixtures("on_a_card")
def test_a_frame_that_still_does_not_fit_goes_on_on_the_processor_with_a_notice() -> None:
    undisturbed, session = fake_session(square_clip(FRAMES)), fake_session(square_clip(FRAMES))
    notices: list[str] = []
    session.on_notice(notices.append)
    fail(session, 0, "decode", {5, 6})
    assert two_rounds(session) == two_rounds(undisturbed)
    assert all(map(np.array_equal, masks(session), masks(undisturbed)))
    assert session._context.runner.compute.is_last_resort
    assert session.undo_count == undisturbed.undo_count
    (notice,) = notices
    assert "the processor goes on, more slowly, and nothing is lost" in notice


@pytest.mark.usefixtures("on_a_card")
def test_fusion_that_does_not_fit_is_done_again() -> None:
    undisturbed, session = fake_session(square_clip(FRAMES)), fake_session(square_clip(FRAMES))
    fail(session, 0, "transfer", {3, 4})
    two_rounds(session)
    two_rounds(undisturbed)
    assert all(map(np.array_equal, masks(session), masks(undisturbed)))


@pytest.mark.usefixtures("on_a_card")
def test_a_stroke_that_did_not_fit_is_predicted_again_with_caches_dropped() -> None:
    undisturbed, session = fake_session(), fake_session()
    notices: list[str] = []
    session.on_notice(notices.append)
    fail(session, 2, "predictions", {0})
    for each in (session, undisturbed):
        each.add_object("square")
        list(each.interact(stroke()))
    assert np.array_equal(session.ids(0), undisturbed.ids(0))
    assert not session._context.runner.compute.is_last_resort
    assert notices == []


@pytest.mark.usefixtures("on_a_card")
def test_the_tensors_of_a_prediction_that_did_not_fit_are_gone_when_memory_is_freed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = fake_session()
    features, works = session._context.runner.features, networks_of(session)[2].predictions
    inputs: list[weakref.ref[torch.Tensor]] = []
    left: list[bool] = []

    def greedy(*planes: torch.Tensor) -> Iterator[torch.Tensor]:
        if not inputs:
            inputs.extend(map(weakref.ref, planes))
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        yield from works(*planes)

    networks_of(session)[2].predictions = greedy  # type: ignore[method-assign, assignment]
    monkeypatch.setattr(features, "shrink", lambda: left.extend(ref() is not None for ref in inputs))
    session.add_object("square")
    list(session.interact(stroke()))
    assert left == [False] * 4


@pytest.mark.usefixtures("on_a_card")
def test_a_stroke_that_does_not_fit_is_predicted_on_the_processor() -> None:
    undisturbed, session = fake_session(), fake_session()
    notices: list[str] = []
    session.on_notice(notices.append)
    fail(session, 2, "predictions", {0, 1})
    for each in (session, undisturbed):
        each.add_object("square")
        list(each.interact(stroke()))
    assert np.array_equal(session.ids(0), undisturbed.ids(0))
    assert session.undo_count == 2
    assert len(notices) == 1


def test_a_prediction_stays_where_there_is_no_memory_for_a_better_one() -> None:
    session = fake_session()
    works = networks_of(session)[2].predictions

    def greedy(*planes: torch.Tensor) -> Iterator[torch.Tensor]:
        yield from works(*planes)
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    networks_of(session)[2].predictions = greedy  # type: ignore[method-assign, assignment]
    session.add_object("square")
    answered = list(session.interact(stroke()))
    assert len(answered) == 1
    assert np.array_equal(session.ids(0), answered[0].ids)
    assert session.undo_count == 2


def test_a_processor_without_memory_raises_an_error_that_says_what_to_do_and_the_frames_before_are_kept() -> (
    None
):
    session = fake_session(square_clip(FRAMES))
    session.set_ids(0, square_ids(0))
    fail(session, 0, "decode", {4, 5})
    with pytest.raises(UserError, match="use a smaller working size or fewer objects"):
        list(session.propagate())
    assert [bool(session.ids(frame_index).any()) for frame_index in range(7)] == [True] * 5 + [False] * 2
    assert session.unfinished == (0,)
    assert [change.frame_index for change in session.propagate()] == list(range(5, FRAMES))


@pytest.mark.usefixtures("on_a_card")
def test_after_full_memory_the_cache_holds_half_as_much() -> None:
    session = fake_session(square_clip(FRAMES))
    features = session._context.runner.features
    session.set_ids(0, square_ids(0))
    fail(session, 0, "decode", {FRAMES - 2})
    held = 0
    for _ in session.propagate():
        held = max(held, features.nbytes)
    assert 0 < features.nbytes <= held // 2


def test_other_faults_of_a_network_are_not_hidden() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0))
    networks_of(session)[0].decode = lambda *_: torch.zeros(3)[7]  # type: ignore[assignment,method-assign]
    with pytest.raises(IndexError):
        list(session.propagate())
