"""Whether a write-ahead log holds anything: https://www.sqlite.org/fileformat2.html#the_write_ahead_log."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

_HEADER, _FRAME_HEADER = struct.Struct(">8I"), struct.Struct(">6I")
_MAGIC = 0x377F0682
"""Of logs whose checksums read little-endian words; one more for big-endian ones."""
_CHECKED = 8
"""Bytes of a header of a frame that its checksum covers, before its page."""
_WORD = 0xFFFFFFFF


def holds_transaction(wal: Path) -> bool:
    """Whether a log holds a whole transaction, which its database lacks. Raises OSError.

    SQLite deletes a log that holds none, also where it should only read.
    """
    with wal.open("rb") as file:
        header = file.read(_HEADER.size)
        if len(header) < _HEADER.size:
            return False
        magic, _, page_bytes, _, *salts_and_sums = _HEADER.unpack(header)
        words = {_MAGIC: "<", _MAGIC + 1: ">"}.get(magic)
        sums = tuple(salts_and_sums[2:])
        if words is None or _added((0, 0), header[:-8], words) != sums:
            return False
        return _has_commit(file, page_bytes, tuple(salts_and_sums[:2]), sums, words)


def _has_commit(
    file: BinaryIO, page_bytes: int, salts: tuple[int, ...], sums: tuple[int, ...], words: str
) -> bool:
    """Read frames as long as they are valid, up to the first that ends a transaction."""
    while True:
        header, page = file.read(_FRAME_HEADER.size), file.read(page_bytes)
        if len(header) < _FRAME_HEADER.size or len(page) < page_bytes:
            return False
        _, pages_after_commit, *found = _FRAME_HEADER.unpack(header)
        sums = _added(_added(sums, header[:_CHECKED], words), page, words)
        if (*salts, *sums) != tuple(found):
            return False
        if pages_after_commit:
            return True


def _added(sums: tuple[int, ...], content: bytes, words: str) -> tuple[int, int]:
    """Return the checksum of a content that follows another one."""
    first, second = sums
    values = struct.unpack(f"{words}{len(content) // 4}I", content)
    for even, odd in zip(values[::2], values[1::2], strict=True):
        first = (first + even + second) & _WORD
        second = (second + odd + first) & _WORD
    return first, second
