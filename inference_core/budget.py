"""How much memory a session may fill. What is beyond goes to the scratch store, or is computed again."""

from __future__ import annotations

from dataclasses import dataclass

_MEBIBYTE = 2**20


@dataclass(frozen=True)
class MemoryBudget:
    """Bytes for each of a session's stores; together with the clip's frames they bound its memory.

    features  query features by frame, computed again where they are missing.
    bank      memory entries of anchors that no walk uses at the moment, computed again too.
    contents  compressed masks and probabilities, of now and of every undo step; the rest is in the scratch
              store, and without one all of it stays in memory.
    decoded   masks (H, W) as they are shown.
    """

    features: int = 768 * _MEBIBYTE
    bank: int = 256 * _MEBIBYTE
    contents: int = 64 * _MEBIBYTE
    decoded: int = 64 * _MEBIBYTE
