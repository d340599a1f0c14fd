"""Masks that are set as a whole instead of drawn."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference_core.errors import UserError
from inference_core.types import MAX_OBJECTS, UInt8Array


def checked_ids(ids: NDArray[Any], size: tuple[int, int]) -> UInt8Array:
    """Return ids as (H, W) uint8; raise unless they are whole numbers from 0 to 255 and of this (H, W)."""
    given = np.asarray(ids)
    if given.shape != size:
        height, width = size
        shown = "x".join(str(side) for side in given.shape[::-1])
        raise UserError(f"The mask is {shown} pixels, the clip {width}x{height}: give it the clip's size.")
    if given.dtype.kind not in "bui" or given.min() < 0 or given.max() > MAX_OBJECTS:
        raise UserError(f"A mask holds whole numbers from 0 to {MAX_OBJECTS}, the ids of its objects.")
    return given.astype(np.uint8)


def beside_locked(ids: UInt8Array, before: UInt8Array, locked: Collection[int]) -> UInt8Array:
    """Return ids (H, W) with locked objects where they were before, and nowhere else."""
    free = np.where(np.isin(ids, list(locked)), np.uint8(0), ids)
    return np.where(np.isin(before, list(locked)), before, free)
