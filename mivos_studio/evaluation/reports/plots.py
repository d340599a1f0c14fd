"""Plots of figures, as SVG. matplotlib is optional, and imported only when a plot is drawn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mivos_studio.evaluation.errors import EvaluationError
from mivos_studio.evaluation.figures import Figures
from mivos_studio.evaluation.interactive.summary import THRESHOLD_S
from mivos_studio.evaluation.reports.tables import metric_name
from mivos_studio.media.output.file import FileKind

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Plot = Callable[["Figure"], None]
"""Draws on an empty figure."""

# Layout: as wide as the text of a page.
_SIZE_INCHES = (9.0, 3.6)
_TITLE = "Plot by mivos-studio"
_METADATA = {"Date": None, "Title": _TITLE}


def _has_our_title(path: Path) -> bool:
    return f"<title>{_TITLE}</title>" in path.read_text(encoding="utf-8", errors="replace")


PLOT = FileKind("a plot", _has_our_title)
"""An SVG by `write_plot`, recognised by its title."""


def check_plotting() -> None:
    """Raise an EvaluationError without matplotlib; called before measurements that take hours."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise EvaluationError("Plots need matplotlib: install it with `pip install matplotlib`.") from error


def write_plot(path: Path, draw: Plot) -> None:
    """Draw on a new figure and write it as SVG, the same for the same figures, to a path that is free."""
    check_plotting()
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"svg.hashsalt": "mivos", "svg.fonttype": "none"}):
        figure = Figure(figsize=_SIZE_INCHES, layout="constrained")
        draw(figure)
        figure.savefig(path, format="svg", metadata=_METADATA)


def plot_clips(figures: Figures) -> Plot:
    """Plot J of each clip, beside the baselines."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        names = list(figures["clips"])
        rows = {"ours": [clip["J"] for clip in figures["clips"].values()]}
        for baseline in figures["baselines"]:
            rows[baseline] = [clip["baselines"][baseline]["J"] for clip in figures["clips"].values()]
        width = 0.8 / len(rows)
        for place, (label, values) in enumerate(rows.items()):
            axes.bar(np.arange(len(names)) + place * width, values, width, label=label)
        axes.set_xticks(np.arange(len(names)) + 0.4 - width / 2, names, rotation=30, ha="right")
        axes.set(ylabel="J", ylim=(0, 1))
        axes.legend()

    return draw


def plot_curves(figures: Figures) -> Plot:
    """Plot J and F against interactions, and the protocol's metric against seconds."""
    metric = figures["options"]["metric"]
    curve = figures["summary"]["curve"]
    rounds = figures["rounds"]

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2, sharey=True)
        numbers = np.arange(1, len(rounds) + 1)
        for name in ("J", "F"):
            left.plot(numbers, [each[name] for each in rounds], marker="o", label=name)
        left.set(xlabel="interactions", ylim=(0, 1))
        left.set_xticks(numbers)
        left.legend()
        right.plot(curve["time"][:-1], curve[metric][:-1], marker="o")
        if curve["time"][-2] > THRESHOLD_S:
            right.axvline(THRESHOLD_S, linestyle=":", color="grey")
        right.set(xlabel="seconds of the program", ylabel=metric_name(metric))

    return draw


def plot_advice(figures: Figures) -> Plot:
    """Plot true J against confidence, and J against corrections by the choice of frames."""

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        bins = figures["confidence"]["reliability"]
        left.plot([0, 1], [0, 1], linestyle=":", color="grey")
        left.plot([each["confidence"] for each in bins], [each["jaccard"] for each in bins], marker="o")
        left.set(xlabel="confidence", ylabel="true J", xlim=(0, 1), ylim=(0, 1))
        for name, row in figures["corrections"].items():
            right.plot(range(1, len(row["J"]) + 1), row["J"], marker="o", label=name)
        right.set(xlabel="corrections", ylabel="J")
        if figures["corrections"]:
            right.legend()

    return draw


def plot_stills(figures: Figures) -> Plot:
    """Plot IoU against clicks and rounds of scribbles, beside GrabCut."""

    def draw(figure: Figure) -> None:
        for axes, (label, kind) in zip(
            figure.subplots(1, 2, sharey=True),
            (("clicks", figures), ("rounds of scribbles", figures["scribble"])),
            strict=True,
        ):
            for name, row in (("ours", kind["iou_after"]), ("GrabCut", kind["grabcut"]["iou_after"])):
                axes.plot([int(count) for count in row], list(row.values()), marker="o", label=name)
            axes.set(xlabel=label, ylabel="IoU", ylim=(0, 1))
            axes.set_xticks([int(count) for count in kind["iou_after"]])
            axes.legend()

    return draw
