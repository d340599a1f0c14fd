"""The thread that makes frames ready for the canvas: decodes, asks for the masks, colours them.

Only the last wish counts: while one frame is being read, all but the newest of the wishes that come in are
dropped, so that scrubbing never queues up.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PyQt5.QtCore import QObject, QThread, pyqtSignal

from gui.overlay import OverlayStyle, UInt32Array, changed_box, paint, rgb32
from gui.widgets.canvas import Picture
from inference_core.values import UInt8Array

if TYPE_CHECKING:
    from media.clip import Clip

IdsOf = Callable[[int], UInt8Array]


@dataclass(frozen=True)
class Wish:
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


class FrameReader(QThread):
    """Opens a clip and reads its frames."""

    clip_opened = pyqtSignal(object)
    """Clip."""
    picture_ready = pyqtSignal(object)
    """Picture."""
    failed = pyqtSignal(object)
    """The error."""

    def __init__(self, open_clip: Callable[[Path | None], Clip], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._open_clip = open_clip
        self._is_asked = threading.Condition()
        self._path: Path | None = None
        self._has_path = False
        self._wish: Wish | None = None
        self._is_quitting = False
        self._clip: Clip | None = None
        self._shown: _Shown | None = None

    # From the window's thread.

    def open(self, path: Path | None) -> None:
        """Open another clip; None stands for the sample clip."""
        with self._is_asked:
            self._path, self._has_path, self._wish = path, True, None
            self._is_asked.notify()

    def show(self, wish: Wish) -> None:
        """Read a frame of the clip that is open."""
        with self._is_asked:
            self._wish = wish
            self._is_asked.notify()

    def stop(self) -> None:
        """End the thread and wait for it."""
        with self._is_asked:
            self._is_quitting = True
            self._is_asked.notify()
        self.wait()

    # On the reader's thread.

    def run(self) -> None:
        """Fulfil wishes until the window closes."""
        while (task := self._next()) is not None:
            try:
                task()
            except Exception as error:
                self.failed.emit(error)

    def _next(self) -> Callable[[], None] | None:
        with self._is_asked:
            while not (self._has_path or self._wish or self._is_quitting):
                self._is_asked.wait()
            if self._is_quitting:
                return None
            if self._has_path:
                path, self._has_path = self._path, False
                return lambda: self._open(path)
            wish, self._wish = self._wish, None
            assert wish is not None
            return lambda: self._fulfil(wish)

    def _open(self, path: Path | None) -> None:
        clip = self._open_clip(path)
        self._clip, self._shown = clip, None
        self.clip_opened.emit(clip)

    def _fulfil(self, wish: Wish) -> None:
        if self._clip is None:
            return
        before = self._shown
        self._shown = self._made(self._clip, wish)
        self.picture_ready.emit(self._shown.picture)
        if before is not None:
            self._read_ahead(self._clip, wish.frame_index, before.picture.frame_index)

    def _read_ahead(self, clip: Clip, frame_index: int, before: int) -> None:
        """Decode the frame that a step on would show, while the editor still looks at this one."""
        following = 2 * frame_index - before
        with self._is_asked:
            is_idle = self._wish is None and not self._has_path and not self._is_quitting
        if is_idle and abs(frame_index - before) == 1 and 0 <= following < len(clip):
            clip[following]

    def _made(self, clip: Clip, wish: Wish) -> _Shown:
        ids = np.zeros(clip.size, np.uint8) if wish.ids_of is None else wish.ids_of(wish.frame_index)
        last = self._shown
        if last is None or last.picture.frame_index != wish.frame_index:
            frame = rgb32(clip[wish.frame_index])
        else:
            frame = last.picture.frame
            if last.style == wish.style:
                return _repainted(last, ids)
        overlay: UInt32Array = np.empty(ids.shape, np.uint32)
        paint(ids, wish.style.table(), overlay)
        return _Shown(wish.style, ids, Picture(wish.frame_index, frame, overlay))


def _repainted(last: _Shown, ids: UInt8Array) -> _Shown:
    """Paint what differs into a copy: the canvas still shows the last picture's own array."""
    box = changed_box(last.ids, ids)
    if box is None:
        box = (0, 0, 0, 0)
    overlay = last.picture.overlay.copy()
    paint(ids, last.style.table(), overlay, box)
    return _Shown(last.style, ids, Picture(last.picture.frame_index, last.picture.frame, overlay, box))
