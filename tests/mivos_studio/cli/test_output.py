"""Figures of ours, of every version, are known again; nothing else is taken for them."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from inference_core.errors import UserError
from mivos_studio.cli.output import check_json, is_figures, write_json
from mivos_studio.media.errors import MediaError

DIGEST = "0123456789abcdef" * 4


def test_what_is_written_is_known_again_and_replaced(tmp_path: Path) -> None:
    options = Namespace(json=tmp_path / "figures.json")
    for fps in (1.5, 2.5):
        check_json(options)
        write_json(options, {"fps": fps})
    assert json.loads(options.json.read_text()) == {"fps": 2.5, "written_by": "mivos-studio"}


@pytest.mark.parametrize(
    "figures",
    [
        {"frames": 5, "peak_rss_mb": 900.5, "device": "cpu", "dtype": "float32", "working_size": 480},
        {"clips": {}, "mean": {"J": 1}, "options": {}},
        {"iou_after": {}, "noc85": 3, "options": {}},
        {"clips": 1, "frames": 2, "frames_per_second_per_core": 3.5},
        {"families": [], "weights": [], "unused": []},
        {"fps": {"old": 1.5, "new": 3, "ratio": 2}},
        {"saves/compact/fusion.safetensors": DIGEST},
    ],
)
def test_figures_of_older_versions_are_known(tmp_path: Path, figures: dict[str, Any]) -> None:
    (tmp_path / "figures.json").write_text(json.dumps(figures))
    assert is_figures(tmp_path / "figures.json")


@pytest.mark.parametrize(
    "text",
    [
        "chapter one",
        "[1, 2]",
        "{}",
        '{"name": "site", "version": "1.0.0", "scripts": {}, "dependencies": {}}',
        '{"version": 1, "objects": [], "steps": []}',
        '{"written_by": "another program", "frames": 5}',
        '{"frames": [], "fps": 25}',
        "\x00\xff",
        "[" * 100_000,
    ],
)
def test_foreign_files_are_not_taken_for_figures(tmp_path: Path, text: str) -> None:
    file = tmp_path / "package.json"
    file.write_text(text)
    assert not is_figures(file)
    with pytest.raises(MediaError, match="is not a file of figures"):
        check_json(Namespace(json=file))
    assert file.read_text() == text


def test_two_files_of_figures_must_be_two(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "figures.json")
    options = Namespace(json=tmp_path / "figures.json", timings=tmp_path / "link")
    with pytest.raises(UserError, match="is named for two files of figures"):
        check_json(options)


def test_figures_that_do_not_fit_say_where_the_result_is(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no disk that is always full")
    with pytest.raises(MediaError, match=r"the disk is full.* The result is complete, in .*masks\."):
        write_json(Namespace(json=Path("/dev/full")), {"fps": 1.5}, result=tmp_path / "masks")
