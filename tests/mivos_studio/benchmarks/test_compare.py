"""Two files of figures are paired by name, and changes are highlighted."""

from __future__ import annotations

import json

import pytest

from inference_core.errors import UserError
from mivos_studio.benchmarks.compare import compare, compare_table, read_figures
from mivos_studio.cli.main import main


def _write(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_numbers_have_dotted_names(tmp_path):
    figures = {"propagation": {"1": {"fps": 8}}, "size": [480, 854], "device": "cpu", "is_warm": True}
    assert read_figures(_write(tmp_path / "a.json", figures)) == {
        "propagation.1.fps": 8,
        "size.0": 480,
        "size.1": 854,
    }


def test_figures_in_both_files_are_paired():
    pairs = compare({"fps": 8.0, "gone": 1.0, "zero": 0.0}, {"fps": 10.0, "new": 2.0, "zero": 1.0})
    assert pairs == {
        "fps": {"old": 8.0, "new": 10.0, "ratio": 1.25},
        "zero": {"old": 0.0, "new": 1.0, "ratio": None},
    }


def test_noticeable_changes_are_bold():
    lines = list(compare_table(compare({"fps": 8.0, "ms": 100.0}, {"fps": 10.0, "ms": 101.0})))
    assert lines[2:] == ["| fps | 8 | 10 | **1.25** |", "| ms | 100 | 101 | 1.01 |"]


@pytest.mark.parametrize(
    ("content", "complaint"), [("no json", "is not valid JSON"), ({"name": "x"}, "holds no figures")]
)
def test_a_file_without_figures_is_refused(tmp_path, content, complaint):
    with pytest.raises(UserError, match=complaint):
        read_figures(_write(tmp_path / "a.json", content))


def test_the_command_prints_the_pairs_and_names_a_file_that_is_missing(tmp_path, capsys):
    old, new = _write(tmp_path / "old.json", {"fps": 8}), _write(tmp_path / "new.json", {"fps": 9})
    assert main(["bench", "compare", str(old), str(new), "--json", str(tmp_path / "pairs.json")]) == 0
    assert "| fps | 8 | 9 | **1.12** |" in capsys.readouterr().out
    assert json.loads((tmp_path / "pairs.json").read_text(encoding="utf-8"))["fps"]["ratio"] == 1.125
    assert main(["bench", "compare", str(old), str(tmp_path / "gone.json")]) == 2
    assert "There is no file of figures at" in capsys.readouterr().err
