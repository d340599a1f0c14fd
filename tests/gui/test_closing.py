"""The program is closed while it is at something: it ends soon, in order, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from mivos_studio.media.export.formats import find_format
from mivos_studio.media.export.job import ExportJob
from mivos_studio.media.output.manifest import MANIFEST_NAME
from tests.gui.closing import PHASES
from tests.gui.fake_session import SIZE, FakeClip
from tests.project import PROJECT

LIMIT_S = 30.0
"""Far above the 2 seconds that it should take, since a busy machine may be slow; a hang is still seen."""


class Closed(NamedTuple):
    """How a program ended: exit code, what it said on stderr, seconds until window and process were gone."""

    code: int
    said: str
    vanished_s: float
    gone_s: float


def close(phase: str, way: str, folder: Path) -> Closed:
    """Run the program, bring it to a phase, end it."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.gui.closing", phase, way, str(folder)],
        cwd=PROJECT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_CACHE_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        timeout=LIMIT_S + 30,
        check=False,
    )
    gone_s = time.time()
    told: dict[str, float] = {}
    for line in done.stdout.splitlines():
        told.update(json.loads(line))
    asked_s = told["asked_s"]
    assert not told["is_visible"]
    closed = Closed(done.returncode, done.stderr, told["vanished_s"] - asked_s, gone_s - asked_s)
    print(f"{phase}, {way}: vanished in {closed.vanished_s:.3f} s, gone in {closed.gone_s:.2f} s")
    return closed


def assert_in_order(closed: Closed, code: int = 0) -> None:
    assert closed.code == code, closed
    for sign in ("Traceback", "QThread", "Fatal", "terminate", "Segmentation"):
        assert sign not in closed.said, closed
    assert closed.gone_s < LIMIT_S, closed


def left_in(folder: Path) -> list[str]:
    """All names but those in the program's cache."""
    found = (path.relative_to(folder) for path in folder.rglob("*"))
    return sorted(path.name for path in found if path.parts[0] != "home")


LEFT = {"pipe": ["clip.mp4"], "sample": ["cache"]}
"""What was there before, and the folder in which the sample clip was to be."""


@pytest.mark.parametrize("phase", [phase for phase in PHASES if phase != "stuck-export"])
def test_closing_the_window_exits_in_order_and_leaves_no_files(phase: str, tmp_path: Path) -> None:
    assert_in_order(close(phase, "close", tmp_path))
    assert left_in(tmp_path) == LEFT.get(phase, [])


@pytest.mark.parametrize("phase", ["opening", "export"])
@pytest.mark.parametrize(
    ("way", "code"),
    [("quit", 0), ("SIGTERM", 128 + signal.SIGTERM), ("SIGINT", 128 + signal.SIGINT)],
)
def test_a_signal_or_a_session_manager_ends_it_without_a_dialog(
    phase: str, way: str, code: int, tmp_path: Path
) -> None:
    assert_in_order(close(phase, way, tmp_path), code)
    assert left_in(tmp_path) == []


def test_files_of_an_export_that_could_not_be_stopped_are_removed_by_the_next(tmp_path: Path) -> None:
    assert_in_order(close("stuck-export", "close", tmp_path))
    assert not (tmp_path / "masks").exists()
    assert any(name.startswith(".mivos-") for name in left_in(tmp_path))
    job = ExportJob(FakeClip(), lambda frame_index: np.zeros(SIZE, np.uint8), {1: "one"})  # type: ignore[arg-type]
    for _ in find_format("png-indexed").write(job, tmp_path / "masks"):
        pass
    assert not any(name.startswith(".mivos-") and name != MANIFEST_NAME for name in left_in(tmp_path))
    assert (tmp_path / "masks" / "00000.png").exists()


@pytest.mark.long("closing")
@pytest.mark.parametrize("repetition", range(10))
@pytest.mark.parametrize(
    "phase", ["opening-for-ever", "opening-slowly", "importing", "loading", "stuck-propagation"]
)
def test_closing_repeatedly_exits_in_order(phase: str, repetition: int, tmp_path: Path) -> None:
    assert_in_order(close(phase, "close", tmp_path))
