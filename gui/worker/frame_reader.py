"""The thread that renders a clip's frames for the canvas: decodes the image, reads the ids, colours them.

While one frame is being read, all but the newest request are dropped, so that scrubbing never queues up.
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
from mivos_studio.media.damage import damage_notice

if TYPE_CHECKING:
    from mivos_studio.media.clip import Clip

ReadFrameIds = Callable[[int], UInt8Array]
"""Frame index -> ids (H, W) uint8."""


@dataclass(frozen=True)
class FrameRequest:
    """A frame to render, and its style. read_frame_ids is None until there is a session."""

    frame_index: int
    style: OverlayStyle
    read_frame_ids: ReadFrameIds | None


@dataclass(frozen=True, eq=False)
class _LastRender:
    """The last rendered frame with its style and ids, kept so that only changed pixels are painted again."""

    style: OverlayStyle
    ids: UInt8Array
    rendered: RenderedFrame


class FrameReader(StoppableThread):
    """Reads the frames of one clip. Each clip has its own reader, since a slow disk may block this one."""

    frame_rendered = pyqtSignal(object)
    """RenderedFrame."""
    failed = pyqtSignal(object)
    """The error."""
    damage_found = pyqtSignal(str)
    """A sentence that names the damaged frames, when one more is met."""

    def __init__(self, clip: Clip) -> None:
        super().__init__()
        self._clip = clip
        self._request: FrameRequest | None = None
        self._last: _LastRender | None = None
        self._damaged_count = 0

    # From the window's thread.

    def request_frame(self, request: FrameRequest) -> None:
        """Render this frame next; replaces a request that has not been started."""
        with self._condition:
            self._request = request
            self._condition.notify()

    # On the reader's thread.

    def run(self) -> None:
        """Render requested frames until the thread is stopped."""
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
        if len(self._clip.damaged) > self._damaged_count:
            self._damaged_count = len(self._clip.damaged)
            self.damage_found.emit(damage_notice(self._clip.damaged))
        if before is not None:
            self._read_ahead(request.frame_index, before.rendered.frame_index)

    def _read_ahead(self, frame_index: int, before: int) -> None:
        """Decode the next frame in the same direction into the clip's cache, if no request is waiting."""
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
    """Paint the changed pixels into a copy, since the canvas still shows the last overlay's array."""
    box = changed_box(last.ids, ids)
    if box is None:
        box = (0, 0, 0, 0)
    overlay = last.rendered.overlay.copy()
    paint(ids, last.style.table(), overlay, box)
    return _LastRender(
        last.style, ids, RenderedFrame(last.rendered.frame_index, last.rendered.image, overlay, box)
    )
