"""A session is a tree of plain values and bytes: from both it comes back bit for bit, its history too."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum

import numpy as np
import pytest

from inference_core.errors import InvalidInteractionError, UserError
from inference_core.session import Session
from inference_core.types import FrameInfo, ObjectSettings, Tool
from tests.inference_core.fakes import (
    FakeClip,
    MemoryScratch,
    fake_networks,
    fake_session,
    square_clip,
    square_ids,
    stroke,
)
from tests.inference_core.snapshot import differences, snapshot

FRAMES = 14


def worked_session(scratch: MemoryScratch) -> Session:
    """Two rounds, a draft, a stopped propagation, a removed and a locked object, undone steps."""
    session = fake_session(square_clip(FRAMES), scratch=scratch)
    session.set_ids(0, square_ids(0, both=True))
    session.propagate().run()
    session.set_ids(FRAMES - 1, square_ids(FRAMES - 1, both=True))
    session.propagate().run()
    session.add_object("third")
    corners = ((60.0, 40.0), (90.0, 40.0), (90.0, 60.0))
    session.interact(stroke("lasso", corners, frame=6, object_id=3)).run()
    for number, _ in enumerate(session.propagate(), start=1):
        if number == 3:
            break
    session.interact(stroke("scribble", ((16.0, 48.0), (20.0, 48.0)), frame=9, object_id=2)).run()
    session.lock(1, True)
    session.configure_object(3, ObjectSettings(colour=(255, 0, 128), order=2))
    session.remove_object(2)
    session.undo()
    session.undo()
    return session


def restored(session: Session, scratch: MemoryScratch) -> Session:
    """Restore it from copies, which share nothing with it."""
    session.flush()
    state = pickle.loads(pickle.dumps(session.state))
    storage = MemoryScratch()
    storage.contents.update(scratch.contents)
    return Session.restore(
        state, storage, square_clip(FRAMES), fake_networks(), device="cpu", dtype="float32"
    )


def leaves(value: object) -> set[type]:
    """Return the types of a tree's leaves."""
    if is_dataclass(value) and not isinstance(value, type):
        return set().union(*(leaves(getattr(value, field.name)) for field in fields(value)))
    if isinstance(value, Mapping):
        return set().union(*(leaves(part) for pair in value.items() for part in pair))
    if isinstance(value, tuple | frozenset):
        return set().union(*map(leaves, value))
    return {Enum if isinstance(value, Enum) else type(value)}


def test_all_of_a_session_is_a_tree_of_plain_values() -> None:
    session = worked_session(MemoryScratch())
    assert leaves(session.state) <= {int, float, str, bool, type(None), Enum, np.ndarray}


def test_a_session_comes_back_bit_for_bit() -> None:
    scratch = MemoryScratch()
    session = worked_session(scratch)
    again = restored(session, scratch)
    assert differences(snapshot(session), snapshot(again)) == []
    assert (session.undo_count, session.can_redo) == (again.undo_count, again.can_redo)
    assert session.confidences() == again.confidences()
    for one, other in zip(session.rounds, again.rounds, strict=True):
        for frame_index in one.changed_frames:
            assert (one.ids_before(frame_index) == other.ids_before(frame_index)).all()
            assert (one.ids_after(frame_index) == other.ids_after(frame_index)).all()


def test_undo_and_redo_go_on_where_they_were() -> None:
    scratch = MemoryScratch()
    session = worked_session(scratch)
    again = restored(session, scratch)
    while session.can_redo:
        session.redo()
        again.redo()
        assert differences(snapshot(session), snapshot(again)) == []
    while session.can_undo:
        session.undo()
        again.undo()
        assert differences(snapshot(session), snapshot(again)) == []
    assert not again.can_undo


def test_a_stopped_propagation_goes_on_as_if_it_had_not_been_stopped() -> None:
    scratch = MemoryScratch()
    session = worked_session(scratch)
    again = restored(session, scratch)
    assert again.unfinished == session.unfinished == (6,)
    frames = [change.frame_index for change in session.propagate()]
    assert [change.frame_index for change in again.propagate()] == frames
    assert differences(snapshot(session), snapshot(again)) == []


def test_new_objects_and_masks_get_numbers_that_were_never_given() -> None:
    scratch = MemoryScratch()
    session = worked_session(scratch)
    again = restored(session, scratch)
    assert again.add_object() == session.add_object() == 4
    assert again.state.next_blob == session.state.next_blob
    again.set_ids(1, square_ids(1))
    assert again.state.next_blob > session.state.next_blob


def test_everything_that_a_session_names_is_in_the_storage_after_a_flush() -> None:
    scratch = MemoryScratch()
    session = worked_session(scratch)
    session.flush()
    assert session.state.blobs() <= set(scratch.contents)


def test_another_clip_is_refused_in_a_sentence() -> None:
    scratch = MemoryScratch()
    session = worked_session(scratch)
    session.flush()
    with pytest.raises(UserError, match=r"has 3 frames of 96x64, the work was done on 14 of 96x64"):
        Session.restore(session.state, scratch, square_clip(3), fake_networks())


class NumberedClip(FakeClip):
    """Frames numbered from 1001, the third damaged."""

    def info(self, frame_index: int) -> FrameInfo:
        return FrameInfo(1001 + frame_index, is_valid=frame_index != 2)


def test_frames_have_their_sources_numbers_and_say_which_are_damaged() -> None:
    clip = square_clip(4)
    session = fake_session(NumberedClip([clip[frame_index] for frame_index in range(4)]))
    assert session.frame_info(2) == (1003, False)
    assert [info.number for info in session.state.frames] == [1001, 1002, 1003, 1004]
    assert fake_session(clip).frame_info(3) == (3, True)


def test_a_stroke_on_a_damaged_frame_is_refused_and_changes_nothing() -> None:
    clip = square_clip(4)
    session = fake_session(NumberedClip([clip[frame_index] for frame_index in range(4)]))
    session.add_object()
    before = snapshot(session)
    with pytest.raises(InvalidInteractionError, match="Frame 2 is damaged"):
        session.interact(stroke(Tool.BRUSH, frame=2)).run()
    assert snapshot(session) == before
    session.set_ids(1, square_ids(1))
    session.propagate(1).run()
    assert session.ids(2).any(), "masks of damaged frames are propagated as before"


def test_settings_of_an_object_are_a_step_that_can_be_undone() -> None:
    session = fake_session()
    session.add_object("dog")
    session.configure_object(1, ObjectSettings(colour=(1, 2, 3)))
    assert session.objects[0].settings.colour == (1, 2, 3)
    session.undo()
    assert session.objects[0].settings == ObjectSettings()
