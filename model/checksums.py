"""SHA-256 of weights, recorded beside each file as FILE.sha256, in the form that `sha256sum -c` reads."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from model.errors import CheckpointError

_LINE = re.compile(r"([0-9a-f]{64}) [ *].+")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def record_of(path: Path) -> Path:
    """Return the file in which the SHA-256 of another is recorded."""
    return path.with_name(f"{path.name}.sha256")


def recorded_sha256(path: Path) -> str | None:
    """Return what was recorded for a file; None where nothing was."""
    record = record_of(path)
    if not record.is_file():
        return None
    match = _LINE.match(record.read_text(encoding="utf-8", errors="replace"))
    if match is None:
        raise CheckpointError(f"{record} does not hold a SHA-256; delete it, or copy it again.")
    return match[1]


def record_sha256(path: Path) -> str:
    """Record a file's SHA-256; return it. Raises CheckpointError where the folder cannot be written."""
    digest = sha256_of(path)
    record = record_of(path)
    beside = record.with_suffix(".part")
    try:
        beside.write_text(f"{digest}  {path.name}\n", encoding="utf-8")
        beside.replace(record)
    except OSError as error:
        raise CheckpointError(f"{record} cannot be written: {error.strerror}.") from error
    return digest


def put_in_place(complete: Path, path: Path) -> None:
    """Rename a file of weights to its name and record it; stopped in between, it stands unrecorded."""
    record_of(path).unlink(missing_ok=True)
    complete.replace(path)
    record_sha256(path)
