"""Navigation: current frame, zoom and view mode; playback, and following a propagation.

Never waits for the worker: frames and masks are read on the reader's thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from PyQt5.QtCore import QObject, QTimer, pyqtSignal

from gui.canvas.canvas import Canvas
from gui.state.overlay import RenderedFrame, ViewMode
from gui.state.saved_view import restored_state, restored_zoom
from gui.state.session_model import SessionModel
from gui.state.session_view import ClipFacts
from gui.state.view_model import ViewModel
from gui.state.view_state import ViewState
from gui.worker.frame_reader import FrameReader, FrameRequest, ReadFrameIds


class Navigator(QObject):
    """Handles navigation requests and has the current frame rendered."""

    clip_shown = pyqtSignal(object)
    """ClipFacts of another clip, of which no masks are shown yet."""
    playing_changed = pyqtSignal(bool)

    def __init__(self, model: ViewModel, session_model: SessionModel, canvas: Canvas) -> None:
        super().__init__(model)
        self._model = model
        self._session_model = session_model
        self._canvas = canvas
        self._reader: FrameReader | None = None
        self._read_frame_ids: ReadFrameIds | None = None
        self._object_ids: Callable[[], tuple[int, ...]] = tuple
        self._frame_rate = 25.0
        self._is_following = False
        self._playback_start: tuple[float, int] | None = None
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._on_tick)
        canvas.gesture_started.connect(self.stop)
        model.changed.connect(self._on_state)

    # What is shown.

    @property
    def frame_rate(self) -> float:
        """The clip's frames per second; 25 where it has no rate, and before the first clip."""
        return self._frame_rate

    def show_clip(self, reader: FrameReader, clip: ClipFacts, view: object = None) -> None:
        """Show a frame of another clip, without masks.

        view  what a project remembers of the window; the first frame where that is nothing.
        """
        self.stop()
        self._reader = reader
        self._canvas.clear()
        self._canvas.zoom_first_frame(restored_zoom(view))
        self._read_frame_ids, self._object_ids = None, tuple
        self._frame_rate = clip.frame_rate if clip.frame_rate > 0 else 25.0
        fresh = ViewState.for_clip(clip.frame_count, clip.size)
        fresh = replace(fresh, open_panels=self._model.state.open_panels)
        self._model.set(restored_state(fresh, view))
        self.clip_shown.emit(clip)
        self.refresh()

    def show_masks(self, read_frame_ids: ReadFrameIds, object_ids: Callable[[], tuple[int, ...]]) -> None:
        """Show masks from now on: read_frame_ids reads a frame's ids, object_ids the objects'."""
        self._read_frame_ids, self._object_ids = read_frame_ids, object_ids
        self.refresh()

    def refresh(self) -> None:
        """Render the current frame again: its masks or their colours have changed."""
        state = self._model.state
        if state.frame_count and self._reader is not None:
            style = state.style(self._object_ids())
            self._reader.request_frame(FrameRequest(state.frame_index, style, self._read_frame_ids))

    def follow(self, frame_index: int) -> None:
        """Go to a frame of a running propagation, unless the user has navigated since it started."""
        if self._is_following:
            self._model.set(self._model.state.at_frame(frame_index))

    def start_following(self) -> None:
        """Follow a propagation until the user navigates."""
        self.stop()
        self._is_following = True

    # Requests.

    def go_to(self, frame_index: int) -> None:
        """Go to a frame."""
        self.stop()
        self._model.set(self._model.state.at_frame(frame_index))

    def step(self, frames: int) -> None:
        """Go forward by so many frames, or back."""
        self.go_to(self._model.state.frame_index + frames)

    def go_to_end(self, direction: int) -> None:
        """Go to the first frame (-1) or the last (+1)."""
        self.go_to(0 if direction < 0 else self._model.state.frame_count - 1)

    def go_to_mark(self, direction: int) -> None:
        """Go to the next corrected frame in a direction, if there is one."""
        here = self._model.state.frame_index
        marks = self._session_model.state.marks.anchors | self._session_model.state.marks.drafts
        ahead = [i for i in marks if (i - here) * direction > 0]
        if ahead:
            self.go_to(min(ahead, key=lambda i: abs(i - here)))

    def toggle_playing(self) -> None:
        """Start playback at the current frame, or stop it."""
        if self._playback_start is not None:
            self.stop()
        elif self._model.state.frame_count > 1:
            self._is_following = False
            self._playback_start = (time.perf_counter(), self._model.state.frame_index)
            self._timer.start(max(1, round(1000 / self._frame_rate)))
            self.playing_changed.emit(True)

    def zoom(self, factor: float) -> None:
        """Zoom in (factor above 1) or out."""
        self._canvas.zoom(factor)

    def fit(self) -> None:
        """Show the whole frame."""
        self._canvas.fit()

    def set_view_mode(self, mode: ViewMode) -> None:
        """Set the view mode."""
        self._model.set(replace(self._model.state, view_mode=mode))

    def next_view_mode(self) -> None:
        """Switch to the next view mode."""
        modes = list(ViewMode)
        self.set_view_mode(modes[(modes.index(self._model.state.view_mode) + 1) % len(modes)])

    def toggle_panel(self, name: str) -> None:
        """Show an optional panel, or hide it."""
        state = self._model.state
        self._model.set(state.with_panel(name, is_open=name not in state.open_panels))

    # Events.

    def on_frame_rendered(self, rendered: RenderedFrame) -> None:
        """Show a frame that the reader has rendered."""
        if rendered.frame_index < self._model.state.frame_count:
            self._canvas.show_frame(rendered)

    def stop(self) -> None:
        """Stop playback and following."""
        self._is_following = False
        if self._playback_start is not None:
            self._playback_start = None
            self._timer.stop()
            self.playing_changed.emit(False)

    def _on_tick(self) -> None:
        """Show the frame of the elapsed time: a slow machine skips frames instead of playing slower."""
        if self._playback_start is None:
            return
        began_s, first = self._playback_start
        elapsed = int((time.perf_counter() - began_s) * self._frame_rate)
        state = self._model.state
        self._model.set(state.at_frame((first + elapsed) % state.frame_count))

    def _on_state(self, before: ViewState, after: ViewState) -> None:
        needs_refresh = (
            before.frame_index != after.frame_index
            or before.view_mode != after.view_mode
            or before.hidden != after.hidden
            or before.colours != after.colours
        )
        if needs_refresh:
            self.refresh()
