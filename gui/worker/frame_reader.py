"""The thread that makes a clip's frames ready for the canvas: decodes, asks for the masks, colours them.

Only the last request counts: while one frame is being read, all but the newest of the requests that come in
are dropped, so that scrubbing never queues up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PyQt5.QtCore import pyqtSignal

from gui.state.overlay import OverlayStyle, Picture, UInt32Array, changed_box, paint, rgb32
from gui.worker.ending import EndableThread
from inference_core.types import UInt8Array

if TYPE_CHECKING:
    from mivos_studio.media.clip import Clip

IdsOf = Callable[[int], UInt8Array]


@dataclass(frozen=True)
class FrameRequest:
    """A frame to be shown, and how. ids_of is None until there is a session."""

    frame_index: int
    style: OverlayStyle
    ids_of: IdsOf | None


@dataclass(frozen=True, eq=False)
class _Shown:
    """The last picture, kept so that only what differs is painted anew."""

    style: OverlayStyle
    ids: UInt8Array
    picture: Picture


class FrameReader(EndableThread):
    """Reads the frames of one clip. The next clip has a reader of its own: this one's disk may be slow."""

    picture_ready = pyqtSignal(object)
    """Picture."""
    failed = pyqtSignal(object)
    """The error."""

    def __init__(self, clip: Clip) -> None:
        super().__init__()
        self._clip = clip
        self._request: FrameRequest | None = None
        self._shown: _Shown | None = None

    # From the window's thread.

    def show(self, request: FrameRequest) -> None:
        """Read a frame."""
        with self._is_asked:
            self._request = request
            self._is_asked.notify()

    # On the reader's thread.

    def run(self) -> None:
        """Fulfil requests until the thread is asked to end."""
        while (request := self._next()) is not None:
            try:
                self._fulfil(request)
            except Exception as error:
                self.failed.emit(error)

    def _next(self) -> FrameRequest | None:
        with self._is_asked:
            while self._request is None and not self._is_ending:
                self._is_asked.wait()
            request, self._request = self._request, None
            return None if self._is_ending else request

    def _fulfil(self, request: FrameRequest) -> None:
        before = self._shown
        self._shown = self._made(request)
        self.picture_ready.emit(self._shown.picture)
        if before is not None:
            self._read_ahead(request.frame_index, before.picture.frame_index)

    def _read_ahead(self, frame_index: int, before: int) -> None:
        """Decode the frame that a step on would show, while the editor still looks at this one."""
        following = 2 * frame_index - before
        with self._is_asked:
            is_idle = self._request is None and not self._is_ending
        if is_idle and abs(frame_index - before) == 1 and 0 <= following < len(self._clip):
            self._clip[following]

    def _made(self, request: FrameRequest) -> _Shown:
        ids = (
            np.zeros(self._clip.size, np.uint8)
            if request.ids_of is None
            else request.ids_of(request.frame_index)
        )
        last = self._shown
        if last is None or last.picture.frame_index != request.frame_index:
            frame = rgb32(self._clip[request.frame_index])
        else:
            frame = last.picture.frame
            if last.style == request.style:
                return _repainted(last, ids)
        overlay: UInt32Array = np.empty(ids.shape, np.uint32)
        paint(ids, request.style.table(), overlay)
        return _Shown(request.style, ids, Picture(request.frame_index, frame, overlay))


def _repainted(last: _Shown, ids: UInt8Array) -> _Shown:
    """Paint what differs into a copy: the canvas still shows the last picture's own array."""
    box = changed_box(last.ids, ids)
    if box is None:
        box = (0, 0, 0, 0)
    overlay = last.picture.overlay.copy()
    paint(ids, last.style.table(), overlay, box)
    return _Shown(last.style, ids, Picture(last.picture.frame_index, last.picture.frame, overlay, box))
