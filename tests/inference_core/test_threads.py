from __future__ import annotations

import threading

import numpy as np

from tests.inference_core.fakes import fake_session, square_clip, square_ids


def test_masks_can_be_read_from_another_thread_while_a_propagation_goes_on() -> None:
    session = fake_session(square_clip(18))
    session.set_ids(0, square_ids(0, both=True))
    stop = threading.Event()
    problems: list[str] = []
    reads = [0]

    def snapshot() -> None:
        while not stop.is_set():
            for frame_index in range(18):
                if not set(np.unique(session.ids(frame_index))) <= {0, 1, 2}:
                    problems.append(f"frame {frame_index} shows objects that do not exist")
                if session.prob(frame_index).shape[1:] != (64, 96):
                    problems.append(f"prob of frame {frame_index} has a wrong size")
                if set(session.drafts) & set(session.anchors):
                    problems.append("a frame is draft and anchor at once")
                reads[0] += 1

    reader = threading.Thread(target=snapshot)
    reader.start()
    try:
        for _ in range(3):
            list(session.propagate(0))
            session.undo()
            session.redo()
    except Exception as error:
        problems.append(repr(error))
    finally:
        stop.set()
        reader.join()
    assert problems == []
    assert reads[0] > 18


def test_a_frame_that_was_yielded_can_be_read_at_once() -> None:
    session = fake_session()
    session.set_ids(0, square_ids(0))
    for change in session.propagate():
        assert (session.ids(change.frame_index) == change.ids).all()
        assert not session.ids(11).any() or change.frame_index == 11
