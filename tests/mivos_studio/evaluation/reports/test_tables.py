"""Tables have a row for each measurement, and aligned columns."""

from __future__ import annotations

from mivos_studio.evaluation.reports.tables import clip_report, still_report

STATISTICS = {"J": {"recall": 0.9, "decay": 0.05}, "F": {"recall": 0.8, "decay": -0.01}}
CLIPS = {
    "clips": {
        "koi": {
            "J": 0.51,
            "F": 0.6,
            "statistics": STATISTICS,
            "objects": 2,
            "fps": 9.96,
            "baselines": {"still": {"J": 0.1}, "flow": {"J": 0.2}},
        }
    },
    "mean": {"J": 0.51, "F": 0.6},
    "statistics": STATISTICS,
    "baselines": {"still": {"J": 0.1}, "flow": {"J": 0.2}},
    "ablations": {"memory": {"J": 0.25, "F": 0.3}},
    "fps_by_objects": {"2": 9.96},
}
STILLS = {
    "iou_after": {"1": 0.5},
    "grabcut": {"iou_after": {"1": 0.4}},
    "noc85": 3.25,
    "noc90": 5.5,
    "ms_per_stroke": 120.4,
    "scribble": {"iou_after": {"1": 0.7}, "grabcut": {"iou_after": {"1": 0.6}}, "ms_per_stroke": 90.0},
    "images": 12,
}


def test_clips_means_and_ablations_have_a_row_each():
    table, pace = clip_report(CLIPS).split("\n\n")
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    more = ["0.900", "0.050", "0.800", "-0.010"]
    assert cells[0][:4] == ["clip", "objects", "J", "F"]
    assert cells[0][4:] == ["J recall", "J decay", "F recall", "F decay", "fps", "still J", "flow J"]
    assert cells[2] == ["koi", "2", "0.510", "0.600", *more, "10.0", "0.100", "0.200"]
    assert cells[3] == ["mean", "", "0.510", "0.600", *more, "", "0.100", "0.200"]
    assert cells[4] == ["mean, memory switched off", "", "0.250", "0.300", *[""] * 7]
    assert pace == "frames a second by objects: 10.0 with 2\n"


def test_columns_line_up():
    table = clip_report(CLIPS).split("\n\n")[0]
    assert len({len(line) for line in table.splitlines()}) == 1


def test_stills_have_grabcut_beside_them():
    table, summary = still_report(STILLS).split("\n\n")
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    assert cells[2:] == [["click 1", "0.500", "0.400"], ["round of scribbles 1", "0.700", "0.600"]]
    assert "12 images" in summary
    assert "0.85: 3.25" in summary
