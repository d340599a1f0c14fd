"""A sweep has a figure for every value that this machine can run, a table and a plot."""

from __future__ import annotations

import pytest

from mivos_studio.benchmarks import sweep
from mivos_studio.benchmarks.plots import plot_growth
from mivos_studio.benchmarks.speed import SpeedOptions
from mivos_studio.cli.main import main


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr(sweep, "RESOLUTIONS", {"64p": 64, "96p": 96})
    monkeypatch.setattr(sweep, "OBJECTS", (1, 3))
    monkeypatch.setattr(sweep, "LENGTHS", (8, 20))
    monkeypatch.setattr(sweep, "FRAMES", 6)
    return SpeedOptions(size=(64, 96), working_size=64, device="cpu", dtype="float32", models="compact")


def test_every_supported_value_is_measured(tiny):
    figures = sweep.measure_sweep(tiny)
    assert set(figures["resolution"]) == set(figures["working_size"]) == {"64p", "96p"}
    assert set(figures["objects"]) == {"1", "3"}
    assert set(figures["length"]) == {"8", "20"}
    assert "float32" in figures["dtype"]
    assert "float16" not in figures["dtype"]  # no CPU has it
    assert set(figures["device"]) == {"cpu"}
    assert "compact" in figures["family"]
    assert all(fps > 0 for row in figures.values() for fps in row.values())


def test_unsupported_values_are_left_out(tiny, tmp_path):
    figures = sweep.measure_sweep(SpeedOptions(weights=tmp_path))
    assert all(row == {} for row in figures.values())


SWEEP = {name: {"1": 10.0, "2": 5.0} for name in ("resolution", "working_size", "objects", "length", "dtype")}


def test_the_table_has_a_row_for_each_varied_option():
    lines = list(sweep.sweep_table(SWEEP))
    assert lines[3:5] == ["| resolution | 1: 10.0, 2: 5.0 |", "| working size | 1: 10.0, 2: 5.0 |"]


def test_growth_is_plotted(tmp_path):
    pytest.importorskip("matplotlib", reason="plots need matplotlib")
    plot_growth(SWEEP, tmp_path / "growth.svg")
    assert "ms a frame" in (tmp_path / "growth.svg").read_text(encoding="utf-8")


def test_a_plot_without_a_sweep_is_refused(tmp_path, capsys):
    assert main(["bench", "speed", "--plot", str(tmp_path / "growth.svg")]) == 2
    assert capsys.readouterr().err == "--plot needs --sweep.\n"
