"""The whole job in a real window on an X display, on real footage, with the networks that ship."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from mivos_studio.cli.main import main
from mivos_studio.media.clip import open_clip
from mivos_studio.media.palette import read_ids
from tests.project import PROJECT, SHARED

pytestmark = pytest.mark.release

FRAMES = 12


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """A display of our own, so that the test neither needs a screen nor disturbs one."""
    server = shutil.which("Xvfb")
    if server is None:
        pytest.skip("Xvfb is not installed")
    read_end, write_end = os.pipe()
    process = subprocess.Popen(
        [
            server,
            "-displayfd",
            str(write_end),
            "-screen",
            "0",
            "1600x1000x24",
            "-dpi",
            "96",
            "-nolisten",
            "tcp",
        ],
        pass_fds=[write_end],
        stderr=subprocess.DEVNULL,
    )
    os.close(write_end)
    with os.fdopen(read_end) as told:
        number = told.readline().strip()
    yield f":{number}"
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first frames of a real clip where there is one, else of the sample clip."""
    folder = tmp_path_factory.mktemp("footage")
    clip_file = SHARED / "data" / "clips" / "chair.mp4"
    if not clip_file.exists():
        from mivos_studio.synthetic.sample import write_sample

        clip_file = write_sample(folder.with_name("sample"), frames=FRAMES)
    with open_clip(clip_file) as clip:
        for frame_index in range(FRAMES):
            image = cv2.cvtColor(clip[frame_index], cv2.COLOR_RGB2BGR)
            assert cv2.imwrite(str(folder / f"{frame_index:04d}.png"), image)
    return folder


@pytest.fixture(scope="module")
def job(display: str, footage: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Do the job once; the folder holds what came of it."""
    folder = tmp_path_factory.mktemp("job")
    foreign = Path(cv2.__file__).parent / "qt"
    done = subprocess.run(
        [sys.executable, "-m", "tests.gui.real_window", str(footage), str(folder)],
        cwd=PROJECT,
        # What a parent that has imported cv2 hands down.
        env={
            **os.environ,
            "DISPLAY": display,
            "XDG_CACHE_HOME": str(folder / "home"),
            "XDG_CONFIG_HOME": str(folder / "home"),
            "QT_QPA_PLATFORM": "xcb",
            "QT_QPA_PLATFORM_PLUGIN_PATH": str(foreign / "plugins"),
            "QT_QPA_FONTDIR": str(foreign / "fonts"),
        },
        capture_output=True,
        text=True,
        timeout=420,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Traceback" not in done.stderr
    (folder / "said.json").write_text(done.stdout.splitlines()[-1], encoding="utf-8")
    return folder


def test_the_whole_workflow_runs_in_a_real_window(job: Path) -> None:
    said = json.loads((job / "said.json").read_text(encoding="utf-8"))
    assert said["platform"] == "xcb"
    assert said["undone"] >= 6


def test_the_window_was_really_painted(job: Path) -> None:
    image = cv2.imread(str(job / "window.png"))
    assert image is not None
    assert image.shape[0] >= 700
    assert len(np.unique(image[::4, ::4].reshape(-1, 3), axis=0)) > 500


def test_the_script_of_the_job_replays_to_the_exported_masks_bit_by_bit(
    job: Path, footage: Path, tmp_path: Path
) -> None:
    words = ["--working-size", "96", "--device", "cpu", "--quiet"]
    code = main(
        ["replay", str(footage), "--script", str(job / "work.json"), "--out", str(tmp_path / "again"), *words]
    )
    assert code == 0
    for frame_index in range(FRAMES):
        name = f"{frame_index:05d}.png"
        np.testing.assert_array_equal(read_ids(tmp_path / "again" / name), read_ids(job / "masks" / name))
