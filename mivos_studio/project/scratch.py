"""Disk space for what a session cannot keep in memory; deleted with the process."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import weakref
from io import RawIOBase
from itertools import groupby
from typing import cast

from inference_core.errors import UserError

_BLOCK_BYTES = 4096


class ScratchError(UserError):
    """The temporary folder cannot be written or read; the text says what to do."""


class TemporaryScratch:
    """A scratch store (`inference_core.types.ScratchStore`) in a temporary file without a name. Thread-safe.

    Contents lie in blocks of one size, so that the blocks of a discarded one fit any other. Which blocks are
    whose is in memory: a write that fails changes nothing, and reading writes nothing. The system removes the
    file when the process ends, however it ends. Raises a ScratchError where it cannot be made.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks: dict[int, list[int]] = {}
        self._lengths: dict[int, int] = {}
        self._free: list[int] = []
        self._block_count = 0
        try:
            self._file = cast(RawIOBase, tempfile.TemporaryFile(buffering=0, dir=_folder()))  # noqa: SIM115, kept open
        except OSError as error:
            raise ScratchError(
                f"No file can be made in the temporary folder ({_reason(error)}): set TMPDIR to another one."
            ) from error
        self._end = weakref.finalize(self, self._file.close)

    def put(self, key: int, content: bytes) -> None:
        """Keep bytes under a key; where the disk is full, raises a ScratchError and keeps what it held."""
        with self._lock:
            blocks = self._taken(-(-len(content) // _BLOCK_BYTES))
            try:
                self._write(blocks, content)
            except OSError as error:
                self._free += blocks
                raise ScratchError(
                    f"Masks do not fit in the temporary folder ({_reason(error)}):"
                    " free some space on that disk."
                ) from error
            self._free += self._blocks.pop(key, [])
            self._blocks[key], self._lengths[key] = blocks, len(content)

    def get(self, key: int) -> bytes:
        """Return the bytes of a key; raises KeyError where there is none, and a ScratchError."""
        with self._lock:
            try:
                return self._read(self._blocks[key], self._lengths[key])
            except OSError as error:
                raise ScratchError(
                    f"Masks in the temporary folder cannot be read ({_reason(error)}): check that disk."
                ) from error

    def discard(self, key: int) -> None:
        """Forget a key; an unknown one is no error."""
        with self._lock:
            self._free += self._blocks.pop(key, [])
            self._lengths.pop(key, None)

    def close(self) -> None:
        """Free the space; the store must not be used afterwards."""
        with self._lock:
            self._end()

    def _taken(self, count: int) -> list[int]:
        """Take this many blocks, free ones first."""
        left = max(len(self._free) - count, 0)
        blocks, self._free = self._free[left:], self._free[:left]
        new = count - len(blocks)
        blocks += range(self._block_count, self._block_count + new)
        self._block_count += new
        return sorted(blocks)

    def _write(self, blocks: list[int], content: bytes) -> None:
        rest = memoryview(content)
        for first, count in _runs(blocks):
            part, rest = rest[: count * _BLOCK_BYTES], rest[count * _BLOCK_BYTES :]
            self._file.seek(first * _BLOCK_BYTES)
            while part:
                part = part[self._file.write(part) or 0 :]

    def _read(self, blocks: list[int], length: int) -> bytes:
        content = bytearray(length)
        rest = memoryview(content)
        for first, count in _runs(blocks):
            part, rest = rest[: count * _BLOCK_BYTES], rest[count * _BLOCK_BYTES :]
            self._file.seek(first * _BLOCK_BYTES)
            while part:
                read = self._file.readinto(part)
                if not read:
                    raise OSError("the file is shorter than what was written")
                part = part[read:]
        return bytes(content)


def _runs(blocks: list[int]) -> list[tuple[int, int]]:
    """Return (first, count) of blocks that lie side by side, so that each is one read or write."""
    runs = groupby(enumerate(blocks), key=lambda placed: placed[1] - placed[0])
    grouped = ([block for _, block in run] for _, run in runs)
    return [(group[0], len(group)) for group in grouped]


def _folder() -> str | None:
    """Return a folder on a disk where the system has one: /tmp is often in memory. None: Python's choice."""
    is_told = any(os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    disk = "/var/tmp"
    return disk if sys.platform == "linux" and not is_told and os.access(disk, os.W_OK) else None


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
