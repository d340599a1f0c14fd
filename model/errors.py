"""Errors of files of weights."""

from __future__ import annotations

from inference_core.errors import UserError


class CheckpointError(UserError):
    """A weights file is missing, damaged or of another network; the message names it and the remedy."""
