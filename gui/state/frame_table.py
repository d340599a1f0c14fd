"""The timeline's data of every frame, and the pixels drawn from it: the bar and the confidence lane.

Pure numpy, no Qt, no session. Writing one frame takes constant time; drawing all is one pass over small
arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gui.state.overlay import Colour, UInt32Array, premultiplied
from inference_core.types import Float32Array

GROUND: Colour = (35, 40, 48)
_HAS_MASKS: Colour = (47, 109, 176)
_JUST_PROPAGATED: Colour = (88, 196, 255)
_CERTAIN: Colour = (88, 122, 158)
_UNCERTAIN: Colour = (255, 79, 112)
_UNKNOWN = -1.0
_MAX_UNCERTAINTY = 0.8
"""Drawn at the lane's full height; larger values are drawn the same."""
_MIN_HEIGHT_SHARE = 0.14
"""Share of the lane's height at uncertainty 0, so that frames with masks are always visible."""
_EXPONENT = 0.75
"""Below 1, since most uncertainties are small and differences among them must be visible."""
_STEPS = 256
"""Colours of the ramp from certain to uncertain."""


class FrameConfidence(NamedTuple):
    """A frame's confidence: the expected J, in [0, 1], of its least confident object."""

    value: float
    object_id: int

    @staticmethod
    def lowest(confidences: Mapping[int, float]) -> FrameConfidence | None:
        """Return the lowest of a frame's confidences by object id; None where there are none."""
        if not confidences:
            return None
        object_id = min(confidences, key=confidences.__getitem__)
        return FrameConfidence(confidences[object_id], object_id)


class FrameTable:
    """The confidence of each frame, and whether the running propagation has finished it."""

    def __init__(self, frame_count: int = 0) -> None:
        self._uncertainties = np.full(frame_count, _UNKNOWN, np.float32)
        self._object_ids = np.zeros(frame_count, np.uint8)
        self._is_propagated = np.zeros(frame_count, np.bool_)

    def __len__(self) -> int:
        return len(self._uncertainties)

    def write(self, frame_index: int, confidence: FrameConfidence | None) -> None:
        """Set a frame's confidence; None where it has no masks."""
        self._uncertainties[frame_index] = _UNKNOWN if confidence is None else 1.0 - confidence.value
        self._object_ids[frame_index] = 0 if confidence is None else confidence.object_id

    def write_all(self, confidences: Sequence[FrameConfidence | None]) -> None:
        """Set the confidence of every frame, in order of frame."""
        self._uncertainties[:] = [
            _UNKNOWN if confidence is None else 1.0 - confidence.value for confidence in confidences
        ]
        self._object_ids[:] = [
            0 if confidence is None else confidence.object_id for confidence in confidences
        ]

    def mark_propagated(self, frame_index: int) -> None:
        """Mark a frame as finished by the running propagation."""
        self._is_propagated[frame_index] = True

    def clear_progress(self) -> None:
        """Clear the marks of the last propagation."""
        self._is_propagated[:] = False

    @property
    def propagated_frames(self) -> frozenset[int]:
        """Frames that the running propagation has finished."""
        return frozenset(np.flatnonzero(self._is_propagated).tolist())

    def confidence(self, frame_index: int) -> FrameConfidence | None:
        """Return a frame's confidence; None where it has no masks."""
        uncertainty = float(self._uncertainties[frame_index])
        return (
            None
            if uncertainty < 0
            else FrameConfidence(1.0 - uncertainty, int(self._object_ids[frame_index]))
        )

    def bar(self, columns: int) -> UInt32Array:
        """Draw frames with masks and frames just propagated: (1, columns) uint32 0xFFRRGGBB."""
        kinds = (self._uncertainties >= 0).astype(np.uint8)
        kinds[self._is_propagated] = 2
        return _BAR_COLOURS[_column_maxima(kinds, columns)][np.newaxis]

    def lane(self, columns: int, rows: int) -> UInt32Array:
        """Draw the uncertainty, higher and redder the larger it is: (rows, columns) uint32 0xFFRRGGBB.

        A column of several frames shows the least confident one, so that a single bad mask is visible.
        """
        uncertainties = _column_maxima(self._uncertainties, columns)
        shares = np.clip(uncertainties / _MAX_UNCERTAINTY, 0.0, 1.0)
        heights = np.where(
            uncertainties < 0,
            0,
            np.rint(rows * (_MIN_HEIGHT_SHARE + (1 - _MIN_HEIGHT_SHARE) * shares**_EXPONENT)),
        )
        colours = _UNCERTAINTY_COLOURS[(shares * (_STEPS - 1)).astype(np.intp)]
        from_below = np.arange(rows, 0, -1)[:, np.newaxis]
        return np.where(from_below <= heights, colours, np.uint32(premultiplied(GROUND, 1.0)))


def column_starts(frame_count: int, columns: int) -> NDArray[np.intp]:
    """Return each column's first frame, (columns,), from the first frame's middle to the last one's."""
    shares = np.arange(columns) / max(columns, 1)
    return np.floor(shares * max(frame_count - 1, 0) + 0.5).astype(np.intp)


def _column_maxima(
    values: NDArray[np.uint8] | Float32Array, columns: int
) -> NDArray[np.uint8] | Float32Array:
    """Return the maximum among each column's frames; a frame wider than a column fills several."""
    return np.maximum.reduceat(values, column_starts(len(values), columns))


def _ramp(start: Colour, end: Colour) -> UInt32Array:
    shares = np.linspace(0.0, 1.0, _STEPS)[:, np.newaxis]
    colours = np.array(start) * (1 - shares) + np.array(end) * shares
    return np.array([premultiplied((r, g, b), 1.0) for r, g, b in np.rint(colours).astype(int)], np.uint32)


_BAR_COLOURS = np.array(
    [premultiplied(colour, 1.0) for colour in (GROUND, _HAS_MASKS, _JUST_PROPAGATED)], np.uint32
)
_UNCERTAINTY_COLOURS = _ramp(_CERTAIN, _UNCERTAIN)
