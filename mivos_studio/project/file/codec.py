"""A session's values as JSON, which names records, rounds and items of a state by their rows.

What the JSON looks like is in `forms`. Reading raises `msgspec.MsgspecError` or LookupError where a text is
not what was written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from msgspec import Raw, json

from inference_core.state.frame_record import Blob, FrameRecord, MaskLayer, PackedProb
from inference_core.state.round import RoundRecord
from inference_core.state.segments import MemorizedFrame, Segment
from inference_core.state.session_state import Anchor, Draft, SessionState, StrokeGroup, TrackedObject
from inference_core.types import DEFAULT_SETTINGS, ObjectSettings, Stroke
from mivos_studio.project.file.forms import (
    AnchorForm,
    DraftForm,
    Keys,
    LayerForm,
    MemorizedForm,
    ObjectForm,
    ProbForm,
    RecordForm,
    RoundForm,
    SegmentForm,
    StateForm,
    StrokeForm,
)

Item = TrackedObject | Anchor | Draft | Segment
RowOf = Callable[[Any], int]
"""The row that holds a value."""
Records = Mapping[int, FrameRecord]


def encoded(form: Any) -> str:
    """Return compact JSON."""
    return json.encode(form, enc_hook=_plain).decode()


def _plain(value: Any) -> Any:
    """Return a number of numpy's as Python's: callers of a session may give either."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not of a project")


@lru_cache(maxsize=1024)
def _raw_keys(keys: Keys) -> Raw:
    return Raw(json.encode(keys, enc_hook=_plain))


def encode_record(record: FrameRecord) -> str:
    """Return the JSON of a frame's record."""
    layers = tuple(LayerForm(_raw_keys(layer.objects), int(layer.blob)) for layer in record.layers)
    return encoded(RecordForm(_prob_form(record.prob), layers, record.is_hard, record.agreements))


def encode_round(done: RoundRecord) -> str:
    """Return the JSON of a round, without the frames that it changed."""
    return encoded(
        RoundForm(
            done.anchor,
            done.first,
            done.last,
            done.changed_frames,
            done.bank_length,
            done.elapsed_s,
            done.keys,
        )
    )


def encode_state(state: SessionState, row_of: RowOf) -> str:
    """Return the JSON of a state."""

    def rows(values: Sequence[Any]) -> tuple[int, ...]:
        return tuple(map(row_of, values))

    form = StateForm(
        rows(state.objects),
        rows(state.anchors),
        rows(state.drafts),
        rows(state.unfinished),
        rows(state.rounds),
    )
    return encoded(form)


def encode_item(item: Item, row_of: RowOf) -> tuple[str, str]:
    """Return the kind of an item of a state, and its JSON."""

    def row(record: FrameRecord | None) -> int | None:
        return None if record is None else row_of(record)

    match item:
        case TrackedObject():
            settings = item.settings
            return "object", encoded(
                ObjectForm(
                    item.object_id,
                    item.serial,
                    item.name,
                    item.is_locked,
                    item.is_introduced,
                    settings.colour,
                    settings.order,
                )
            )
        case Anchor():
            return "anchor", encoded(
                AnchorForm(item.frame_index, item.key, row_of(item.record), row(item.base))
            )
        case Draft():
            group = item.strokes
            return "draft", encoded(
                DraftForm(
                    item.frame_index,
                    tuple(sorted(item.objects)),
                    item.corrections,
                    row(item.base),
                    group.tool if group else None,
                    tuple(map(_stroke_form, group.strokes)) if group else (),
                    row(group.start) if group else None,
                )
            )
        case Segment():
            return "segment", encoded(
                SegmentForm(
                    item.anchor,
                    item.start,
                    item.end,
                    tuple(sorted(item.objects)),
                    tuple(map(_memorized_form, item.memorized)),
                    _memorized_form(item.last) if item.last else None,
                )
            )


def children(value: object) -> tuple[Any, ...]:
    """Return the values that a value names by their rows, the frames of rounds left out; some may be None."""
    match value:
        case Anchor():
            return (value.record, value.base)
        case Draft():
            return (value.base, value.strokes.start if value.strokes else None)
        case SessionState():
            return (*value.objects, *value.anchors, *value.drafts, *value.unfinished, *value.rounds)
    return ()


