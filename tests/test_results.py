"""One command writes the page of results with its plots."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from tests.mivos_studio.evaluation.example_folders import make_clip, make_still
from tests.project import PROJECT


@pytest.mark.long("results")
def test_the_page_of_results_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib", reason="plots need matplotlib")
    make_clip(tmp_path / "data")
    make_still(tmp_path / "stills")
    specification = importlib.util.spec_from_file_location("results", PROJECT / "docs" / "results.py")
    assert specification is not None
    assert specification.loader is not None
    results = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(results)
    words = ["--data", tmp_path / "data", "--stills", tmp_path / "stills", "--frames", 3, "--rounds", 2]
    small = ["--draws", 1, "--working-size", 64, "--dtype", "float32", "--out", tmp_path / "out"]
    for parts in ([], ["--parts", "click"]):  # all, then one anew beside the others
        monkeypatch.setattr("sys.argv", ["results.py", *map(str, [*words, *small, *parts])])
        results.main()
    text = (tmp_path / "out" / "results.md").read_text(encoding="utf-8")
    pictures = [part.split(")")[0] for part in text.split("](")[1:]]
    assert len(pictures) == 5  # clips, two robots, advice, stills
    assert all((tmp_path / "out" / picture).is_file() for picture in pictures)
    for part in ("top-k: all", "memory switched off", "advised", "GrabCut", "start-up"):
        assert part in text
    figures = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert list(figures) == ["clips", "scribble", "click", "ablations", "advice", "stills", "speed"]
    assert str(tmp_path) not in text + json.dumps(figures)
