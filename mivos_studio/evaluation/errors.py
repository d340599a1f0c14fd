"""The error of evaluation; its message tells the user what to change."""

from __future__ import annotations

from inference_core.errors import UserError


class EvaluationError(UserError):
    """The folder or the options cannot be measured; the message says why."""
