"""The protocol of a clip's source: facts at once, images on demand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from inference_core.types import UInt8Array


@dataclass(frozen=True, eq=False)
class ClipFacts:
    """What is known of a clip without decoding all of it.

    size        (height, width) in pixels, upright: after the rotation that the file asks for.
    pts         (T,) int64, when each frame is shown, in units of time_base; rising.
    time_base   seconds.
    frame_rate  frames a second; the average where the rate varies.
    names       one for every frame: the image file's name without its ending, else the frame number.
    bit_depth   bits of each channel in the file; images are handed out with 8.
    """

    size: tuple[int, int]
    pts: NDArray[np.int64]
    time_base: Fraction
    frame_rate: Fraction
    names: tuple[str, ...]
    bit_depth: int


class FrameSource(Protocol):
    """A source of frames. Not safe for several threads at once: the clip holds a lock."""

    @property
    def facts(self) -> ClipFacts:
        """Return what is known of the clip."""
        ...

    @property
    def stand_ins(self) -> Mapping[int, int]:
        """Damaged frames that were met by now, and the frame that is shown in place of each."""
        ...

    @property
    def is_revised(self) -> bool:
        """Whether damage was met: frames that were read before it may be others now."""
        ...

    def read(self, frame_index: int, keep_before: int) -> Iterator[tuple[int, UInt8Array]]:
        """Yield (frame_index, image) of the frame asked for, last.

        Before it come those of the keep_before frames ahead of it that had to be decoded on the way anyhow.
        """
        ...

    def close(self) -> None:
        """Close open files."""
        ...
