"""The sample clip: its content and its files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mivos_studio.media.clip import open_clip
from mivos_studio.media.palette import read_ids
from mivos_studio.synthetic.pond import make_pond
from mivos_studio.synthetic.render import render
from mivos_studio.synthetic.sample import SAMPLE_FRAMES, SAMPLE_OBJECTS, SAMPLE_SIZE, write_sample
from mivos_studio.synthetic.scene import Scene


@pytest.fixture(scope="module")
def small_pond() -> Scene:
    return make_pond(7, (240, 427), SAMPLE_FRAMES)


def test_the_sample_opens_as_a_clip_with_a_mask_for_every_frame(tmp_path: Path) -> None:
    folder = write_sample(tmp_path / "sample", frames=3)
    with open_clip(folder) as clip:
        assert len(clip) == 3
        assert clip.size == (480, 854)
        ids = read_ids(folder / "masks" / "00002.png")
        assert ids.shape == clip.size
        assert np.unique(ids).tolist() == [0, *SAMPLE_OBJECTS]


def test_the_sample_is_the_same_every_time(tmp_path: Path) -> None:
    first, again = (write_sample(tmp_path / name, frames=2) for name in ("first", "again"))
    for path in first.rglob("*.*"):
        assert path.read_bytes() == (again / path.relative_to(first)).read_bytes()


def test_the_sample_is_long_enough_and_both_objects_are_seen_throughout(small_pond: Scene) -> None:
    assert SAMPLE_FRAMES >= 60
    assert SAMPLE_SIZE == (480, 854)
    for frame_index in range(0, SAMPLE_FRAMES, 8):
        areas = np.bincount(render(small_pond, frame_index)[1].ravel(), minlength=3)
        assert areas[1:].min() > 0.004 * areas.sum()


def test_the_fish_cross(small_pond: Scene) -> None:
    columns = []
    for frame_index in (0, SAMPLE_FRAMES // 2, SAMPLE_FRAMES - 1):
        ids = render(small_pond, frame_index)[1]
        columns.append([np.nonzero(ids == object_id)[1].mean() for object_id in SAMPLE_OBJECTS])
    assert columns[0][0] < columns[0][1] - 100
    assert columns[2][0] > columns[2][1] + 100
    # Half-way the gold one covers part of the red one.
    apart, crossing = (render(small_pond, frame_index)[1] for frame_index in (10, SAMPLE_FRAMES // 2))
    assert np.count_nonzero(crossing == 1) < 0.9 * np.count_nonzero(apart == 1)


def test_a_folder_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("keep me")
    with pytest.raises(ValueError, match="is not empty"):
        write_sample(tmp_path, frames=1)
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


def test_the_command_needs_a_folder() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mivos_studio.synthetic.sample"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "Name one folder" in done.stderr


def test_the_folder_of_a_killed_process_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / f".pond.{os.getpid()}.part").mkdir()  # in a container every process may have the same id
    assert open_clip(write_sample(tmp_path / "pond", frames=1)).size == SAMPLE_SIZE
