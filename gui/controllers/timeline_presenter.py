"""Emit what the timeline shows of each frame, frame by frame as they change.

All frames are read at once only where more of them may have changed than were emitted.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from PyQt5.QtCore import QObject, pyqtSignal

from gui.state.frame_table import FrameConfidence

if TYPE_CHECKING:
    from inference_core.session import Session


class TimelinePresenter(QObject):
    """Reads the session's confidences, and emits those that have changed."""

    frame_changed = pyqtSignal(int, object)
    """Frame index, and FrameConfidence or None where it has no masks."""
    frame_propagated = pyqtSignal(int, object)
    """The same, of a frame that the running propagation has finished."""
    frames_changed = pyqtSignal(object)
    """A list of FrameConfidence or None, of every frame in order."""
    progress_cleared = pyqtSignal()
    """No frame counts as just propagated any more."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session: Session | None = None
        self._object_ids: frozenset[int] = frozenset()

    def attach(self, session: Session) -> None:
        """Emit a session, all frames of it."""
        self._session = session
        self._object_ids = frozenset(each.object_id for each in session.objects)
        self.update_all()

    def detach(self) -> None:
        """Stop reading the session: its clip is being closed."""
        self._session = None

    def confidence(self, frame_index: int) -> FrameConfidence | None:
        """Return a frame's confidence; None where it has no masks, or there is no session."""
        return FrameConfidence.lowest(self._session.confidence(frame_index)) if self._session else None

    def update_frame(self, frame_index: int) -> None:
        """Emit a frame whose masks have changed."""
        if self._session is not None:
            self.frame_changed.emit(frame_index, self.confidence(frame_index))

    def add_propagated(self, frame_index: int) -> None:
        """Emit a frame that the running propagation has finished."""
        if self._session is not None:
            self.frame_propagated.emit(frame_index, self.confidence(frame_index))

    def clear_progress(self) -> None:
        """Count no frame as just propagated any more."""
        self.progress_cleared.emit()

    def update_all(self) -> None:
        """Emit all frames."""
        if self._session is not None:
            self.frames_changed.emit([FrameConfidence.lowest(each) for each in self._session.confidences()])

    def update_objects(self, object_ids: Iterable[int]) -> None:
        """Emit all frames if objects were added or removed.

        That changes the confidences of frames that have no pixel of the object, and for these no change is
        emitted.
        """
        before, self._object_ids = self._object_ids, frozenset(object_ids)
        if before != self._object_ids:
            self.update_all()
