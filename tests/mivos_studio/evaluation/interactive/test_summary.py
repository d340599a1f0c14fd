"""The protocol's curve, its area, its value at a minute and its report, on figures worked out by hand."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from mivos_studio.evaluation.interactive.protocol import Metric, Protocol, SampleRecord, Submission
from mivos_studio.evaluation.interactive.summary import COLUMNS, object_means, report_csv, summarise

RULES = Protocol(interactions=2, seconds=30)


def _submission(j, f, seconds, frames=2):
    return Submission(0, np.tile(np.array([j]), (frames, 1)), np.tile(np.array([f]), (frames, 1)), seconds)


def _record(clip, *submissions):
    objects = submissions[0].jaccard.shape[1] if submissions else 1
    return SampleRecord(clip, 1, clip, tuple(range(1, objects + 1)), submissions)


ALONE = _record("alone", _submission([0.4], [0.6], 10.0), _submission([0.8], [0.8], 30.0))
PAIR = _record("pair", _submission([0.2, 0.6], [0.4, 0.8], 20.0), _submission([0.6, 0.9], [0.6, 0.9], 50.0))


def test_the_curve_weighs_objects_alike_in_the_metric_and_samples_in_the_time():
    summary = summarise([ALONE, PAIR], RULES)
    np.testing.assert_allclose(summary.metrics, [0, (0.5 + 0.3 + 0.7) / 3, (0.8 + 0.6 + 0.9) / 3, 2.3 / 3])
    np.testing.assert_allclose(summary.times, [0, 15, 55, 2 * 30 * 1.5])


def test_area_and_value_at_a_minute_are_read_off_the_curve():
    summary = summarise([ALONE], RULES)
    assert summary.times.tolist() == [0, 10, 40, 60]
    assert summary.auc == pytest.approx((0.5 * 10 / 2 + 30 * (0.5 + 0.8) / 2 + 20 * 0.8) / 60)
    assert summary.at_threshold == pytest.approx(0.8)
    long = summarise([ALONE], Protocol(interactions=2, seconds=60))
    assert long.at_threshold == pytest.approx(0.8)
    early = summarise(
        [_record("late", _submission([0.4], [0.4], 120.0))], Protocol(interactions=1, seconds=240)
    )
    assert early.at_threshold == pytest.approx(0.2)


def test_missing_interactions_repeat_the_last_metric_and_cost_nothing():
    late = _record("late", _submission([0.5], [0.5], 12.0))
    summary = summarise([late], Protocol(interactions=3))
    np.testing.assert_allclose(summary.metrics, [0, 0.5, 0.5, 0.5, 0.5])
    np.testing.assert_allclose(summary.times, [0, 12, 12, 12, 90])
    assert summarise([_record("never")], RULES).auc == 0


def test_the_summary_has_the_protocol_s_keys():
    official = summarise([ALONE], RULES).as_official()
    assert set(official) == {"auc", "metric_at_threshold", "curve"}
    assert set(official["metric_at_threshold"]) == {"threshold", "J_AND_F"}
    assert set(official["curve"]) == {"time", "J_AND_F"}
    only_j = Protocol(interactions=2, metric=Metric.J)
    assert summarise([ALONE], only_j).as_official()["curve"]["J"][1] == pytest.approx(0.4)


def test_objects_have_curves_of_their_own():
    assert object_means(PAIR, RULES) == {1: pytest.approx([0.3, 0.6]), 2: pytest.approx([0.7, 0.9])}


def test_the_report_has_a_row_for_every_frame_and_object_of_every_interaction():
    rows = list(csv.DictReader(io.StringIO(report_csv([ALONE, PAIR], "mine"))))
    assert list(rows[0]) == ["", *COLUMNS]
    assert len(rows) == 2 * 2 * 1 + 2 * 2 * 2
    assert [row[""] for row in rows] == [str(number) for number in range(len(rows))]
    last = rows[-1]
    assert (last["session_id"], last["sequence"], last["scribble_idx"]) == ("mine", "pair", "1")
    assert (last["interaction"], last["object_id"], last["frame"]) == ("2", "2", "1")
    assert (float(last["jaccard"]), float(last["contour"]), float(last["timing"])) == (0.9, 0.9, 50.0)
