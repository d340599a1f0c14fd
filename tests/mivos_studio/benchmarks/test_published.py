"""`mivos bench published` measures two cores with the same results."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mivos_studio.cli.main import main


def test_our_core_and_the_published_one_give_the_same_masks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"
    words = [
        "bench",
        "published",
        "--frames",
        "4",
        "--size",
        "96x64",
        "--objects",
        "2",
        "--device",
        "cpu",
        "--control",
    ]
    assert main([*words, "--json", str(file)]) == 0
    report = json.loads(file.read_text(encoding="utf-8"))
    assert report["speedup"].keys() == {"float32", "bfloat16", "second_round"}
    assert "made weights" in capsys.readouterr().out
    script = report["script"]["2"]
    exact, rounded = script["float32"], script["bfloat16"]
    assert exact["ids_equal"] > 0.999
    assert exact["prob_apart"]["largest"] < 2e-3
    control = script["published, rounded otherwise"]
    assert 0 < control["prob_apart"]["largest"] < 2e-3
    assert len(script["published"]["seconds"]) == len(exact["seconds"]) == 3
    # Two bytes a number instead of four.
    assert exact["kept_bytes"] == 2 * rounded["kept_bytes"] > 0


def test_a_folder_without_the_trained_weights_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "published", "--weights", str(tmp_path)]) == 2
    assert f"There are no mivos weights in {tmp_path}" in capsys.readouterr().err
