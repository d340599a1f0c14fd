"""File names made from the names of objects."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from itertools import chain, count

_UNSAFE = re.compile(r"[^\w.-]+")
# Windows gives these names to devices, whatever the ending.
_RESERVED = re.compile(r"(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³])(\..*)?", re.IGNORECASE)
_LONGEST = 60


def object_file_names(object_names: Mapping[int, str]) -> dict[int, str]:
    """Give every object a file name of its own, safe on all systems, the same for the same objects.

    Names that are equal, or differ by what some systems take for equal, get the object_id behind them; where
    that is another object's name, a number more.
    """
    plain = {object_id: _safe(name) for object_id, name in object_names.items()}
    counts = Counter(_folded(name) for name in plain.values())
    names = {object_id: name for object_id, name in plain.items() if counts[_folded(name)] == 1}
    taken = {_folded(name) for name in names.values()}
    for object_id in sorted(plain.keys() - names.keys()):
        endings = chain([f"_{object_id}"], (f"_{object_id}_{number}" for number in count(2)))
        candidates = (_with_ending(plain[object_id], ending) for ending in endings)
        names[object_id] = next(name for name in candidates if _folded(name) not in taken)
        taken.add(_folded(names[object_id]))
    return {object_id: names[object_id] for object_id in object_names}


def frame_file_name(frame_index: int) -> str:
    """Number a frame as DAVIS does: five digits from 00000."""
    return f"{frame_index:05d}"


def _safe(name: str) -> str:
    composed = unicodedata.normalize("NFC", name)
    safe = _UNSAFE.sub("_", composed).strip("._")[:_LONGEST].rstrip("._") or "object"
    return f"{safe}_" if _RESERVED.fullmatch(safe) else safe


def _with_ending(name: str, ending: str) -> str:
    return f"{name[: _LONGEST - len(ending)]}{ending}"


def _folded(name: str) -> str:
    """Make names equal that a system may take for the same file."""
    return unicodedata.normalize("NFC", name.casefold())
