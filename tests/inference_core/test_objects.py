from __future__ import annotations

import numpy as np
import pytest

from inference_core.errors import UserError
from tests.inference_core.fakes import fake_session, networks_of, square_ids, stroke


def test_ids_count_up_from_1() -> None:
    session = fake_session()
    assert [session.add_object(name) for name in ("red", "green", "blue")] == [1, 2, 3]
    assert [each.name for each in session.objects] == ["red", "green", "blue"]


def test_a_removed_id_is_not_used_again_while_fresh_ones_are_left() -> None:
    session = fake_session()
    for _ in range(3):
        session.add_object()
    session.remove_object(2)
    assert session.add_object() == 4


def test_an_id_that_only_undo_remembers_is_kept_for_it() -> None:
    session = fake_session()
    session.set_ids(0, np.full((64, 96), 255, np.uint8))
    session.remove_object(255)
    assert session.add_object() == 1
    for wanted in range(2, 255):
        assert session.add_object() == wanted
    with pytest.raises(UserError, match="kept for undo"):
        session.add_object()


def test_an_id_is_used_again_once_nothing_remembers_it() -> None:
    session = fake_session()
    session.add_object("last", 255)
    session.undo()
    session.set_ids(0, np.zeros((64, 96), np.uint8))
    session.add_object("first", 254)
    assert session.add_object() == 1


def test_a_new_holder_of_an_id_has_none_of_the_old_ones_pixels() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0, both=True))
    list(session.propagate())
    session.remove_object(2)
    session.add_object("another", 2)
    assert not any((session.ids(frame_index) == 2).any() for frame_index in range(12))
    session.undo()
    session.undo()
    assert (session.ids(5) == 2).any()


def test_removing_an_object_makes_it_background_everywhere_and_undo_brings_it_back() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0, both=True))
    list(session.propagate())
    before = [session.ids(frame_index) for frame_index in range(12)]
    changes = session.remove_object(2)
    assert [change.frame_index for change in changes] == list(range(12))
    assert {each.object_id for each in session.objects} == {1}
    assert not any((change.ids == 2).any() for change in changes)
    assert session.prob(5).shape == (2, 64, 96)
    session.undo()
    assert all((session.ids(frame_index) == before[frame_index]).all() for frame_index in range(12))


def test_an_object_added_after_a_propagation_is_propagated_as_well() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0))
    list(session.propagate())
    session.add_object("green")
    list(session.interact(stroke("lasso", [[8, 40], [23, 40], [23, 55], [8, 55]], frame=6, object_id=2)))
    list(session.propagate())
    for frame_index in (0, 1, 3, 9, 11):
        assert ((session.ids(frame_index) == 2) & (square_ids(frame_index, both=True) == 2)).sum() > 200
        assert (session.ids(frame_index) == 1).sum() > 200
    assert ((session.ids(0) == 1) == (square_ids(0) == 1)).all()


def test_an_older_anchor_does_not_make_a_later_object_absent() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0))
    list(session.propagate())
    session.set_ids(6, square_ids(6, both=True))
    list(session.propagate())
    # Objects that different anchors know are read apart, each from its own anchors.
    assert set(networks_of(session)[0].memory_lengths[-4:]) == {2, 3}
    assert session.prob(1)[2].max() > 0.95


def test_an_object_that_was_declared_and_never_drawn_costs_the_networks_nothing() -> None:
    session = fake_session()
    for name in ("red", "green", "blue"):
        session.add_object(name)
    list(session.interact(stroke("lasso", [[8, 8], [23, 8], [23, 23], [8, 23]])))
    list(session.propagate())
    assert session.bank[0][1].value.shape[0] == 1
    assert session.prob(3).shape == (4, 64, 96)


def test_adding_and_removing_objects_keeps_the_bank_in_step() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0, both=True))
    list(session.propagate())
    both = session.bank[0][1].value
    session.remove_object(1)
    assert session.bank[0][1].value.shape[0] == 1
    assert (session.bank[0][1].value[0] == both[1]).all()
    session.undo()
    assert (session.bank[0][1].value == both).all()


@pytest.mark.parametrize("object_id", [0, 256, -1])
def test_an_impossible_id_is_refused(object_id: int) -> None:
    with pytest.raises(UserError, match="from 1 to 255"):
        fake_session().add_object("x", object_id)


def test_an_id_cannot_be_taken_twice() -> None:
    session = fake_session()
    session.add_object("red", 7)
    with pytest.raises(UserError, match="object 7 already"):
        session.add_object("green", 7)


@pytest.mark.parametrize("command", ["remove_object", "lock"])
def test_an_object_that_is_not_there_is_named(command: str) -> None:
    with pytest.raises(UserError, match="no object 3"):
        getattr(fake_session(), command)(3)


def test_a_removed_object_takes_the_drafts_and_anchors_of_it_alone_along() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0))
    list(session.propagate())
    session.add_object("green")
    list(session.interact(stroke("brush", [[12, 44]], frame=3, object_id=2)))
    list(session.propagate())
    list(session.interact(stroke("brush", [[12, 44]], frame=6, object_id=2)))
    assert (session.anchors, session.drafts) == ((0, 3), (6,))
    session.remove_object(2)
    assert (session.anchors, session.drafts) == ((0,), ())
    session.undo()
    assert (session.anchors, session.drafts) == ((0, 3), (6,))


def test_the_strokes_of_a_removed_object_do_not_come_back_with_another_of_its_id() -> None:
    session = fake_session()
    for _ in range(2):
        session.add_object()
    for object_id in (1, 2):
        list(session.interact(stroke("scribble", [[30 * object_id, 16]], object_id=object_id)))
    session.remove_object(2)
    session.add_object("another", 2)
    list(session.interact(stroke("scribble", [[16, 50]], object_id=2)))
    positive = networks_of(session)[2].planes[-1][1][0]
    assert positive[50, 16] == 1
    assert positive[16, 60] == 0


def test_a_draft_that_still_holds_a_removed_object_takes_in_what_is_propagated() -> None:
    session = fake_session()
    for _ in range(3):
        session.add_object()
    list(session.interact(stroke("brush", [[12, 44]], frame=4, object_id=2)))
    list(session.interact(stroke("brush", [[60, 44]], frame=4, object_id=3)))
    session.remove_object(3)
    list(session.interact(stroke("lasso", [[8, 8], [23, 8], [23, 23], [8, 23]])))
    list(session.propagate(0))
    assert set(np.unique(session.ids(4))) == {0, 1, 2}


def test_a_name_that_no_file_could_hold_is_refused_and_changes_nothing() -> None:
    session = fake_session()
    session.add_object("dog")
    half_a_character = "dog \ud83d"
    for act in (
        lambda: session.rename_object(1, half_a_character),
        lambda: session.add_object(half_a_character),
    ):
        with pytest.raises(UserError, match="control character"):
            act()
    assert [each.name for each in session.objects] == ["dog"]
    assert session.undo_count == 1
    assert session.add_object() == 2
