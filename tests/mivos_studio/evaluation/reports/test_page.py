"""A report's folder holds all files that it links; the same figures give the same files."""

from __future__ import annotations

import json

import pytest

from mivos_studio.evaluation.folders import Selection
from mivos_studio.evaluation.interactive.protocol import Protocol
from mivos_studio.evaluation.interactive.run import InteractiveOptions, evaluate_interactive
from mivos_studio.evaluation.reports.page import clip_page, interactive_page, still_page
from mivos_studio.evaluation.run import ClipOptions, StillOptions, evaluate_clips, evaluate_stills
from tests.mivos_studio.evaluation.example_folders import fake_settings, make_clip, make_still

pytest.importorskip("matplotlib", reason="plots need matplotlib")


def _linked(folder):
    text = (folder / "report.md").read_text(encoding="utf-8")
    return {part.split(")")[0] for part in text.split("](")[1:]}


def test_an_interactive_report_has_curves_strips_and_the_protocol_s_own_files(tmp_path):
    make_clip(tmp_path / "data")
    options = InteractiveOptions(tmp_path / "data", Protocol(interactions=2), Selection(max_frames=3))
    interactive_page(evaluate_interactive(fake_settings(), options)).write(tmp_path / "report")
    files = {path.name for path in (tmp_path / "report").iterdir()}
    assert files == {
        ".mivos-files.json",
        "report.md",
        "figures.json",
        "report.csv",
        "summary.json",
        "curves.svg",
        "squares.jpg",
    }
    assert _linked(tmp_path / "report") == {"curves.svg", "squares.jpg"}
    assert "auc" in json.loads((tmp_path / "report" / "summary.json").read_text(encoding="utf-8"))
    header = (tmp_path / "report" / "report.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header.endswith("frame,jaccard,contour,timing")


def test_a_report_of_clips_replaces_an_earlier_one(tmp_path):
    make_clip(tmp_path / "data")
    page = clip_page(evaluate_clips(fake_settings(), ClipOptions(tmp_path / "data", Selection(2))))
    page.write(tmp_path / "report")
    (tmp_path / "report" / "mine.svg").touch()
    page.write(tmp_path / "report")
    files = {path.name for path in (tmp_path / "report").iterdir()}
    assert files == {
        ".mivos-files.json",
        "report.md",
        "figures.json",
        "clips.svg",
        "squares.jpg",
        "mine.svg",
    }


def test_a_report_of_stills_draws_the_same_plot_twice(tmp_path):
    make_still(tmp_path / "data")
    page = still_page(evaluate_stills(fake_settings(), StillOptions(tmp_path / "data", 3)))
    drawn = []
    for name in ("one", "two"):
        page.write(tmp_path / name)
        drawn.append((tmp_path / name / "stills.svg").read_bytes())
    assert drawn[0] == drawn[1]
    assert b"GrabCut" in drawn[0]
