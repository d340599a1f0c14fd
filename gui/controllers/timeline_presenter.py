"""Update the timeline from the session, frame by frame as they change.

All frames are read at once only where more of them may have changed than were emitted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gui.panels.timeline import Marks, Timeline
from gui.state.frame_table import FrameConfidence

if TYPE_CHECKING:
    from inference_core.session import Session


class TimelinePresenter:
    """Keeps the timeline up to date. Reads the session, never changes it."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._session: Session | None = None
        self._object_ids: frozenset[int] = frozenset()

    def attach(self, session: Session) -> None:
        """Show a session, all frames of it."""
        self._session = session
        self._object_ids = _object_ids(session)
        self.update_marks()
        self.update_all()

    def detach(self) -> None:
        """Stop showing the session: its clip is being closed."""
        self._session = None

    def update_frame(self, frame_index: int) -> None:
        """Update a frame whose masks have changed."""
        if self._session is not None:
            self._timeline.set_confidence(
                frame_index, FrameConfidence.lowest(self._session.confidence(frame_index))
            )

    def add_propagated(self, frame_index: int) -> None:
        """Update a frame that the running propagation has finished."""
        if self._session is not None:
            self._timeline.add_propagated(
                frame_index, FrameConfidence.lowest(self._session.confidence(frame_index))
            )

    def update_all(self) -> None:
        """Update all frames."""
        if self._session is not None:
            self._timeline.set_confidences(
                [FrameConfidence.lowest(each) for each in self._session.confidences()]
            )

    def update_marks(self) -> None:
        """Update anchors, drafts and object names, and all frames if objects were added or removed.

        Adding or removing an object changes the confidences of frames that have no pixel of it, and for these
        no change is emitted.
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
    """Return a sentence on what is not propagated yet, or on what to do next."""
    drafts = sorted(session.drafts)
    if drafts:
        frames = ", ".join(str(i) for i in drafts[:5]) + (" …" if len(drafts) > 5 else "")
        return f"Not propagated yet: frame{'s' if len(drafts) > 1 else ''} {frames}"
    if session.unfinished:
        return "A propagation was cancelled; Propagate goes on with it."
    if session.anchors:
        return "Correct a frame where a mask is wrong, then propagate again."
    return "Draw on a frame, then propagate."
