"""Immutable compressed contents, the newest in memory, the rest in the scratch store.

Masks, drafts and every undo step share blobs: a step that holds old values holds handles, not copies. When
the last handle goes, so do the bytes.
"""

from __future__ import annotations

import itertools
import threading
import weakref
from collections import OrderedDict

from inference_core.protocols import ScratchStore

DEFAULT_BUDGET_BYTES = 256 * 2**20


class Blob:
    """A handle to bytes in a `BlobStore`. Two handles are equal only when they are the same one."""

    __slots__ = ("__weakref__", "key", "nbytes")

    def __init__(self, key: int, nbytes: int) -> None:
        self.key = key
        self.nbytes = nbytes


class BlobStore:
    """Bytes by handle. Safe from any thread."""

    def __init__(self, scratch: ScratchStore | None, *, budget_bytes: int = DEFAULT_BUDGET_BYTES) -> None:
        self._scratch = scratch
        self._budget_bytes = budget_bytes
        self._keys = itertools.count()
        self._resident: OrderedDict[int, bytes] = OrderedDict()
        self._spilled: set[int] = set()
        self._resident_bytes = 0
        # Re-entrant: a handle may die, and be discarded, while this very thread is inside the store.
        self._lock = threading.RLock()

    @property
    def resident_bytes(self) -> int:
        """Bytes now held in memory."""
        return self._resident_bytes

    def put(self, content: bytes) -> Blob:
        """Keep bytes until the handle that is returned is gone."""
        blob = Blob(next(self._keys), len(content))
        weakref.finalize(blob, self._discard, blob.key).atexit = False
        with self._lock:
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
            oldest, leaving = self._resident.popitem(last=False)
            self._resident_bytes -= len(leaving)
            if oldest not in self._spilled:
                self._scratch.put(oldest, leaving)
                self._spilled.add(oldest)

    def _discard(self, key: int) -> None:
        with self._lock:
            content = self._resident.pop(key, None)
            if content is not None:
                self._resident_bytes -= len(content)
            if key in self._spilled and self._scratch is not None:
                self._spilled.discard(key)
                self._scratch.discard(key)