class Decoder:
    """Reads the values of one project; equal tuples of keys become one object, as in a session."""

    def __init__(self) -> None:
        self._records = json.Decoder(RecordForm)
        self._rounds = json.Decoder(RoundForm)
        self._states = json.Decoder(StateForm)
        self._objects = json.Decoder(ObjectForm)
        self._anchors = json.Decoder(AnchorForm)
        self._drafts = json.Decoder(DraftForm)
        self._segments = json.Decoder(SegmentForm)
        self._keys_of: dict[bytes, Keys] = {}
        self._shared: dict[Keys, Keys] = {}
        self._tuples: dict[tuple[str, tuple[int, ...]], tuple[Any, ...]] = {}

    def record(self, text: str) -> FrameRecord:
        """Read a record."""
        form = self._records.decode(text)
        layers = tuple(MaskLayer(self._keys(layer.objects), Blob(layer.blob)) for layer in form.layers)
        return FrameRecord(self._prob(form.prob), layers, form.hard, form.agreements)

    def round(
        self,
        text: str,
        before: Mapping[int, FrameRecord | None],
        after: Mapping[int, FrameRecord | None],
    ) -> RoundRecord:
        """Read a round, given the frames that it changed."""
        form = self._rounds.decode(text)
        return RoundRecord(
            form.anchor,
            form.first,
            form.last,
            form.changed,
            form.bank_length,
            form.elapsed_s,
            self._shared.setdefault(form.keys, form.keys),
            before,
            after,
        )

    def item(self, kind: str, text: str, records: Records) -> Item:
        """Read an item of a state."""
        match kind:
            case "object":
                return self._object(text)
            case "anchor":
                anchor = self._anchors.decode(text)
                base = None if anchor.base is None else records[anchor.base]
                return Anchor(anchor.frame, anchor.key, records[anchor.record], base)
            case "draft":
                return self._draft(text, records)
            case "segment":
                return self._segment(text)
        raise LookupError(f"an item of the unknown kind {kind}")

    def state(self, text: str, items: Mapping[int, Item], rounds: Mapping[int, RoundRecord]) -> SessionState:
        """Read a state; equal parts of different states become one tuple."""
        form = self._states.decode(text)

        def values(name: str, rows: tuple[int, ...], among: Mapping[int, Any]) -> tuple[Any, ...]:
            if (name, rows) not in self._tuples:
                self._tuples[name, rows] = tuple(among[row] for row in rows)
            return self._tuples[name, rows]

        return SessionState(
            values("objects", form.objects, items),
            values("anchors", form.anchors, items),
            values("drafts", form.drafts, items),
            values("unfinished", form.unfinished, items),
            values("rounds", form.rounds, rounds),
        )

    def _object(self, text: str) -> TrackedObject:
        form = self._objects.decode(text)
        settings = ObjectSettings(form.colour, form.order)
        if settings == DEFAULT_SETTINGS:
            settings = DEFAULT_SETTINGS
        return TrackedObject(form.id, form.serial, form.name, form.locked, form.introduced, settings)

    def _draft(self, text: str, records: Records) -> Draft:
        form = self._drafts.decode(text)
        strokes = None
        if form.tool is not None:
            start = None if form.start is None else records[form.start]
            strokes = StrokeGroup(form.tool, tuple(map(_stroke, form.strokes)), start)
        base = None if form.base is None else records[form.base]
        return Draft(form.frame, base, frozenset(form.objects), strokes, form.corrections)

    def _segment(self, text: str) -> Segment:
        form = self._segments.decode(text)
        return Segment(
            form.anchor,
            form.start,
            form.end,
            frozenset(form.objects),
            tuple(map(self._memorized, form.memorized)),
            self._memorized(form.last) if form.last else None,
        )

    def _memorized(self, form: MemorizedForm) -> MemorizedFrame:
        return MemorizedFrame(form.frame, self._prob(form.prob))

    def _prob(self, form: ProbForm) -> PackedProb:
        return PackedProb(self._keys(form.known), self._keys(form.planes), Blob(form.blob))

    def _keys(self, raw: Raw) -> Keys:
        """Read keys, each list of them once: most records name the same objects."""
        text = bytes(raw)
        keys = self._keys_of.get(text)
        if keys is None:
            keys = json.decode(text, type=Keys)
            keys = self._keys_of[text] = self._shared.setdefault(keys, keys)
        return keys


def _stroke_form(stroke: Stroke) -> StrokeForm:
    points = np.asarray(stroke.points, np.float32).tolist()
    return StrokeForm(
        stroke.frame_index, stroke.object_id, points, float(stroke.radius_px), bool(stroke.is_positive)
    )


def _stroke(form: StrokeForm) -> Stroke:
    points = np.array(form.points, np.float32).reshape(-1, 2)
    return Stroke(form.frame, form.object, points, form.radius_px, form.positive)


def _prob_form(prob: PackedProb) -> ProbForm:
    return ProbForm(_raw_keys(prob.known), _raw_keys(prob.planes), int(prob.blob))


def _memorized_form(frame: MemorizedFrame) -> MemorizedForm:
    return MemorizedForm(frame.frame_index, _prob_form(frame.prob))
