"""Errors of reading and writing files."""

from __future__ import annotations

from inference_core.errors import UserError


class MediaError(UserError):
    """A file or folder that cannot be read or written as asked; the text says what to do about it."""
