"""Brings to the timeline what the session says of the clip's frames, one by one, as they change.

All frames are asked at once only where more of them may be others than was told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gui.panels.timeline import Marks, Timeline
from gui.state.frame_table import FrameConfidence

if TYPE_CHECKING:
    from inference_core.session import Session


class TimelinePresenter:
    """Keeps the timeline true. Reads the session, never changes it."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._session: Session | None = None
        self._object_ids: frozenset[int] = frozenset()

    def attach(self, session: Session) -> None:
        """Look at another session, all of it."""
        self._session = session
        self._object_ids = _object_ids(session)
        self.update_marks()
        self.update_all()

    def detach(self) -> None:
        """Look at no session: it belongs to a clip that is going."""
        self._session = None

    def update_frame(self, frame_index: int) -> None:
        """A frame's masks are others now."""
        if self._session is not None:
            self._timeline.set_confidence(
                frame_index, FrameConfidence.lowest(self._session.confidence(frame_index))
            )

    def add_propagated(self, frame_index: int) -> None:
        """A propagation has done a frame."""
        if self._session is not None:
            self._timeline.add_propagated(
                frame_index, FrameConfidence.lowest(self._session.confidence(frame_index))
            )

    def update_all(self) -> None:
        """Any frame's masks may be others now."""
        if self._session is not None:
            self._timeline.set_confidences(
                [FrameConfidence.lowest(each) for each in self._session.confidences()]
            )

    def update_marks(self) -> None:
        """Anchors, drafts and objects may be others now.

        Where an object goes or comes back, frames without a pixel of it are not told, but say less or more.
        """
        session = self._session
        if session is None:
            return
        names = {each.object_id: each.name for each in session.objects}
        self._timeline.set_marks(Marks(frozenset(session.anchors), frozenset(session.drafts), names))
        before, self._object_ids = self._object_ids, _object_ids(session)
        if before != self._object_ids:
            self.update_all()


def _object_ids(session: Session) -> frozenset[int]:
    return frozenset(each.object_id for each in session.objects)


def propagation_hint(session: Session) -> str:
    """Say what waits to be propagated, or what to do first."""
    drafts = sorted(session.drafts)
    if drafts:
        frames = ", ".join(str(i) for i in drafts[:5]) + (" …" if len(drafts) > 5 else "")
        return f"Not propagated yet: frame{'s' if len(drafts) > 1 else ''} {frames}"
    if session.unfinished:
        return "A propagation was cancelled; Propagate goes on with it."
    if session.anchors:
        return "Correct a frame where a mask is wrong, then propagate again."
    return "Draw on a frame, then propagate."
