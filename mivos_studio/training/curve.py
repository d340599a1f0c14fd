"""Plot of a training log, where matplotlib is installed."""

from __future__ import annotations

import csv
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from mivos_studio.evaluation.reports.plots import PLOT, write_plot
from mivos_studio.media.errors import MediaError
from mivos_studio.media.output.file import written_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SMOOTHED_ROWS = 10


def draw_log(log: Path) -> Path | None:
    """Draw a CSV of steps and figures as SVG beside it, each figure in a plot of its own.

    Returns the SVG's path; None for a missing or empty log, without matplotlib, or where another file has
    that name.
    """
    if not log.exists() or find_spec("matplotlib") is None:
        return None
    with log.open(newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        return None
    names = [name for name in rows[0] if name not in ("step", "trained_s")]
    steps = [int(row["step"]) for row in rows]

    def draw(figure: Figure) -> None:
        for place, name in enumerate(names, start=1):
            axes = figure.add_subplot(1, len(names), place)
            values = [float(row[name]) for row in rows]
            axes.plot(steps, values, linewidth=0.5, alpha=0.4)
            axes.plot(steps, _smoothed(values))
            axes.set_title(name)
            axes.set_xlabel("steps")

    plot = log.with_suffix(".svg")
    try:
        with written_file(plot, PLOT) as beside:
            write_plot(beside, draw)
    except MediaError:
        return None  # another file has that name; the log is complete without the plot
    return plot


def _smoothed(values: list[float]) -> list[float]:
    """Running mean of each value and at most _SMOOTHED_ROWS values before it."""
    parts = (values[max(0, place - _SMOOTHED_ROWS) : place + 1] for place in range(len(values)))
    return [sum(part) / len(part) for part in parts]
