"""Immutable compressed contents, the newest in memory, the rest in the scratch store.

Masks, drafts and every undo step name their contents by `Blob`, a number that a content keeps for good: a
step that holds old values holds numbers, not copies, and what names them can be written to a file.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable

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
        self._resident: OrderedDict[int, bytes] = OrderedDict()
        self._stored: set[int] = set()
        self._resident_bytes = 0
        self._next_key = 0
        self._added_bytes = 0
        self._lock = threading.Lock()

    @property
    def resident_bytes(self) -> int:
        """Bytes now held in memory."""
        return self._resident_bytes

    @property
    def added_bytes(self) -> int:
        """Bytes added since `discard_others` was called last."""
        return self._added_bytes

    @property
    def next_key(self) -> int:
        """The number of the next content; none is used twice."""
        return self._next_key

    def put(self, content: bytes) -> Blob:
        """Store bytes until `discard_others` leaves them out."""
        with self._lock:
            blob = Blob(self._next_key, len(content))
            self._next_key += 1
            self._added_bytes += blob.nbytes
            self._keep(blob.key, content)
        return blob

    def get(self, blob: Blob) -> bytes:
        """Return bytes, from memory or from the scratch store; raises BlobDiscardedError."""
        with self._lock:
            content = self._resident.get(blob.key)
            if content is not None:
                self._resident.move_to_end(blob.key)
                return content
            if self._scratch is None or blob.key not in self._stored:
                raise BlobDiscardedError(blob.key)
            content = self._scratch.get(blob.key)
            self._keep(blob.key, content)
            return content

    def discard_others(self, named: Iterable[Blob]) -> int:
        """Discard all bytes but those that are named; return how many bytes these are."""
        sizes = dict(named)
        with self._lock:
            for key in [key for key in self._resident if key not in sizes]:
                self._resident_bytes -= len(self._resident.pop(key))
            for key in [key for key in self._stored if key not in sizes]:
                self._stored.discard(key)
                assert self._scratch is not None, "it stored them"
                self._scratch.discard(key)
            self._added_bytes = 0
        return sum(sizes.values())

    def flush(self) -> None:
        """Write to the scratch store what is only in memory; it stays in memory, too."""
        with self._lock:
            for key, content in self._resident.items():
                self._store(key, content)

    def adopt(self, named: Iterable[Blob], *, next_key: int) -> None:
        """Name what a scratch store holds already; new contents are numbered from `next_key` on."""
        with self._lock:
            self._stored.update(blob.key for blob in named)
            self._next_key = next_key

    def _keep(self, key: int, content: bytes) -> None:
        self._resident[key] = content
        self._resident_bytes += len(content)
        while self._scratch is not None and self._resident_bytes > self._budget_bytes and self._resident:
            oldest, leaving = next(iter(self._resident.items()))
            self._store(oldest, leaving)  # raises on a full disk: the bytes stay here
            del self._resident[oldest]
            self._resident_bytes -= len(leaving)

    def _store(self, key: int, content: bytes) -> None:
        if key not in self._stored and self._scratch is not None:
            self._scratch.put(key, content)
            self._stored.add(key)
