"""SHA-256 of weights, recorded beside each file as FILE.sha256, in the form that `sha256sum -c` reads."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from mivos_studio.files import sha256_of, written_beside
from mivos_studio.system_errors import reason_of
from model.errors import CheckpointError

_NEXT, _PREVIOUS = "sha256-next", "sha256-previous"
_LONGEST_RECORD = 4096
_LINE = re.compile(r"([0-9a-f]{64}) [ *].+")


def record_of(path: Path) -> Path:
    """Return the file in which the SHA-256 of another is recorded."""
    return path.with_name(f"{path.name}.sha256")


def recorded_sha256(path: Path) -> str | None:
    """Return the recorded SHA-256 of a file, None without a record."""
    record = record_of(path)
    if not record.is_file():
        return None
    try:
        match = _LINE.match(_beginning(record))
    except OSError as error:
        raise CheckpointError(f"{record} cannot be read: {reason_of(error)}.") from error
    if match is None:
        raise CheckpointError(f"{record} does not hold a SHA-256; delete it, or copy it again.")
    return match[1]


def record_sha256(path: Path) -> str:
    """Record a file's SHA-256; return it. Raises CheckpointError where the folder cannot be written."""
    digest = sha256_of(path)
    recorded_sha256(path)  # refuses to replace a file that is no record
    try:
        with written_beside(record_of(path)) as record:
            record.write_text(_line(digest, path), encoding="utf-8")
    except OSError as error:
        raise CheckpointError(f"{record_of(path)} cannot be written: {reason_of(error)}.") from error
    return digest


def record_first_use(paths: Iterable[Path]) -> tuple[str, ...]:
    """Record the SHA-256 of files that have no record yet, and from then on must be what they are.

    Returns sentences to show: which were recorded, and which could not be.
    """
    recorded, notices = [], []
    for path in paths:
        try:
            if recorded_sha256(path) is None:
                recorded.append(f"{path.name} {record_sha256(path)}")
        except (CheckpointError, OSError) as error:
            notices.append(f"Whether {path.name} changes cannot be told from now on: {error}")
    if recorded:
        notices.insert(
            0,
            "These weights are used for the first time, and are refused from now on if they change; their"
            f" SHA-256: {', '.join(recorded)}.",
        )
    return tuple(notices)


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
    following = _beside(path, _NEXT)
    following.write_text(_line(sha256_of(complete), path), encoding="utf-8")
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
    texts = [_beginning(record) for record in records if record.is_file()]
    return {match[1] for text in texts if (match := _LINE.match(text))}


def _beginning(record: Path) -> str:
    """Return the text of a record; of a file that is none, no more than a record has. Raises OSError."""
    with record.open(encoding="utf-8", errors="replace") as file:
        return file.read(_LONGEST_RECORD)


def _line(digest: str, path: Path) -> str:
    return f"{digest}  {path.name}\n"


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(f".{path.name}.{ending}")
