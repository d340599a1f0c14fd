"""SHA-256 of weights, recorded beside each file as FILE.sha256, in the form that `sha256sum -c` reads."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from model.errors import CheckpointError

_NEXT, _PREVIOUS = "sha256-next", "sha256-previous"
_LINE = re.compile(r"([0-9a-f]{64}) [ *].+")


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def record_of(path: Path) -> Path:
    """Return the file in which the SHA-256 of another is recorded."""
    return path.with_name(f"{path.name}.sha256")


def recorded_sha256(path: Path) -> str | None:
    """Return the recorded SHA-256 of a file, None without a record."""
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
    recorded_sha256(path)  # refuses to replace a file that is no record
    try:
        _write_record(digest, path, _NEXT).replace(record_of(path))
    except OSError as error:
        raise CheckpointError(f"{record_of(path)} cannot be written: {error.strerror}.") from error
    return digest


def put_in_place(complete: Path, path: Path) -> None:
    """Rename a finished file of weights to its name and record it; interrupted, it stays unrecorded.

    An older file is replaced if it is the one that is recorded. Raises a CheckpointError for any other, such
    as weights of another origin: the finished file then stays where it is.
    """
    try:
        check_replaceable(path)
    except CheckpointError as error:
        raise CheckpointError(f"{error} The finished weights are in {complete}.") from error
    record, previous = record_of(path), _beside(path, _PREVIOUS)
    following = _write_record(sha256_of(complete), path, _NEXT)
    if record.exists():
        record.replace(previous)
    complete.replace(path)
    following.replace(record)
    previous.unlink(missing_ok=True)


def check_replaceable(path: Path) -> None:
    """Raise a CheckpointError for a file that newer weights must not replace: it differs from its record."""
    if path.is_symlink() or (path.exists() and sha256_of(path) not in _digests(path)):
        raise CheckpointError(
            f"{path} is not what was recorded for it and stays: move it away, or name another folder."
        )


def _digests(path: Path) -> set[str]:
    """Return all recorded digests of a file, those of an interrupted `put_in_place` included."""
    records = (record_of(path), _beside(path, _NEXT), _beside(path, _PREVIOUS))
    texts = [record.read_text(encoding="utf-8", errors="replace") for record in records if record.is_file()]
    return {match[1] for text in texts if (match := _LINE.match(text))}


def _write_record(digest: str, path: Path, ending: str) -> Path:
    beside = _beside(path, ending)
    beside.write_text(f"{digest}  {path.name}\n", encoding="utf-8")
    return beside


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(f".{path.name}.{ending}")
