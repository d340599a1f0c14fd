"""Everything that undo and redo promise to restore, as comparable values."""

from __future__ import annotations

import numpy as np

from inference_core.session import Session


def snapshot(session: Session) -> dict[str, object]:
    """Return masks, probabilities, drafts, anchors, objects, rounds and the bank of a session, bit by bit."""
    frames = range(session.frame_count)
    return {
        "ids": [session.ids(frame_index).tobytes() for frame_index in frames],
        "prob": [session.prob(frame_index).tobytes() for frame_index in frames],
        "drafts": session.drafts,
        "anchors": session.anchors,
        "objects": session.objects,
        "unfinished": session.unfinished,
        "rounds": [
            (done.anchor, done.first, done.last, done.changed_frames, done.bank_length)
            for done in session.rounds
        ],
        "bank": [
            (frame_index, np.asarray(entry.key).tobytes(), np.asarray(entry.value).tobytes())
            for frame_index, entry in session.bank
        ],
    }


def differences(one: dict[str, object], other: dict[str, object]) -> list[str]:
    return [name for name in one if one[name] != other[name]]
