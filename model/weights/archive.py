"""What torch.save wrote, checked before torch reads it: its list of contents, its pickles. No torch.

A file made for it could have a list that takes minutes to read, or a pickle that builds so many values inside
one another that the process crashes when it handles them.
"""

from __future__ import annotations

import io
import pickletools
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from model.errors import CheckpointError

MOST_BYTES = 2 * 2**30
"""The largest published file has 205 MiB; a checkpoint of its training has four times that."""

# The published propagation network in a file of torch 2.13: 603 entries, a pickle of 75,880 bytes with 2,388
# tuples. A checkpoint of its training holds each tensor four times.
_MOST_ENTRIES = 5000
_MOST_TABLE_BYTES = 2**20
_MOST_TUPLES = 20_000

_ZIP_START = b"PK\x03\x04"
"""By this torch.load tells its zip archives from its older format: pickles, then the tensors."""
_OLDER_PICKLES = 5
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_TUPLES = frozenset({"TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"})
_DAMAGE = (
    ValueError,
    LookupError,
    OverflowError,
    MemoryError,
    EOFError,
    RuntimeError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)
"""What the standard library raises at damaged archives and pickles."""


def check_file(path: Path) -> None:
    """Raise a CheckpointError where there is no file to read, or one larger than any network's."""
    if not path.is_file():
        raise CheckpointError(f"The weights file {path} is missing; put it there or give another folder.")
    if path.stat().st_size > MOST_BYTES:
        raise CheckpointError(f"The weights file {path} has over {MOST_BYTES // 2**20} MiB: no network has.")


def is_zip(path: Path) -> bool:
    """Return whether a file is of torch's zip format, by its first bytes. Raises OSError."""
    with path.open("rb") as file:
        return file.read(len(_ZIP_START)) == _ZIP_START


def check_saved(path: Path, *, most_bytes: int = MOST_BYTES) -> None:
    """Raise a CheckpointError for a file of torch.save that is damaged, or has more in it than any network.

    most_bytes  of all entries of a zip archive, unpacked.
    Tensors are not read, see `check_sums`. Raises OSError where the file cannot be read.
    """
    check_file(path)
    if is_zip(path):
        with _open_archive(path) as archive:
            _check_contents(path, archive, most_bytes)
        return
    with _naming_damage(path), _ShortReads(io.FileIO(path)) as file:
        for _ in range(_OLDER_PICKLES):
            if not file.peek(1):
                return
            _check_pickle(path, file)


def check_sums(path: Path, *, most_bytes: int = MOST_BYTES) -> None:
    """Raise a CheckpointError where a zip archive of torch.save is not whole, by its own check sums.

    Reads all of it. Raises OSError.
    """
    check_saved(path, most_bytes=most_bytes)
    with _open_archive(path) as archive:
        if archive.testzip() is not None:
            raise CheckpointError(_damaged(path))


def _check_contents(path: Path, archive: zipfile.ZipFile, most_bytes: int) -> None:
    entries = archive.infolist()
    if len(entries) > _MOST_ENTRIES or sum(entry.file_size for entry in entries) > most_bytes:
        raise CheckpointError(_too_much(path))
    # torch finds the table by its name whatever the case of its letters.
    tables = [entry for entry in entries if entry.filename.lower().endswith("data.pkl")]
    if not tables or any(entry.compress_type not in _METHODS for entry in entries):
        raise CheckpointError(_damaged(path))
    for table in tables:
        if table.file_size > _MOST_TABLE_BYTES:
            raise CheckpointError(_too_much(path))
        _check_pickle(path, io.BytesIO(archive.read(table)))


def _check_pickle(path: Path, file: BinaryIO) -> None:
    """Follow a pickle to its end, without building what it describes."""
    tuples = 0
    for operation, _, position in pickletools.genops(file):
        tuples += operation.name in _TUPLES
        if tuples > _MOST_TUPLES or (position or 0) > _MOST_TABLE_BYTES:
            raise CheckpointError(_too_much(path))


class _ShortReads(io.BufferedReader):
    """Refuses to read more than a network's table at once, as a list of contents that is long would need."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            size = _MOST_TABLE_BYTES + 1
        content = super().read(min(size, _MOST_TABLE_BYTES + 1))
        if len(content) > _MOST_TABLE_BYTES:
            raise ValueError("more than any network's table")
        return content

    def readline(self, size: int | None = -1, /) -> bytes:
        del size
        return super().readline(_MOST_TABLE_BYTES)


@contextmanager
def _open_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    with (
        _naming_damage(path),
        _ShortReads(io.FileIO(path)) as file,
        zipfile.ZipFile(file) as archive,
    ):
        yield archive


@contextmanager
def _naming_damage(path: Path) -> Iterator[None]:
    try:
        yield
    except CheckpointError:
        raise
    except _DAMAGE as error:
        raise CheckpointError(_damaged(path)) from error


def _damaged(path: Path) -> str:
    return f"The weights file {path} is damaged or incomplete; copy it again."


def _too_much(path: Path) -> str:
    return f"{path} holds another network: it has more in it than any network of ours."
