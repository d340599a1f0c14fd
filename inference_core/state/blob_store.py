"""Immutable compressed contents, the newest in memory, the rest in the scratch store.

Masks, drafts and every undo step name their contents by `Blob`, a number that a content keeps for good: a
step that holds old values holds numbers, not copies, and what names them can be written to a file.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable

from inference_core.errors import DamagedMaskError
from inference_core.state.frame_record import Blob
from inference_core.types import ScratchStore


class BlobDiscardedError(LookupError):
    """The content was discarded, since nothing named it any more."""


class BlobStore:
    """Bytes by number. Safe from any thread.

    scratch       stores what does not fit; without one everything stays in memory.
    budget_bytes  held in memory at most.
    """

    def __init__(self, scratch: ScratchStore | None, *, budget_bytes: int) -> None:
        self._scratch = scratch
        self._budget_bytes = budget_bytes
        self._resident: OrderedDict[Blob, bytes] = OrderedDict()
        self._stored: set[Blob] = set()
        self._resident_bytes = 0
        self._next = 0
        self._added = 0
        self._lock = threading.Lock()

    @property
    def resident_bytes(self) -> int:
        """Bytes now held in memory."""
        return self._resident_bytes

    @property
    def added(self) -> int:
        """How many contents were added since `discard_others` was called last."""
        return self._added

    @property
    def next_blob(self) -> int:
        """The number of the next content; none is used twice."""
        return self._next

    def put(self, content: bytes) -> Blob:
        """Store bytes until `discard_others` leaves them out."""
        with self._lock:
            blob = Blob(self._next)
            self._next += 1
            self._added += 1
            self._keep(blob, content)
        return blob

    def get(self, blob: Blob) -> bytes:
        """Return bytes, from memory or from the scratch store.

        Raises BlobDiscardedError; DamagedMaskError where the scratch store has lost them.
        """
        with self._lock:
            content = self._resident.get(blob)
            if content is not None:
                self._resident.move_to_end(blob)
                return content
            if self._scratch is None or blob not in self._stored:
                raise BlobDiscardedError(blob)
            try:
                content = self._scratch.get(blob)
            except KeyError as error:
                raise DamagedMaskError from error
            self._keep(blob, content)
            return content

    def discard_others(self, named: Collection[Blob]) -> None:
        """Discard all bytes but those that are named."""
        with self._lock:
            for blob in [blob for blob in self._resident if blob not in named]:
                self._resident_bytes -= len(self._resident.pop(blob))
            for blob in [blob for blob in self._stored if blob not in named]:
                self._stored.discard(blob)
                assert self._scratch is not None, "it stored them"
                self._scratch.discard(blob)
            self._added = 0

    def flush(self) -> None:
        """Write to the scratch store what is only in memory; it stays in memory, too."""
        with self._lock:
            for blob, content in self._resident.items():
                self._store(blob, content)

    def adopt(self, named: Iterable[Blob], *, next_blob: int) -> None:
        """Name what a scratch store holds already; new contents are numbered from `next_blob` on."""
        with self._lock:
            self._stored.update(named)
            self._next = next_blob

    def _keep(self, blob: Blob, content: bytes) -> None:
        self._resident[blob] = content
        self._resident_bytes += len(content)
        while self._scratch is not None and self._resident_bytes > self._budget_bytes and self._resident:
            oldest, leaving = next(iter(self._resident.items()))
            self._store(oldest, leaving)  # raises on a full disk: the bytes stay here
            del self._resident[oldest]
            self._resident_bytes -= len(leaving)

    def _store(self, blob: Blob, content: bytes) -> None:
        if blob not in self._stored and self._scratch is not None:
            self._scratch.put(blob, content)
            self._stored.add(blob)
