"""File names made from what the editor called things."""

from __future__ import annotations

import re
from collections.abc import Mapping

_UNSAFE = re.compile(r"[^\w.-]+")
# Windows gives these names to devices, whatever the ending.
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_LONGEST = 60


def object_file_names(object_names: Mapping[int, str]) -> dict[int, str]:
    """Give every object a file name, safe on all systems; equal ones are told apart by the object_id."""
    plain = {object_id: _safe(name) or "object" for object_id, name in object_names.items()}
    folded = [name.casefold() for name in plain.values()]
    return {
        object_id: name if folded.count(name.casefold()) == 1 else f"{name}_{object_id}"
        for object_id, name in plain.items()
    }


def frame_file_name(frame_index: int) -> str:
    """Number a frame as DAVIS does: five digits from 00000."""
    return f"{frame_index:05d}"


def _safe(name: str) -> str:
    safe = _UNSAFE.sub("_", name).strip("._")[:_LONGEST]
    return f"{safe}_" if _RESERVED.fullmatch(safe) else safe
