"""Data sets of random clips."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mivos_studio.media.palette import PALETTE, read_ids
from mivos_studio.synthetic.dataset import ClipReport, SynthesisSpec, frames_per_second_per_core, synthesize
from mivos_studio.synthetic.files import write_indexed_png

SPEC = SynthesisSpec(clips=2, frames=3, size=(64, 96), seed=5, has_alpha=True, has_flow=True)


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_one_or_two_processes_write_the_same_bytes_in_davis_layout(tmp_path: Path) -> None:
    reports = list(synthesize(SPEC, tmp_path / "one", processes=1))
    assert list(synthesize(SPEC, tmp_path / "two", processes=2)) != []
    contents = _contents(tmp_path / "one")
    assert contents == _contents(tmp_path / "two")

    assert [report.name for report in reports] == ["scene00000", "scene00001"]
    for report in reports:
        for frame_index in range(3):
            name = f"480p/{report.name}/{frame_index:05d}"
            with Image.open(tmp_path / "one" / "JPEGImages" / f"{name}.jpg") as image:
                assert image.size == (96, 64)
            assert read_ids(tmp_path / "one" / "Annotations" / f"{name}.png").shape == (64, 96)
        flows = sorted((tmp_path / "one" / "Flow" / "480p" / report.name).iterdir())
        assert [path.name for path in flows] == ["00000.flo", "00001.flo"]
        assert flows[0].stat().st_size == 12 + 64 * 96 * 2 * 4
        for object_id in report.object_ids:
            alpha = tmp_path / "one" / "Alpha" / "480p" / report.name / str(object_id)
            assert len(list(alpha.iterdir())) == 3

    assert contents["ImageSets/2017/train.txt"] == b"scene00000\nscene00001\n"
    manifest = json.loads(contents["manifest.json"])
    assert manifest["options"]["seed"] == 5
    assert manifest["clips"][1]["objects"] == list(reports[1].object_ids)


def test_the_first_frame_of_every_clip_shows_an_object(tmp_path: Path) -> None:
    assert len(list(synthesize(SynthesisSpec(4, 1, size=(64, 96)), tmp_path / "out", processes=1))) == 4
    for path in (tmp_path / "out" / "Annotations" / "480p").rglob("00000.png"):
        assert read_ids(path).any()


def test_a_stopped_synthesis_leaves_nothing(tmp_path: Path) -> None:
    steps = synthesize(SPEC, tmp_path / "out", processes=1)
    next(steps)
    steps.close()  # type: ignore[attr-defined]  # a generator
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"clips": 0}, "at least one clip"),
        ({"clips": 1, "frames": 0}, "at least one clip of at least one frame"),
        ({"clips": 1, "size": (16, 96)}, "at least 64 pixels"),
        ({"clips": 1, "seed": -1}, "must not be negative"),
    ],
)
def test_invalid_options_are_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        SynthesisSpec(**options)


def test_a_folder_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("keep me")
    with pytest.raises(ValueError, match="is not empty"):
        next(synthesize(SPEC, tmp_path))


def test_speed_counts_frames_for_each_second_of_a_core() -> None:
    reports = [ClipReport("a", (0, 0, 0), (1,), 30, 1.0), ClipReport("b", (0, 1, 0), (1,), 30, 2.0)]
    assert frames_per_second_per_core(reports) == pytest.approx(20)


def test_indexed_png_has_the_ids_and_the_colours(tmp_path: Path) -> None:
    ids = np.arange(256, dtype=np.uint8).reshape(8, 32)
    write_indexed_png(tmp_path / "mask.png", ids)
    assert np.array_equal(read_ids(tmp_path / "mask.png"), ids)
    with Image.open(tmp_path / "mask.png") as image:
        assert image.mode == "P"
        assert np.array_equal(np.asarray(image.convert("RGB")), PALETTE[ids])
