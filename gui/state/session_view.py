"""What the window shows of the open clip, its session and the commands on it: frozen values. No Qt.

The frames' confidences are not here: they change frame by frame (`TimelinePresenter`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from types import MappingProxyType

from gui.state.frame_table import FrameConfidence
from inference_core.types import HistoryEntry, ObjectInfo


@dataclass(frozen=True)
class ClipFacts:
    """An open clip; size is (height, width), frame_rate in frames per second."""

    name: str
    frame_count: int
    size: tuple[int, int]
    frame_rate: float


@dataclass(frozen=True)
class Marks:
    """Frames that the user corrected, and the objects' names by id."""

    anchors: frozenset[int] = frozenset()
    drafts: frozenset[int] = frozenset()
    names: Mapping[int, str] = field(default_factory=dict)

    def describe(self, frame_index: int, confidence: FrameConfidence | None) -> str:
        """Describe a frame, for tooltips, the status line and screen readers."""
        if frame_index in self.drafts:
            kind = "corrected, not propagated yet"
        elif frame_index in self.anchors:
            kind = "corrected: propagation keeps it"
        elif confidence is not None:
            kind = f"propagated, expected overlap {confidence.value:.2f}{self._named(confidence.object_id)}"
        else:
            kind = "no mask yet"
        return f"Frame {frame_index}: {kind}"

    def _named(self, object_id: int) -> str:
        names = self.names
        return f" (least sure: {names[object_id]})" if len(names) > 1 and object_id in names else ""


class StatusKind(Enum):
    """Kinds of status texts, which may be set at the same time; the first of them is shown."""

    OPENING = auto()
    STOPPING = auto()
    COMMAND = auto()
    LOADING = auto()
    SUGGESTION = auto()


@dataclass(frozen=True)
class SessionView:
    """A session and the commands on it, as the window shows them."""

    is_open: bool = False
    """Whether there is a session: the clip is open and its networks are loaded."""
    description: str = ""
    """Networks, device and precision."""
    objects: tuple[ObjectInfo, ...] = ()
    marks: Marks = Marks()
    hint: str = ""
    """A sentence on what is not propagated yet, or on what to do next."""
    history: tuple[HistoryEntry, ...] = ()
    """The user's steps: those that were done, then those that were undone and can be redone."""
    undo_count: int = 0
    """How many of them are done."""
    is_busy: bool = False
    """Whether a command is running or queued."""
    has_long_command: bool = False
    """Whether one of them can be cancelled."""
    statuses: Mapping[StatusKind, str] = field(default_factory=lambda: MappingProxyType({}))
    """Only kinds that have a text."""

    def with_status(self, kind: StatusKind, text: str) -> SessionView:
        """Set the status text of a kind; empty removes it."""
        others = {each: shown for each, shown in self.statuses.items() if each is not kind}
        return replace(self, statuses=MappingProxyType({**others, kind: text} if text else others))

    @property
    def can_redo(self) -> bool:
        """Whether there is a step that was undone."""
        return self.undo_count < len(self.history)

    @property
    def undo_name(self) -> str:
        """What undo takes back, as "scribble on Dog"; empty where there is nothing."""
        return self.history[self.undo_count - 1].label if self.undo_count else ""

    @property
    def redo_name(self) -> str:
        """What redo does again; empty where there is nothing."""
        return self.history[self.undo_count].label if self.can_redo else ""

    @property
    def status(self) -> str:
        """The status text that is shown; "Ready" where none is set."""
        return next((self.statuses[kind] for kind in StatusKind if kind in self.statuses), "Ready")

    @property
    def is_opening(self) -> bool:
        """Whether a clip is being opened."""
        return StatusKind.OPENING in self.statuses
