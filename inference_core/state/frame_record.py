"""What is kept of one frame: its ids and its probabilities, packed.

A `FrameRecord` is a plain value that names both: masks at the source's size, which is what the user sees, and
the objects' probabilities at the padded working size, which is what the networks see. Objects are named by
(id, serial): masks of an object that was removed drop out when they are read, and come back when its removal
is undone, without a change to any frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, NewType

from inference_core.types import Agreement


class ObjectKey(NamedTuple):
    """An object's id, and a serial that tells it from earlier objects with that id."""

    object_id: int
    serial: int


Blob = NewType("Blob", int)
"""Bytes in a `BlobStore`, by the number that they keep for good."""


@dataclass(frozen=True, slots=True)
class PackedProb:
    """Compressed probabilities of the objects that existed when the frame was written.

    known   all of these objects; one without a plane had probability 0 everywhere.
    planes  those with a plane in `blob`, in order.
    """

    known: tuple[ObjectKey, ...]
    planes: tuple[ObjectKey, ...]
    blob: Blob


class MaskLayer(NamedTuple):
    """The pixels of objects that do not overlap: a label map (H, W) of their ids, in `blob`."""

    objects: tuple[ObjectKey, ...]
    blob: Blob


@dataclass(frozen=True, slots=True)
class FrameRecord:
    """One frame's masks.

    layers      every object that has pixels is in one of them; objects of different layers may overlap.
    is_hard     prob holds no more information than ids.
    agreements  for each object in prob.known, None for one that was not propagated; () where none was.
    """

    prob: PackedProb
    layers: tuple[MaskLayer, ...]
    is_hard: bool
    agreements: tuple[Agreement | None, ...] = ()

    @property
    def present(self) -> tuple[ObjectKey, ...]:
        """The objects that have pixels."""
        if len(self.layers) == 1:
            return self.layers[0].objects
        return tuple(key for layer in self.layers for key in layer.objects)

    @property
    def blobs(self) -> tuple[Blob, ...]:
        """All bytes that the record names."""
        return (self.prob.blob, *(layer.blob for layer in self.layers))
