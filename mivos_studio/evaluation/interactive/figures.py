"""Compute from the protocol's records the figures that are written as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from mivos_studio.evaluation.clips import Throughput
from mivos_studio.evaluation.figures import Figures, fps_by_objects
from mivos_studio.evaluation.interactive.fusion_gain import fusion_gain_figures
from mivos_studio.evaluation.interactive.protocol import Protocol, SampleRecord, Submission
from mivos_studio.evaluation.interactive.summary import object_means, summarise

_NOTHING = {"frame": None, "J": 0.0, "F": 0.0, "seconds": 0.0, "editor_seconds": 0.0}


def interactive_figures(records: Sequence[SampleRecord], protocol: Protocol) -> Figures:
    """Return the rounds of each sample and their mean, and the protocol's summary.

    The mean of the rounds is over samples, each over its objects and frames; the summary's is over objects.
    """
    samples = {record.name: _sample(record, protocol) for record in records}
    by_round = list(zip(*(sample["rounds"] for sample in samples.values()), strict=True))
    rounds = [
        {key: fmean(each[key] for each in rows) for key in ("J", "F", "seconds", "editor_seconds")}
        for rows in by_round
    ]
    submissions = [submission for record in records for submission in record.submissions]
    return {
        "clips": samples,
        "rounds": rounds,
        "mean": {key: rounds[-1][key] for key in ("J", "F")},
        "summary": summarise(records, protocol).as_official(),
        "between_anchors": fusion_gain_figures([span for each in submissions for span in each.spans]),
        "fps_by_objects": fps_by_objects(
            _throughput(record, each) for record in records for each in record.submissions
        ),
    }


def variant_figures(records: Sequence[SampleRecord], protocol: Protocol) -> Figures:
    """Return one row of the ablations."""
    figures = interactive_figures(records, protocol)
    summary = figures["summary"]
    return {
        "auc": summary["auc"],
        "at_threshold": summary["metric_at_threshold"][protocol.metric.value],
        **figures["mean"],
        "seconds": fmean(each["seconds"] for each in figures["rounds"]),
    }


def _sample(record: SampleRecord, protocol: Protocol) -> dict[str, Any]:
    rounds = [_round(submission) for submission in record.submissions]
    last = rounds[-1] if rounds else _NOTHING
    missing = protocol.interactions - len(rounds)
    rounds += [{**last, "frame": None, "seconds": 0.0, "editor_seconds": 0.0}] * missing
    return {
        "J": last["J"],
        "F": last["F"],
        "objects": len(record.object_ids),
        "object_means": {str(name): means for name, means in object_means(record, protocol).items()},
        "rounds": rounds,
    }


def _round(submission: Submission) -> dict[str, Any]:
    return {
        "frame": submission.frame_index,
        "J": float(submission.jaccard.mean()),
        "F": float(submission.f_measure.mean()),
        "seconds": submission.seconds,
        "editor_seconds": submission.robot_seconds,
    }


def _throughput(record: SampleRecord, submission: Submission) -> Throughput:
    return Throughput(len(record.object_ids), submission.propagated, submission.propagation_s)
