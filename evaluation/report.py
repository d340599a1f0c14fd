"""Figures as Markdown tables, readable on a terminal as they are."""

from __future__ import annotations

from collections.abc import Sequence

from evaluation.figures import Figures

_ABLATION_NAMES = {"memory": "memory switched off", "previous": "previous mask switched off"}


def clip_report(figures: Figures) -> str:
    """Tell first-mask evaluation: a row for each clip, the mean, and what is left without a part."""
    baselines = list(figures["baselines"])
    rows = [
        [
            name,
            str(clip["objects"]),
            *_scores(clip),
            f"{clip['fps']:.1f}",
            *(f"{clip['baselines'][baseline]['J']:.3f}" for baseline in baselines),
        ]
        for name, clip in figures["clips"].items()
    ]
    means = [f"{figures['baselines'][baseline]['J']:.3f}" for baseline in baselines]
    rows.append(["mean", "", *_scores(figures["mean"]), "", *means])
    for part, scores in figures["ablations"].items():
        rows.append([f"mean, {_ABLATION_NAMES[part]}", "", *_scores(scores), "", *("" for _ in baselines)])
    headings = ["clip", "objects", "J", "F", "fps", *(f"{baseline} J" for baseline in baselines)]
    return _table(headings, rows) + _pace(figures)


def round_report(figures: Figures) -> str:
    """Tell interactive evaluation: J after each round, a row for each clip, and the mean."""
    count = len(figures["rounds"])
    rows = [
        [name, str(clip["objects"]), *(f"{each['J']:.3f}" for each in clip["rounds"]), f"{clip['F']:.3f}"]
        for name, clip in figures["clips"].items()
    ]
    means = [f"{each['J']:.3f}" for each in figures["rounds"]]
    rows.append(["mean", "", *means, f"{figures['mean']['F']:.3f}"])
    rounds = [f"J after {number}" for number in range(1, count + 1)]
    return _table(["clip", "objects", *rounds, f"F after {count}"], rows) + _pace(figures)


def still_report(figures: Figures) -> str:
    """Tell evaluation on stills: mean IoU after so many clicks and rounds of scribbles, GrabCut beside it."""
    rows = [
        [f"{strokes} {count}", f"{iou:.3f}", f"{kind['grabcut']['iou_after'][count]:.3f}"]
        for strokes, kind in (("click", figures), ("round of scribbles", figures["scribble"]))
        for count, iou in kind["iou_after"].items()
    ]
    return _table(["after", "IoU", "GrabCut"], rows) + (
        f"\n{figures['images']} images; clicks to an IoU of 0.85: {figures['noc85']:.2f},"
        f" of 0.90: {figures['noc90']:.2f}; {figures['ms_per_stroke']:.0f} ms a click,"
        f" {figures['scribble']['ms_per_stroke']:.0f} ms a scribble\n"
    )


def _scores(figures: Figures) -> list[str]:
    return [f"{figures['J']:.3f}", f"{figures['F']:.3f}"]


def _pace(figures: Figures) -> str:
    """Tell frames a second by the number of objects."""
    paces = [f"{fps:.1f} with {objects}" for objects, fps in figures["fps_by_objects"].items()]
    return f"\nframes a second by objects: {', '.join(paces)}\n" if paces else ""


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a Markdown table: first column to the left, figures to the right."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    lines = [headings, ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])], *rows]
    return "".join(
        f"| {' | '.join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])} |\n"
        for line in lines
    )
