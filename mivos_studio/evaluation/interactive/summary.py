"""The protocol's summary of its records: the curve over time, its area, its value at a minute, the CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from inference_core.types import Float64Array
from mivos_studio.evaluation.interactive.protocol import Metric, Protocol, SampleRecord

THRESHOLD_S = 60
"""Time at which the protocol reads J&F off the curve."""
COLUMNS = (
    "session_id",
    "sequence",
    "scribble_idx",
    "interaction",
    "object_id",
    "frame",
    "jaccard",
    "contour",
    "timing",
)
"""Columns of the protocol's report in order, after an unnamed one with the row's number."""


@dataclass(frozen=True, eq=False)
class Summary:
    """The protocol's curve: (N+2,) metrics at times in seconds, 0 at the start, the budget at the end."""

    metric: Metric
    times: Float64Array
    metrics: Float64Array

    @property
    def auc(self) -> float:
        """Area under the curve over its last time; 0 where no time passed."""
        last = float(self.times.max())
        return float(np.trapezoid(self.metrics, self.times)) / last if last > 0 else 0.0

    @property
    def at_threshold(self) -> float:
        """The curve's value after a minute."""
        return float(np.interp(THRESHOLD_S, self.times, self.metrics))

    def as_official(self) -> dict[str, Any]:
        """Return the summary under the protocol's own keys."""
        return {
            "auc": self.auc,
            "metric_at_threshold": {"threshold": THRESHOLD_S, self.metric.value: self.at_threshold},
            "curve": {"time": self.times.tolist(), self.metric.value: self.metrics.tolist()},
        }


def summarise(records: Sequence[SampleRecord], protocol: Protocol) -> Summary:
    """Compute the curve of some samples.

    The metric is the mean over the objects of all samples, the time the mean over samples. Where a sample's
    time ran out, its last metric is repeated at no time; without any submission it is 0.
    """
    metrics = np.concatenate([_by_object(record, protocol) for record in records])
    seconds = np.array([_seconds(record, protocol) for record in records])
    objects = float(np.mean([len(record.object_ids) for record in records]))
    times = np.concatenate([[0.0], np.cumsum(seconds.mean(axis=0)), [protocol.budget_s(objects)]])
    curve = np.concatenate([[0.0], metrics.mean(axis=0)])
    return Summary(protocol.metric, times, np.append(curve, curve[-1]))


def object_means(record: SampleRecord, protocol: Protocol) -> dict[int, list[float]]:
    """Return the metric of each object after each interaction, mean over the frames."""
    return dict(zip(record.object_ids, _by_object(record, protocol).tolist(), strict=True))


def report_csv(records: Sequence[SampleRecord], session_id: str) -> str:
    """Format the protocol's report: a row for every frame and object of every submission."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("", *COLUMNS))
    rows = (
        (session_id, record.clip, record.scribble, number, object_id, frame_index, j, f, submission.seconds)
        for record in records
        for number, submission in enumerate(record.submissions, 1)
        for frame_index, scores in enumerate(
            zip(submission.jaccard.tolist(), submission.f_measure.tolist(), strict=True)
        )
        for object_id, j, f in zip(record.object_ids, *scores, strict=True)
    )
    writer.writerows((number, *row) for number, row in enumerate(rows))
    return text.getvalue()


def _by_object(record: SampleRecord, protocol: Protocol) -> Float64Array:
    """Return the metric (K, N) after each interaction, missing ones filled with the last."""
    means = [
        protocol.metric.of(submission.jaccard, submission.f_measure).mean(axis=0)
        for submission in record.submissions
    ]
    last = means[-1] if means else np.zeros(len(record.object_ids))
    return np.stack([*means, *[last] * (protocol.interactions - len(means))], axis=1)


def _seconds(record: SampleRecord, protocol: Protocol) -> list[float]:
    seconds = [submission.seconds for submission in record.submissions]
    return seconds + [0.0] * (protocol.interactions - len(seconds))
