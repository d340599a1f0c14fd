"""What the JSON of a project holds: its forms.

They are the file's, not the classes': a class may change its fields, a form only with the schema's version.
Where a form names a record or an item, it is by its row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta, Raw, Struct

from inference_core.state.frame_record import ObjectKey
from inference_core.types import Agreement, EdgeSettings, FrameInfo, MemoryOptions, SessionSettings

Keys = tuple[ObjectKey, ...]
_Count = Annotated[int, Meta(ge=1)]


class _Form(Struct, frozen=True, omit_defaults=True, gc=False):
    """What a JSON object of the file holds."""


class ProbForm(_Form, frozen=True, gc=False):
    """A frame's probabilities (`PackedProb`). Keys stay JSON, since most records have the same ones."""

    known: Raw
    planes: Raw
    blob: int


class LayerForm(_Form, frozen=True, gc=False):
    """Masks of a frame that do not overlap (`MaskLayer`); `objects` is the JSON of their keys."""

    objects: Raw
    blob: int


class RecordForm(_Form, frozen=True, gc=False):
    """What is kept of one frame (`FrameRecord`)."""

    prob: ProbForm
    layers: tuple[LayerForm, ...]
    hard: bool = False
    agreements: tuple[Agreement | None, ...] = ()


class ObjectForm(_Form, frozen=True, gc=False):
    """An object (`TrackedObject`)."""

    id: int
    serial: int
    name: str
    locked: bool = False
    introduced: bool = False
    colour: tuple[int, int, int] | None = None
    order: int = 0


class AnchorForm(_Form, frozen=True, gc=False):
    """An object committed on a frame (`Anchor`); `record` and `base` are rows."""

    frame: int
    key: ObjectKey
    record: int
    base: int | None = None


class StrokeForm(_Form, frozen=True, gc=False):
    """One stroke; its points are (x, y) in source pixels."""

    frame: int
    object: int
    points: list[tuple[float, float]]
    radius_px: float
    positive: bool = True


class DraftForm(_Form, frozen=True, gc=False):
    """A frame corrected and not yet propagated (`Draft`) with its strokes; `base` and `start` are rows."""

    frame: int
    objects: Keys
    corrections: int
    base: int | None = None
    tool: str | None = None
    strokes: tuple[StrokeForm, ...] = ()
    start: int | None = None


class MemorizedForm(_Form, frozen=True, gc=False):
    """A frame in a segment's working memory (`MemorizedFrame`)."""

    frame: int
    prob: ProbForm


class SegmentForm(_Form, frozen=True, gc=False):
    """What is left of a round in one direction (`Segment`)."""

    anchor: int
    start: int
    end: int
    objects: Keys
    memorized: tuple[MemorizedForm, ...] = ()
    last: MemorizedForm | None = None


class RoundForm(_Form, frozen=True, gc=False):
    """One propagation (`RoundRecord`), without the frames that it changed."""

    anchor: int
    first: int
    last: int
    changed: tuple[int, ...]
    bank_length: int
    elapsed_s: float
    keys: Keys


class StateForm(_Form, frozen=True, gc=False):
    """The rows of a state's items and rounds, in their order."""

    objects: tuple[int, ...] = ()
    anchors: tuple[int, ...] = ()
    drafts: tuple[int, ...] = ()
    unfinished: tuple[int, ...] = ()
    rounds: tuple[int, ...] = ()


class SettingsForm(_Form, frozen=True, gc=False):
    """What a session was opened with."""

    working_size: _Count
    prob_dtype: Literal["uint8", "float32"]
    refine_edges: bool
    mem_every: _Count
    max_memory_frames: int
    max_anchors: int
    keep_recorrected_entries: bool

    @classmethod
    def of(cls, settings: SessionSettings) -> SettingsForm:
        """Return the form of the settings."""
        memory = settings.memory
        return cls(
            int(settings.working_size),
            "float32" if settings.prob_dtype == "float32" else "uint8",
            settings.edges.refine,
            int(memory.mem_every),
            int(memory.max_memory_frames),
            int(memory.max_anchors),
            memory.keep_recorrected_entries,
        )

    def value(self) -> SessionSettings:
        """Return the settings."""
        memory = MemoryOptions(
            self.mem_every, self.max_memory_frames, self.max_anchors, self.keep_recorrected_entries
        )
        return SessionSettings(self.working_size, self.prob_dtype, EdgeSettings(self.refine_edges), memory)


class SessionForm(_Form, frozen=True, gc=False):
    """What else there is of a session.

    state         the row of the current state.
    done          how many steps of all, by position, are done; the others are undone.
    object, serial, blob  the highest that were ever given; see `SessionSnapshot`.
    """

    state: int
    done: int
    object: int
    serial: int
    blob: int


class FramesForm(_Form, frozen=True, gc=False):
    """The frames of the clip: their numbers in the source, and the indices of damaged ones."""

    numbers: tuple[int, ...]
    damaged: tuple[int, ...] = ()

    @classmethod
    def of(cls, frames: Sequence[FrameInfo]) -> FramesForm:
        """Return the form of a clip's frames."""
        damaged = tuple(index for index, info in enumerate(frames) if not info.is_valid)
        return cls(tuple(int(info.number) for info in frames), damaged)

    def value(self) -> tuple[FrameInfo, ...]:
        """Return the frames."""
        damaged = frozenset(self.damaged)
        return tuple(FrameInfo(number, index not in damaged) for index, number in enumerate(self.numbers))
