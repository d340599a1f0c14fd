"""Plots of cost against resolution, objects and length."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mivos_studio.evaluation.reports.plots import write_plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GROWING = ("resolution", "working_size", "objects", "length")
"""The rows that are plotted; the others have names instead of numbers, and are in the table."""


def plot_growth(sweep: Mapping[str, Mapping[str, float]], path: Path) -> None:
    """Draw milliseconds a frame against resolution, objects and length, as one SVG."""

    def draw(figure: Figure) -> None:
        for axes, name in zip(figure.subplots(1, len(GROWING), sharey=True), GROWING, strict=True):
            row = sweep[name]
            axes.plot(list(row), [1000 / fps for fps in row.values()], marker="o")
            axes.set(xlabel=name.replace("_", " "), ylim=(0, None))
            axes.tick_params(axis="x", rotation=45)
        figure.axes[0].set_ylabel("ms a frame")

    write_plot(path, draw)
