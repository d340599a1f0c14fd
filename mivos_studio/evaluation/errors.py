"""The error of this room: its text is a sentence that the person who asked for a measurement can act on."""

from __future__ import annotations

from inference_core.errors import UserError


class EvaluationError(UserError):
    """The folder or the options cannot be measured; the text says why."""
