"""Keys of the figures, and the order of their means."""

from __future__ import annotations

import pytest

from mivos_studio.evaluation.clips import ClipScore, Throughput
from mivos_studio.evaluation.figures import clip_figures, still_figures
from mivos_studio.evaluation.metrics import Statistics
from mivos_studio.evaluation.stills import StillScore


def _score(j, f, pace):
    return ClipScore(Statistics(j, j / 2, 0.1), Statistics(f, f / 2, -0.1), pace)


SCORES = {
    "one": _score(0.8, 0.7, Throughput(1, 10, 2.0)),
    "two": _score(0.6, 0.5, Throughput(3, 10, 4.0)),
    "three": _score(0.1, 0.3, Throughput(1, 30, 2.0)),
}
BASELINES = {
    "one": {"still": 0.4, "flow": 0.5},
    "two": {"still": 0.2, "flow": 0.3},
    "three": {"still": 0.0, "flow": 0.1},
}
FORGETFUL = {name: _score(0.0, 0.1, Throughput(1, 10, 1.0)) for name in SCORES}


def test_each_clip_has_its_figures():
    clip = clip_figures(SCORES, BASELINES, {"memory": FORGETFUL})["clips"]["two"]
    assert clip == {
        "J": 0.6,
        "F": 0.5,
        "statistics": {"J": {"recall": 0.3, "decay": 0.1}, "F": {"recall": 0.25, "decay": -0.1}},
        "objects": 3,
        "fps": 2.5,
        "baselines": {"still": {"J": 0.2}, "flow": {"J": 0.3}},
        "ablations": {"memory": {"J": 0.0, "F": 0.1}},
    }


def test_clips_count_alike_in_the_mean():
    figures = clip_figures(SCORES, BASELINES, {"memory": FORGETFUL})
    assert figures["mean"] == pytest.approx({"J": 0.5, "F": 0.5})
    assert figures["statistics"]["J"] == pytest.approx({"recall": 0.25, "decay": 0.1})
    assert figures["baselines"]["still"]["J"] == pytest.approx(0.2)
    assert figures["baselines"]["flow"]["J"] == pytest.approx(0.3)
    assert figures["ablations"] == {"memory": pytest.approx({"J": 0.0, "F": 0.1})}


def test_frames_a_second_are_listed_by_the_number_of_objects():
    assert clip_figures(SCORES, BASELINES, {})["fps_by_objects"] == {"1": 10.0, "3": 2.5}


def test_stills_are_listed_by_the_number_of_strokes():
    clicks = [
        StillScore((0.5, 0.7, 0.86, 0.88, 0.92), {1: 0.2, 3: 0.3, 5: 0.4}, (0.1,) * 5),
        StillScore((0.95,), {1: 0.4, 3: 0.4, 5: 0.4}, (0.1,)),
    ]
    scribbles = [StillScore((0.6, 0.7, 0.8), {1: 0.5, 2: 0.6, 3: 0.7}, (0.2, 0.4))] * 2
    figures = still_figures(clicks, scribbles, 20)
    assert figures["iou_after"] == pytest.approx({"1": 0.725, "3": 0.905, "5": 0.935})
    assert figures["grabcut"]["iou_after"] == pytest.approx({"1": 0.3, "3": 0.35, "5": 0.4})
    assert (figures["noc85"], figures["noc90"], figures["images"]) == (2.0, 3.0, 2)
    assert figures["scribble"]["iou_after"] == pytest.approx({"1": 0.6, "2": 0.7, "3": 0.8})
    assert figures["scribble"]["grabcut"]["iou_after"] == pytest.approx({"1": 0.5, "2": 0.6, "3": 0.7})
    assert figures["ms_per_stroke"] == pytest.approx(100)
    assert figures["scribble"]["ms_per_stroke"] == pytest.approx(300)


def test_counts_beyond_the_last_click_are_left_out():
    clicks = [StillScore((0.5, 0.7), {1: 0.2}, (0.1, 0.1))]
    figures = still_figures(clicks, [StillScore((0.6,) * 3, {1: 0.5, 2: 0.5, 3: 0.5}, (0.1,))], 2)
    assert list(figures["iou_after"]) == ["1"]
