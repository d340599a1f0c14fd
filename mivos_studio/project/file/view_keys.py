"""What a project's view holds beside what the window shows: the window and the commands go by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

INITIAL_UNDO_COUNT = "initial_undo_count"
"""How many undo steps the user cannot undo."""
FAMILY = "family"
"""Of the networks that the work was done with."""


def as_mapping(view: Any) -> Mapping[str, Any]:
    """Return a project's view; empty where it has none."""
    return view if isinstance(view, dict) else {}


def other_family(view: Any, family: str) -> str | None:
    """Return a sentence where the work was done with networks of another family than these."""
    before = as_mapping(view).get(FAMILY)
    if not isinstance(before, str) or before == family:
        return None
    return (
        f"This project was made with the networks {before}, and goes on with {family}: what is propagated"
        f" now may not fit what is there. To go on as before, start with --models {before}."
    )
