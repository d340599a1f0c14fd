"""A progress bar with the time that is left, on a terminal and nowhere else."""

from __future__ import annotations

import sys
import time
from typing import TextIO

_WIDTH = 30
_REDRAW_S = 0.1


class ProgressBar:
    """One line on stderr, redrawn in place: `propagate [######------]  42/104  8.1/s  0:07 left`."""

    def __init__(self, label: str, *, quiet: bool = False, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._is_shown = not quiet and self._stream.isatty()
        self._label = label
        self._started_s = self._drawn_s = time.monotonic()

    def show(self, done: int, total: int) -> None:
        """Say how far the work has come; drawn at most ten times a second."""
        now_s = time.monotonic()
        if not self._is_shown or (now_s - self._drawn_s < _REDRAW_S and done < total):
            return
        self._drawn_s = now_s
        rate = done / max(now_s - self._started_s, 1e-9)
        left = _clock((total - done) / rate) if rate > 0 else "?"
        filled = "#" * round(_WIDTH * done / max(total, 1))
        line = f"{self._label} [{filled:-<{_WIDTH}}] {done}/{total}  {rate:.1f}/s  {left} left"
        self._stream.write(f"\r\x1b[K{line}")
        self._stream.flush()

    def clear(self) -> None:
        """Take the bar away, so that what is printed next starts on an empty line."""
        if self._is_shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


def _clock(seconds: float) -> str:
    minutes, seconds_left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds_left:02}" if hours else f"{minutes}:{seconds_left:02}"
