"""One Clip for a video file or a folder of images: any frame exactly, on demand, kept within a budget.

Frames are read-only arrays, shared with the cache: copy one before writing into it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from inference_core.types import FrameInfo, UInt8Array
from mivos_studio.input_files import check_input
from mivos_studio.media.frame_cache import FrameCache
from mivos_studio.media.image_folder import IMAGE_KINDS, ImageFolderSource, list_images
from mivos_studio.media.source import FrameSource

_LAST_NUMBER = re.compile(r"\d+(?=\D*$)", re.ASCII)

DEFAULT_CACHE_BYTES = 512 * 2**20
DEFAULT_FOLDER_RATE = Fraction(25)


def open_clip(
    path: Path | str, *, cache_bytes: int = DEFAULT_CACHE_BYTES, folder_rate: Fraction = DEFAULT_FOLDER_RATE
) -> Clip:
    """Open a video file, a folder of images or a single image.

    cache_bytes bounds the decoded frames kept in memory; folder_rate, in frames a second, is given to images,
    which have no times of their own.
    """
    path = Path(path)
    check_input(path, "clip", may_be_folder=True)
    return Clip(_open_source(path, folder_rate), cache_bytes=cache_bytes)


class Clip:
    """Frames by index, from any thread. Close it, or use it in a `with` statement, to close the file."""

    def __init__(self, source: FrameSource, *, cache_bytes: int = DEFAULT_CACHE_BYTES) -> None:
        self._source = source
        self._decoding = Lock()
        self.cache = FrameCache(cache_bytes)
        self.facts = source.facts

    def __len__(self) -> int:
        return len(self.facts.pts)

    def __getitem__(self, frame_index: int) -> UInt8Array:
        """Return a frame (H, W, 3) uint8 RGB, upright and read-only."""
        if not 0 <= frame_index < len(self):
            raise IndexError(f"There is no frame {frame_index}: the clip has frames 0 to {len(self) - 1}.")
        image = self.cache.get(frame_index)
        if image is not None:
            return image
        with self._decoding:
            image = self.cache.get(frame_index)  # another thread may have decoded it meanwhile
            return self._decode(frame_index) if image is None else image

    def __iter__(self) -> Iterator[UInt8Array]:
        return (self[frame_index] for frame_index in range(len(self)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels, after rotation."""
        return self.facts.size

    @property
    def frame_rate(self) -> Fraction:
        """Frames a second; the average where the rate varies."""
        return self.facts.frame_rate

    @property
    def names(self) -> tuple[str, ...]:
        """One name for every frame: the image file's without its ending, else the frame number."""
        return self.facts.names

    def info(self, frame_index: int) -> FrameInfo:
        """Return a frame's number in its source, and whether it is as the file has it.

        Of image files the last number in their names, where it rises from file to file; else its place. Not
        valid is a damaged frame, once it has been read.
        """
        return FrameInfo(self._numbers[frame_index], frame_index not in self._source.stand_ins)

    @property
    def damaged(self) -> tuple[int, ...]:
        """The damaged frames that were met by now; the nearest good frame is shown in place of each."""
        return tuple(sorted(self._source.stand_ins))

    @cached_property
    def _numbers(self) -> Sequence[int]:
        found = [_LAST_NUMBER.search(name) for name in self.names]
        numbers = [int(match[0]) for match in found if match is not None]
        is_rising = len(numbers) == len(self) and all(one < next_one for one, next_one in pairwise(numbers))
        return numbers if is_rising else range(len(self))

    @property
    def bit_depth(self) -> int:
        """Bits of each channel in the file; frames are returned with 8."""
        return self.facts.bit_depth

    @cached_property
    def timestamps(self) -> tuple[Fraction, ...]:
        """When each frame is shown, in exact seconds, as the file says: the first need not be 0."""
        return tuple(int(pts) * self.facts.time_base for pts in self.facts.pts)

    def time_s(self, frame_index: int) -> float:
        """Return when a frame is shown, in seconds, as the file says."""
        return float(int(self.facts.pts[frame_index]) * self.facts.time_base)

    def close(self) -> None:
        """Close the file and drop the cached frames; frames already returned stay valid."""
        with self._decoding:
            self._source.close()
            self.cache.clear()

    def _decode(self, frame_index: int) -> UInt8Array:
        """Decode a frame; keep those met on the way too, as far as half of the budget goes.

        Stepping backwards would otherwise decode a group of pictures anew for every step.
        """
        frame_bytes = self.size[0] * self.size[1] * 3
        was_revised = self._source.is_revised
        for shown, image in self._source.read(frame_index, self.cache.budget_bytes // (2 * frame_bytes)):
            if self._source.is_revised and not was_revised:
                was_revised = True
                self.cache.clear()
            image.setflags(write=False)
            self.cache.put(shown, image)
        return image


def _open_source(path: Path, folder_rate: Fraction) -> FrameSource:
    if path.is_dir():
        return ImageFolderSource(list_images(path), folder_rate)
    if path.suffix.lower() in IMAGE_KINDS:
        return ImageFolderSource([path], folder_rate)
    from mivos_studio.media.video.source import (
        VideoSource,  # PyAV is needed for videos alone, and takes a while to import
    )

    return VideoSource(path)
