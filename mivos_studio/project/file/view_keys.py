"""What a project's view holds beside what the window shows: the window and the commands go by it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from inference_core.errors import UserError
from mivos_studio.project.steps import Step, read_step

INITIAL_UNDO_COUNT = "initial_undo_count"
"""How many undo steps the user cannot undo."""
FAMILY = "family"
"""Of the networks that the work was done with."""
RUNNING = "running"
"""The step of a propagation that was under way at the last save, as far as it had come."""


def as_mapping(view: Any) -> Mapping[str, Any]:
    """Return a project's view; empty where it has none."""
    return view if isinstance(view, dict) else {}


def running_step(view: Any) -> Step | None:
    """Return the step of a propagation that was under way at the last save; None where there was none."""
    with suppress(UserError, KeyError):
        return read_step(as_mapping(view)[RUNNING], "The propagation under way")
    return None


def other_family(view: Any, family: str) -> str | None:
    """Return a sentence where the work was done with networks of another family than these."""
    before = as_mapping(view).get(FAMILY)
    if not isinstance(before, str) or before == family:
        return None
    return (
        f"This project was made with the networks {before}, and goes on with {family}: what is propagated"
        f" now may not fit what is there. To go on as before, start with --models {before}."
    )
