"""Figures as Markdown tables that are readable in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from mivos_studio.evaluation.advice.observations import FALSE_ALARMS, WRONG_BELOW
from mivos_studio.evaluation.figures import Figures

STATISTICS = ("J recall", "J decay", "F recall", "F decay")
_ABLATION_NAMES = {
    "memory": "memory switched off",
    "previous": "previous mask switched off",
    "targets": "target models switched off",
}


def clip_report(figures: Figures) -> str:
    """Format first-mask evaluation: a row for each clip, the mean, and the means of the ablations."""
    baselines = list(figures["baselines"])
    rows = [
        [
            name,
            str(clip["objects"]),
            *_scores(clip),
            *_statistics(clip),
            f"{clip['fps']:.1f}",
            *(f"{clip['baselines'][baseline]['J']:.3f}" for baseline in baselines),
        ]
        for name, clip in figures["clips"].items()
    ]
    means = [f"{figures['baselines'][baseline]['J']:.3f}" for baseline in baselines]
    rows.append(["mean", "", *_scores(figures["mean"]), *_statistics(figures), "", *means])
    for part, scores in figures["ablations"].items():
        blank = [""] * (len(STATISTICS) + 1 + len(baselines))
        rows.append([f"mean, {_ABLATION_NAMES[part]}", "", *_scores(scores), *blank])
    headings = ["clip", "objects", "J", "F", *STATISTICS, "fps", *(f"{baseline} J" for baseline in baselines)]
    return table(headings, rows) + _throughput(figures)


def interactive_report(figures: Figures) -> str:
    """Format interactive evaluation: J after each round, the protocol's summary, the gain of fusion."""
    count = len(figures["rounds"])
    rows = [
        [name, str(clip["objects"]), *(f"{each['J']:.3f}" for each in clip["rounds"]), f"{clip['F']:.3f}"]
        for name, clip in figures["clips"].items()
    ]
    means = [f"{each['J']:.3f}" for each in figures["rounds"]]
    rows.append(["mean", "", *means, f"{figures['mean']['F']:.3f}"])
    rounds = [f"J after {number}" for number in range(1, count + 1)]
    return (
        table(["clip", "objects", *rounds, f"F after {count}"], rows)
        + _summary(figures["summary"], figures["options"]["metric"])
        + fusion_gain_report(figures["between_anchors"])
        + variant_report(figures["ablations"], figures["options"]["metric"])
        + _throughput(figures)
    )


def fusion_gain_report(gains: Figures) -> str:
    """Format the gain of fusion on frames between two anchors; empty where there were none."""
    if not gains["spans"]:
        return ""
    rows = [["learned fusion", f"{gains['J']['learned']:.4f}", "", "", ""]]
    for name, gain in gains["gain_over"].items():
        intervals = ["{:+.4f} to {:+.4f}".format(*gain[key]) for key in ("interval", "interval_by_clip")]
        rows.append([name, f"{gains['J'][name]:.4f}", f"{gain['mean']:+.4f}", *intervals])
    headings = ["between two anchors", "J", "learned gains", "95 % by span", "95 % by clip"]
    return (
        f"\n{table(headings, rows)}\n{gains['frames']} frames in {gains['spans']} spans; intervals by"
        " bootstrap of whole spans, and of whole clips\n"
    )


def variant_report(ablations: Figures, metric: str) -> str:
    """Format the ablations of interactive evaluation; empty where there are none."""
    if not ablations:
        return ""
    keys = ("auc", "at_threshold", "J", "F")
    rows = [
        [name, *(f"{row[key]:.3f}" for key in keys), f"{row['seconds']:.2f}"]
        for name, row in ablations.items()
    ]
    name = metric_name(metric)
    return "\n" + table(["variant", f"AUC of {name}", f"{name} at 60 s", "J", "F", "s a round"], rows)


def advice_report(figures: Figures) -> str:
    """Format confidence against true J, and J after corrections by the choice of frames."""
    text = confidence_report(figures["confidence"])
    if not figures["corrections"]:
        return text
    count = figures["options"]["rounds"]
    rows = [
        [name, *(f"{j:.3f}" for j in row["J"])]
        for name, row in sorted(figures["corrections"].items(), key=lambda item: -item[1]["J"][-1])
    ]
    headings = ["the robot corrects", *(f"J after {number}" for number in range(1, count + 1))]
    return f"{text}\n{table(headings, rows)}"


def confidence_report(confidence: Figures) -> str:
    """Format how well confidence predicts true J."""
    rows = [
        [f"{each['confidence']:.2f}", f"{each['jaccard']:.2f}", str(each["count"])]
        for each in confidence["reliability"]
    ]
    by_clip = ", ".join(f"{name} {rank:.2f}" for name, rank in confidence["rank_correlation_by_clip"].items())
    found = confidence["wrong_found"]
    wrong = f"{confidence['wrong_masks']} masks have a J below {WRONG_BELOW}"
    if found is not None:
        wrong += f"; {found:.3f} of them are found at {FALSE_ALARMS:.0%} false alarms"
    return (
        f"{table(['mean confidence', 'true J', 'masks'], rows)}\n"
        f"rank correlation of confidence and J {confidence['rank_correlation']:.3f}"
        f" over {confidence['masks']} masks;"
        f" mean distance from the diagonal {confidence['calibration_error']:.3f}\n"
        f"within clips: {by_clip}\n"
        f"{wrong}\n"
    )


def metric_name(metric: str) -> str:
    """Return a metric's name as it is written in text: J&F."""
    return metric.replace("_AND_", "&")


def still_report(figures: Figures) -> str:
    """Format evaluation on stills: mean IoU after each click and round of scribbles, beside GrabCut."""
    rows = [
        [f"{strokes} {count}", f"{iou:.3f}", f"{kind['grabcut']['iou_after'][count]:.3f}"]
        for strokes, kind in (("click", figures), ("round of scribbles", figures["scribble"]))
        for count, iou in kind["iou_after"].items()
    ]
    return table(["after", "IoU", "GrabCut"], rows) + (
        f"\n{figures['images']} images; clicks to an IoU of 0.85: {figures['noc85']:.2f},"
        f" of 0.90: {figures['noc90']:.2f}; {figures['ms_per_stroke']:.0f} ms a click,"
        f" {figures['scribble']['ms_per_stroke']:.0f} ms a scribble\n"
    )


def _scores(figures: Figures) -> list[str]:
    return [f"{figures['J']:.3f}", f"{figures['F']:.3f}"]


def _statistics(figures: Figures) -> list[str]:
    return [f"{figures['statistics'][name][key]:.3f}" for name in "JF" for key in ("recall", "decay")]


def _summary(summary: Figures, metric: str) -> str:
    """Format the protocol's two figures, and the time of all rounds."""
    threshold = summary["metric_at_threshold"]
    name = metric_name(metric)
    return (
        f"\nAUC of {name} {summary['auc']:.3f}; {name} at {threshold['threshold']} s {threshold[metric]:.3f};"
        f" {summary['curve']['time'][-2]:.1f} s for all rounds of a sample\n"
    )


def _throughput(figures: Figures) -> str:
    """Format frames a second by the number of objects."""
    speeds = [f"{fps:.1f} with {objects}" for objects, fps in figures["fps_by_objects"].items()]
    return f"\nframes a second by objects: {', '.join(speeds)}\n" if speeds else ""


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Format a Markdown table: first column to the left, figures to the right."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    lines = [headings, ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])], *rows]
    return "".join(
        f"| {' | '.join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])} |\n"
        for line in lines
    )
