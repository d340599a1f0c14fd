"""Immutable compressed contents, the newest in memory, the rest in the scratch store.

Masks, drafts and every undo step share blobs: a step that holds old values holds handles, not copies. The
bytes are deleted with their last handle.
"""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict, deque

from inference_core.types import ScratchStore


class Blob:
    """A handle to bytes in a `BlobStore`. Two handles are equal only when they are the same one.

    There are two for every frame of every undo step, so they are small: `weakref.finalize` would take several
    times as much memory.
    """

    __slots__ = ("_unreferenced", "key", "nbytes")

    def __init__(self, key: int, nbytes: int, unreferenced: deque[int]) -> None:
        self.key = key
        self.nbytes = nbytes
        self._unreferenced = unreferenced

    def __del__(self) -> None:
        # Nothing more: this may run in any thread and interrupt anything, the store's own methods included.
        self._unreferenced.append(self.key)


class BlobStore:
    """Bytes by handle. Safe from any thread.

    scratch       stores what does not fit; without one everything stays in memory.
    budget_bytes  held in memory at most.
    """

    def __init__(self, scratch: ScratchStore | None, *, budget_bytes: int) -> None:
        self._scratch = scratch
        self._budget_bytes = budget_bytes
        self._keys = itertools.count()
        self._resident: OrderedDict[int, bytes] = OrderedDict()
        self._spilled: set[int] = set()
        self._resident_bytes = 0
        self._unreferenced: deque[int] = deque()
        self._lock = threading.Lock()

    @property
    def resident_bytes(self) -> int:
        """Bytes now held in memory."""
        with self._lock:
            self._delete_unreferenced()
            return self._resident_bytes

    def put(self, content: bytes) -> Blob:
        """Store bytes until the returned handle is deleted."""
        blob = Blob(next(self._keys), len(content), self._unreferenced)
        with self._lock:
            self._delete_unreferenced()
            self._keep(blob.key, content)
        return blob

    def get(self, blob: Blob) -> bytes:
        """Return a handle's bytes, from memory or from the scratch store."""
        with self._lock:
            content = self._resident.get(blob.key)
            if content is not None:
                self._resident.move_to_end(blob.key)
                return content
            assert self._scratch is not None, "bytes leave memory only for a scratch store"
            content = self._scratch.get(blob.key)
            self._keep(blob.key, content)
            return content

    def _keep(self, key: int, content: bytes) -> None:
        self._resident[key] = content
        self._resident_bytes += len(content)
        while self._scratch is not None and self._resident_bytes > self._budget_bytes and self._resident:
            oldest, leaving = next(iter(self._resident.items()))
            if oldest not in self._spilled:
                self._scratch.put(oldest, leaving)  # raises on a full disk: the bytes stay here
                self._spilled.add(oldest)
            del self._resident[oldest]
            self._resident_bytes -= len(leaving)

    def _delete_unreferenced(self) -> None:
        """Delete the bytes of handles that no longer exist."""
        while self._unreferenced:
            key = self._unreferenced.popleft()
            self._resident_bytes -= len(self._resident.pop(key, b""))
            if key in self._spilled and self._scratch is not None:
                self._spilled.discard(key)
                self._scratch.discard(key)
