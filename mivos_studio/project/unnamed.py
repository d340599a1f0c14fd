"""Work without a name, as the window lists it: plain values, without SQLite."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_MOST_NAMED = 3
_UNITS = ((10**9, "GB"), (10**6, "MB"))


@dataclass(frozen=True)
class UnnamedProject:
    """A recovery project that holds work and that no process has open.

    saved_at  seconds since 1970. bytes are on the disk.
    strokes   None where the project cannot be read.
    """

    path: Path
    clip_name: str
    saved_at: float
    strokes: int | None
    bytes: int


def temporary_recovery_folder() -> Path:
    """Return the folder of this user's work without a name where the cache folder cannot be written."""
    user = f"-{os.getuid()}" if hasattr(os, "getuid") else ""
    return Path(tempfile.gettempdir()) / f"mivos-recovery{user}"


def total_bytes(projects: Iterable[UnnamedProject]) -> int:
    """Return what projects take on the disk."""
    return sum(each.bytes for each in projects)


def size_text(size_bytes: int) -> str:
    """Return a size as a user reads it: "6.2 GB", "640 MB", "less than 1 MB"."""
    for unit_bytes, unit in _UNITS:
        if size_bytes >= unit_bytes:
            amount = size_bytes / unit_bytes
            return f"{amount:.1f} {unit}" if amount < 10 else f"{amount:.0f} {unit}"
    return "less than 1 MB"


def size_notice(projects: Iterable[UnnamedProject]) -> str:
    """Return a sentence on what work without a name takes, that names the largest."""
    largest = sorted(projects, key=lambda each: -each.bytes)
    named = [f"{each.clip_name} ({size_text(each.bytes)})" for each in largest[:_MOST_NAMED]]
    more = len(largest) - len(named)
    listed = ", ".join(named) + (f" and {more} more" if more else "")
    return (
        f"Work without a name takes {size_text(total_bytes(largest))}: {listed}. It stays until you delete it"
        " (File, Work without a name)."
    )
