"""Masks that agree with their anchor are trusted; the frame to correct next lies where most is doubtful."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from inference_core.propagation.confidence import ReferenceMask, agree, confidence_of
from inference_core.propagation.suggest import next_frame
from inference_core.types import Agreement
from model.families import FAMILIES
from model.family import Calibration
from tests.inference_core.fakes import fake_session, square_clip, square_ids


def _agreement(shown, transferred):
    session = fake_session()
    runner = session._context.runner
    image = runner.image(square_clip(1)[0])
    query = runner.query(0, image)
    planes = torch.zeros(2, 1, 64, 96)
    for plane, (left, right) in zip(planes, (shown, transferred), strict=True):
        plane[0, 16:48, left:right] = 1.0
    return agree(runner, query, ReferenceMask(0, query.key, planes[1]), planes[0])[
        0
    ]  # the fake transfers maps unchanged


def test_masks_that_are_the_same_agree_wholly():
    assert _agreement((16, 48), (16, 48)) == pytest.approx(Agreement(1.0, 1.0))
    assert _agreement((0, 0), (0, 0)) == pytest.approx(Agreement(1.0, 1.0))


def test_what_is_only_in_one_of_them_lowers_that_one():
    wider = _agreement((16, 80), (16, 48))
    assert wider.precision == pytest.approx(0.5, abs=0.01)
    assert wider.recall == pytest.approx(1.0)
    lost = _agreement((0, 0), (16, 48))
    assert lost.recall < 0.01
    assert max(_agreement((0, 32), (64, 96))) < 0.01


@pytest.mark.parametrize("family", FAMILIES)
def test_confidence_grows_with_agreement_and_stays_within_its_range(family):
    calibration = FAMILIES[family].calibration
    shares = np.linspace(0, 1, 21)
    confidences = [confidence_of(Agreement(share, share), calibration) for share in shares]
    assert np.all(np.diff(confidences) > 0)
    assert 0 < confidences[0] < 0.3 < 0.9 < confidences[-1] < 1
    assert confidence_of(Agreement(0.3, 0.9), Calibration(0.0, 0.0, 0.0)) == 0.5


def _propagated(frames=8, **options):
    session = fake_session(square_clip(frames), **options)
    session.set_ids(2, square_ids(2, both=True))
    for _ in session.propagate(2):
        pass
    return session


def test_what_the_user_gave_is_certain_and_what_was_propagated_is_not():
    session = _propagated()
    assert session.confidence(2) == {1: 1.0, 2: 1.0}
    propagated = session.confidence(5)
    assert set(propagated) == {1, 2}
    assert all(0 < confidence < 1 for confidence in propagated.values())
    assert (
        propagated[2] > propagated[1]
    )  # the fake transfers masks unchanged: what stands still agrees, what moves does not
    session.set_ids(5, square_ids(5))
    assert session.confidence(5)[1] == 1.0


def test_a_frame_without_masks_has_no_agreements():
    assert fake_session().confidence(0) == {}
    session = _propagated()
    session.reset(5)
    assert session.confidence(5) == {}


def test_all_confidences_at_once_are_those_of_each_frame():
    session = _propagated()
    session.set_ids(6, square_ids(6))
    session.reset(5)
    assert session.confidences() == [session.confidence(frame_index) for frame_index in range(8)]
    session.remove_object(2)
    assert session.confidences() == [session.confidence(frame_index) for frame_index in range(8)]
    assert session.confidences()[6] == {1: 1.0}


def test_confidence_is_undone_and_redone_with_the_masks():
    session = _propagated()
    before = session.confidence(6)
    session.set_ids(7, square_ids(7, both=True))
    for _ in session.propagate(7):
        pass
    after = session.confidence(6)
    assert after != before
    session.undo()
    assert session.confidence(6) == before
    session.redo()
    assert session.confidence(6) == after


def test_a_nearer_anchor_is_asked():
    """The square has moved as far as it is wide; the transferred mask is close on its neighbour alone."""
    session = _propagated(12)
    far = session.confidence(10)[1]
    session.set_ids(11, square_ids(11, both=True))
    for _ in session.propagate(11):
        pass
    assert session.confidence(10)[1] > far + 0.2
    assert session.confidence(3)[1] > session.confidence(6)[1]


def test_a_locked_object_keeps_its_confidence():
    session = _propagated()
    before = session.confidence(6)
    session.lock(2)
    session.set_ids(7, square_ids(7, both=True))
    for _ in session.propagate(7):
        pass
    assert session.confidence(6)[2] == before[2]
    assert session.confidence(6)[1] != before[1]


def test_the_next_frame_lies_amid_what_is_doubtful():
    sure, doubtful = {1: 0.95}, {1: 0.3}
    confidences = [sure] * 10 + [doubtful] * 7 + [sure] * 10
    assert next_frame(confidences, 1, {0}) in range(11, 16)
    alone = [sure] * 5 + [{1: 0.0}] + [sure] * 5 + [doubtful] * 5 + [sure] * 5
    assert next_frame(alone, 1, {0}) in range(11, 16)


def test_what_has_been_corrected_is_not_advised_again():
    confidences = [{1: 0.1}] * 4
    assert next_frame(confidences, 1, {0, 1, 3}) == 2
    assert next_frame(confidences, 1, {0, 1, 2, 3}) is None


def test_corrections_split_the_clip_into_gaps_of_their_own():
    confidences = [{1: 1.0}] + [{1: 0.5}] * 8 + [{1: 1.0}] + [{1: 0.5}] * 3
    assert next_frame(confidences, 1, {0, 9}) in range(3, 7)


def test_an_object_that_was_never_there_is_doubtful():
    assert next_frame([{1: 0.9, 2: 0.9}, {1: 0.9}, {1: 0.9, 2: 0.9}], 2, {0}) == 1


def test_a_session_advises_once_it_has_an_object():
    session = fake_session()
    assert session.next_to_correct() is None
    session = _propagated()
    advised = session.next_to_correct()
    assert advised is not None
    assert advised not in session.anchors
