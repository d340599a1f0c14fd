from __future__ import annotations

import pytest

from inference_core.session import Session
from inference_core.types import MemoryOptions
from tests.inference_core.fakes import FakeClip, fake_session, networks_of, square_clip, square_ids
from tests.inference_core.snapshot import differences, snapshot


def cancelled_after(session: Session, frames: int) -> None:
    changes = session.propagate()
    for _ in range(frames):
        next(changes)
    changes.close()


def test_cancel_keeps_the_finished_frames_as_one_step() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0))
    drafted = snapshot(session)
    cancelled_after(session, 3)
    assert session.rounds[0].changed_frames == (1, 2, 3)
    assert session.unfinished == (0,)
    assert session.ids(3).any()
    assert not session.ids(4).any()
    session.undo()
    assert differences(snapshot(session), drafted) == []


@pytest.mark.parametrize("options", [{}, {"prob_dtype": "float32"}], ids=["uint8", "float32"])
@pytest.mark.parametrize("frames", range(1, 11))
def test_a_resumed_propagation_ends_where_an_uninterrupted_one_does(
    frames: int, options: dict[str, str]
) -> None:
    memory = MemoryOptions(mem_every=2, max_memory_frames=2)
    one, other = (fake_session(memory=memory, **options) for _ in range(2))
    for session in (one, other):
        session.set_ids(5, square_ids(5, both=True))
    list(one.propagate())
    cancelled_after(other, frames)
    assert [change.frame_index for change in other.propagate()] == [6, 7, 8, 9, 10, 11, 4, 3, 2, 1, 0][
        frames:
    ]
    assert other.unfinished == ()
    assert set(differences(snapshot(one), snapshot(other))) <= {"rounds"}


@pytest.mark.parametrize("frames", [1, 4, 7])
def test_a_resumed_propagation_that_is_fused_ends_where_an_uninterrupted_one_does(frames: int) -> None:
    one, other = (fake_session(memory=MemoryOptions(mem_every=2)) for _ in range(2))
    for session in (one, other):
        session.set_ids(0, square_ids(0))
        list(session.propagate())
        session.set_ids(9, square_ids(9, both=True))
    list(one.propagate())
    cancelled_after(other, frames)
    list(other.propagate(9))
    assert set(differences(snapshot(one), snapshot(other))) <= {"rounds"}


def test_a_propagation_cancelled_before_its_first_frame_leaves_the_draft() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0))
    drafted = snapshot(session)
    session.propagate().close()
    assert differences(snapshot(session), drafted) == []
    assert [change.frame_index for change in session.propagate()] == list(range(1, 12))


def test_a_second_draft_that_was_not_reached_stays_a_draft() -> None:
    session = fake_session()
    for frame_index in (0, 6):
        session.set_ids(frame_index, square_ids(frame_index))
    cancelled_after(session, 4)
    assert (session.drafts, session.anchors, session.unfinished) == ((6,), (0,), (0,))


def test_a_correction_in_what_was_propagated_takes_the_unfinished_rest_over() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0))
    cancelled_after(session, 6)
    session.set_ids(4, square_ids(4))
    assert [change.frame_index for change in session.propagate()] == [5, 6, 7, 8, 9, 10, 11, 3, 2, 1]
    assert session.unfinished == ()


def test_a_correction_ahead_shortens_the_unfinished_rest_which_is_then_done_too() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0))
    cancelled_after(session, 3)
    session.set_ids(8, square_ids(8))
    frames = [change.frame_index for change in session.propagate()]
    assert frames == [9, 10, 11, 7, 6, 5, 4, 3, 2, 1, 4, 5, 6, 7]
    assert session.unfinished == ()


def test_resetting_an_anchor_drops_what_was_left_to_propagate_from_it() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0))
    cancelled_after(session, 3)
    session.reset(0)
    assert session.unfinished == ()


class BrokenClip(FakeClip):
    def __getitem__(self, frame_index: int):  # type: ignore[no-untyped-def]
        if frame_index == 6:
            raise OSError("frame 6 cannot be read")
        return super().__getitem__(frame_index)


def test_a_frame_that_cannot_be_read_keeps_the_frames_before_it() -> None:
    session = fake_session(BrokenClip([square_clip()[i] for i in range(12)]))
    session.set_ids(3, square_ids(3))
    with pytest.raises(OSError, match="frame 6"):
        list(session.propagate())
    assert session.rounds[0].changed_frames == (4, 5)
    assert session.unfinished == (3,)


def test_a_propagation_that_fails_before_its_first_frame_leaves_everything_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0))
    session.propagate().run()
    session.set_ids(6, square_ids(6))
    before, undo_count = snapshot(session), session.undo_count
    propagation = networks_of(session)[0]
    with monkeypatch.context() as broken:
        broken.setattr(propagation, "decode", _fail)
        with pytest.raises(ValueError, match="broken"):
            session.propagate().run()
    assert differences(snapshot(session), before) == []
    assert (session.undo_count, session.can_redo) == (undo_count, False)
    session.propagate().run()
    assert session.anchors == (0, 6)


def test_a_propagation_that_fails_later_keeps_the_finished_frames_as_one_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0))
    changes = session.propagate()
    for _ in range(2):
        next(changes)
    monkeypatch.setattr(networks_of(session)[0], "decode", _fail)
    with pytest.raises(ValueError, match="broken"):
        changes.run()
    assert session.rounds[0].changed_frames == (1, 2)
    assert session.unfinished == (0,)


def _fail(*_: object) -> object:
    raise ValueError("broken")
