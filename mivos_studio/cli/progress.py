"""A progress bar with rate and time left, on a terminal and nowhere else: a thin layer over tqdm."""

from __future__ import annotations

import sys
from typing import Any, TextIO

_LAYOUT = "{desc} [{bar:30}] {n_fmt}/{total_fmt} {rate_noinv_fmt} {remaining} left"


class ProgressBar:
    """One line on stderr, redrawn in place: `propagate [######------] 42/104  8.10/s 00:07 left`.

    unit  what is counted, as "B"; with one, counts are shortened: 12.3M of 45.6M.
    """

    def __init__(
        self, label: str, *, unit: str = "", quiet: bool = False, stream: TextIO | None = None
    ) -> None:
        stream = stream or sys.stderr
        self._bar = None if quiet or not stream.isatty() else _begin(label, unit, stream)

    def show(self, done: int, total: int) -> None:
        """Show how much is done, total 0 where that is unknown; drawn at most ten times a second."""
        if self._bar is None:
            return
        self._bar.total = total or None
        self._bar.bar_format = _LAYOUT if total else None  # tqdm shows the time left only for a known total
        self._bar.update(done - self._bar.n)
        if done == total:
            self._bar.refresh()

    def clear(self) -> None:
        """Clear the bar, so that what is printed next starts on an empty line."""
        if self._bar is not None:
            self._bar.close()


def _begin(label: str, unit: str, stream: TextIO) -> Any:
    """Start the timer; draw nothing before the first figures."""
    from tqdm import tqdm  # here, since a machine that only writes logs may lack it

    tqdm.monitor_interval = 0  # no thread that redraws: with miniters 0 every call reads the clock
    counts = {"unit": unit, "unit_scale": bool(unit)}
    bar = tqdm(desc=label, **counts, file=stream, leave=False, ascii="-#", miniters=0, delay=0.1)
    if bar.ncols is not None and bar.ncols < 1:  # a pseudo-terminal without a size
        bar.ncols = bar.nrows = None
    return bar
