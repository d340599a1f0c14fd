"""What is kept of one frame: its ids and its probabilities, packed.

A `FrameRecord` is immutable and holds both: ids at the source's size, which is what the user sees, and the
objects' probabilities at the padded working size, which is what the networks see. Objects are named by
(id, serial): masks of an object that was removed drop out when they are read, and come back when its removal
is undone, without a change to any frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from inference_core.state.blob_store import Blob
from inference_core.types import Agreement


class ObjectKey(NamedTuple):
    """An object's id, and a serial that tells it from earlier objects with that id."""

    object_id: int
    serial: int


@dataclass(frozen=True, eq=False, slots=True)
class PackedProb:
    """Compressed probabilities of the objects that existed when the frame was written.

    known   all of these objects; one without a plane had probability 0 everywhere.
    planes  those with a plane in `blob`, in order.
    """

    known: tuple[ObjectKey, ...]
    planes: tuple[ObjectKey, ...]
    blob: Blob


@dataclass(frozen=True, eq=False, slots=True)
class FrameRecord:
    """One frame's masks.

    present     the objects that have pixels.
    is_hard     prob holds no more information than ids.
    agreements  for each object in prob.known, None for one that was not propagated; () where none was.
    """

    prob: PackedProb
    ids: Blob
    present: tuple[ObjectKey, ...]
    is_hard: bool
    agreements: tuple[Agreement | None, ...] = ()
