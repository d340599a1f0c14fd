"""What a session's commands give: frames as they change, and the sequence of those that have changed."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator, Iterable, Sequence
from inspect import GEN_CLOSED, getgeneratorstate
from typing import overload

from inference_core.errors import NotReadyError
from inference_core.types import FrameMask

ReadMask = Callable[[int], FrameMask]
"""Reads a frame's mask as it is now."""


class Changes(Sequence[FrameMask]):
    """The frames that a command changed, in order of frame. A mask is read when it is accessed, not held."""

    def __init__(self, frames: Sequence[int], read: ReadMask) -> None:
        self.frames = tuple(frames)
        self._read = read

    def __len__(self) -> int:
        return len(self.frames)

    @overload
    def __getitem__(self, place: int) -> FrameMask: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[FrameMask]: ...

    def __getitem__(self, place: int | slice) -> FrameMask | Sequence[FrameMask]:
        if isinstance(place, slice):
            return Changes(self.frames[place], self._read)
        return self._read(self.frames[place])


class Command(Iterable[FrameMask]):
    """A command that was checked and has not run yet; it runs once.

    Iterate it to get each frame as it is done, or call `run`. `close`, or leaving a loop early and giving the
    session its next command, stops it and keeps what is done. One that is dropped without being run warns, as
    a coroutine does that is never awaited.
    """

    def __init__(self, name: str, frames: Generator[FrameMask, None, None], read: ReadMask) -> None:
        self._name = name
        self._frames = frames
        self._read = read
        self._is_used = False

    def __iter__(self) -> Generator[FrameMask, None, None]:
        """Run it; raise a NotReadyError where the session was given another command before this one ran."""
        if not self._is_used and getgeneratorstate(self._frames) == GEN_CLOSED:
            raise NotReadyError(
                f"The session was given another command before this {self._name} ran: call it again."
            )
        self._is_used = True
        # The generator itself, so that a loop over the command is one call less deep.
        return self._frames

    def __next__(self) -> FrameMask:
        return next(iter(self))

    def run(self) -> Sequence[FrameMask]:
        """Run it to its end, or what is left of it; return the frames that changed, in order of frame."""
        return Changes(sorted({change.frame_index for change in self}), self._read)

    def close(self) -> None:
        """Stop it; what is done stays."""
        self._is_used = True
        self._frames.close()

    def __del__(self) -> None:
        if not self._is_used:
            warnings.warn(
                f"session.{self._name}(...) was never run: iterate it, or call .run()",
                RuntimeWarning,
                source=self,
                stacklevel=2,
            )
