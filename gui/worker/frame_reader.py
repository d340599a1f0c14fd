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

from gui.state.overlay import OverlayStyle, RenderedFrame, UInt32Array, changed_box, paint, rgb32
from gui.worker.shutdown import StoppableThread
from inference_core.types import UInt8Array

if TYPE_CHECKING:
    from mivos_studio.media.clip import Clip

ReadFrameIds = Callable[[int], UInt8Array]


@dataclass(frozen=True)
class FrameRequest:
    """A frame to be shown, and how. read_frame_ids is None until there is a session."""

    frame_index: int
    style: OverlayStyle
    read_frame_ids: ReadFrameIds | None


@dataclass(frozen=True, eq=False)
class _LastRender:
    """The last rendered, kept so that only what differs is painted anew."""

    style: OverlayStyle
    ids: UInt8Array
    rendered: RenderedFrame


class FrameReader(StoppableThread):
    """Reads the frames of one clip. The next clip has a reader of its own: this one's disk may be slow."""

    frame_rendered = pyqtSignal(object)
    """RenderedFrame."""
    failed = pyqtSignal(object)
    """The error."""

    def __init__(self, clip: Clip) -> None:
        super().__init__()
        self._clip = clip
        self._request: FrameRequest | None = None
        self._last: _LastRender | None = None

    # From the window's thread.

    def show(self, request: FrameRequest) -> None:
        """Read a frame."""
        with self._condition:
            self._request = request
            self._condition.notify()

    # On the reader's thread.

    def run(self) -> None:
        """Fulfil requests until the thread is asked to end."""
        while (request := self._next()) is not None:
            try:
                self._render_and_emit(request)
            except Exception as error:
                self.failed.emit(error)

    def _next(self) -> FrameRequest | None:
        with self._condition:
            while self._request is None and not self._is_stopping:
                self._condition.wait()
            request, self._request = self._request, None
            return None if self._is_stopping else request

    def _render_and_emit(self, request: FrameRequest) -> None:
        before = self._last
        self._last = self._render(request)
        self.frame_rendered.emit(self._last.rendered)
        if before is not None:
            self._read_ahead(request.frame_index, before.rendered.frame_index)

    def _read_ahead(self, frame_index: int, before: int) -> None:
        """Decode the frame that a step on would show, while the editor still looks at this one."""
        following = 2 * frame_index - before
        with self._condition:
            is_idle = self._request is None and not self._is_stopping
        if is_idle and abs(frame_index - before) == 1 and 0 <= following < len(self._clip):
            self._clip[following]

    def _render(self, request: FrameRequest) -> _LastRender:
        ids = (
            np.zeros(self._clip.size, np.uint8)
            if request.read_frame_ids is None
            else request.read_frame_ids(request.frame_index)
        )
        last = self._last
        if last is None or last.rendered.frame_index != request.frame_index:
            image = rgb32(self._clip[request.frame_index])
        else:
            image = last.rendered.image
            if last.style == request.style:
                return _with_updated_overlay(last, ids)
        overlay: UInt32Array = np.empty(ids.shape, np.uint32)
        paint(ids, request.style.table(), overlay)
        return _LastRender(request.style, ids, RenderedFrame(request.frame_index, image, overlay))


def _with_updated_overlay(last: _LastRender, ids: UInt8Array) -> _LastRender:
    """Paint what differs into a copy: the canvas still shows the last rendered's own array."""
    box = changed_box(last.ids, ids)
    if box is None:
        box = (0, 0, 0, 0)
    overlay = last.rendered.overlay.copy()
    paint(ids, last.style.table(), overlay, box)
    return _LastRender(
        last.style, ids, RenderedFrame(last.rendered.frame_index, last.rendered.image, overlay, box)
    )
