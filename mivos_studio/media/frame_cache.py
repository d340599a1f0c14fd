"""Decoded frames kept by recency, within a budget of bytes. Safe to use from several threads."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from inference_core.types import UInt8Array


class FrameCache:
    """Caches images (H, W, 3) uint8 by frame_index; evicts the least recently used beyond budget_bytes."""

    def __init__(self, budget_bytes: int) -> None:
        self.budget_bytes = budget_bytes
        self._images: OrderedDict[int, UInt8Array] = OrderedDict()
        self._nbytes = 0
        self._lock = Lock()

    @property
    def nbytes(self) -> int:
        """Bytes held now; never above the budget."""
        return self._nbytes

    def __contains__(self, frame_index: int) -> bool:
        with self._lock:
            return frame_index in self._images

    def get(self, frame_index: int) -> UInt8Array | None:
        """Return the image and mark it as just used; None where it is not kept."""
        with self._lock:
            image = self._images.get(frame_index)
            if image is not None:
                self._images.move_to_end(frame_index)
            return image

    def put(self, frame_index: int, image: UInt8Array) -> None:
        """Keep an image; one that is larger than the whole budget is not kept."""
        with self._lock:
            self._nbytes += image.nbytes - self._forget(frame_index)
            self._images[frame_index] = image
            while self._nbytes > self.budget_bytes:
                self._nbytes -= self._images.popitem(last=False)[1].nbytes

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            self._images.clear()
            self._nbytes = 0

    def _forget(self, frame_index: int) -> int:
        """Drop one image and return its bytes, 0 where it is not kept."""
        image = self._images.pop(frame_index, None)
        return 0 if image is None else image.nbytes
