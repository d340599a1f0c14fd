"""Query features by frame. They depend on the image alone, so they outlive rounds."""

from __future__ import annotations

import threading
from collections import OrderedDict

from model.interfaces import QueryFeatures


class FeatureCache:
    """A least-recently-used cache, bounded by bytes, that a pass over the clip does not thrash.

    A plain least-recently-used cache is useless for a pass over more frames than it holds: each frame evicts
    the one that the next pass needs first. So a pass evicts only what it has not used itself; once the cache
    is full of its own frames, later ones are not cached.
    """

    def __init__(self, *, budget_bytes: int) -> None:
        self._most_bytes = self._budget_bytes = budget_bytes
        self._features: OrderedDict[int, QueryFeatures] = OrderedDict()
        self._used_in_pass: set[int] = set()
        self._bytes = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._features)

    @property
    def nbytes(self) -> int:
        """Bytes now held."""
        return self._bytes

    def begin_pass(self) -> None:
        """Begin a new pass over the clip: everything cached may be evicted again."""
        with self._lock:
            self._used_in_pass.clear()

    def get(self, frame_index: int) -> QueryFeatures | None:
        """Return a frame's features if they are cached."""
        with self._lock:
            features = self._features.get(frame_index)
            if features is not None:
                self._features.move_to_end(frame_index)
                self._used_in_pass.add(frame_index)
            return features

    def put(self, frame_index: int, features: QueryFeatures) -> None:
        """Cache a frame's features if the budget allows."""
        size = features.nbytes
        with self._lock:
            if frame_index in self._features or not self._evict_for(size):
                return
            self._features[frame_index] = features
            self._used_in_pass.add(frame_index)
            self._bytes += size

    def shrink(self) -> None:
        """Drop everything, and from now on hold half as many bytes as there were."""
        with self._lock:
            self._budget_bytes = self._bytes // 2 if self._bytes else self._budget_bytes
            self._drop_all()

    def reset(self) -> None:
        """Drop everything, and hold as much as at first: features are on another device now."""
        with self._lock:
            self._budget_bytes = self._most_bytes
            self._drop_all()

    def _drop_all(self) -> None:
        self._features.clear()
        self._used_in_pass.clear()
        self._bytes = 0

    def _evict_for(self, size: int) -> bool:
        evictable = [frame for frame in self._features if frame not in self._used_in_pass]
        free = self._budget_bytes - self._bytes
        if free + sum(self._features[frame].nbytes for frame in evictable) < size:
            return False
        for frame in evictable:
            if self._budget_bytes - self._bytes >= size:
                break
            self._bytes -= self._features.pop(frame).nbytes
        return True
