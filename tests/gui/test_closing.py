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

import pytest

from tests.gui.closing import PHASES

HOUSE = Path(__file__).resolve().parents[2]
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
        cwd=HOUSE,
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
    return Closed(done.returncode, done.stderr, told["vanished_s"] - asked_s, gone_s - asked_s)


def assert_in_order(closed: Closed, code: int = 0) -> None:
    assert closed.code == code, closed
    for sign in ("Traceback", "QThread", "Fatal", "terminate", "Segmentation"):
        assert sign not in closed.said, closed
    assert closed.gone_s < LIMIT_S, closed


@pytest.mark.parametrize("phase", PHASES)
def test_closing_the_window_ends_the_program_in_order(phase: str, tmp_path: Path) -> None:
    assert_in_order(close(phase, "close", tmp_path))


@pytest.mark.parametrize("phase", ["opening", "propagation"])
@pytest.mark.parametrize(
    ("way", "code"),
    [("quit", 0), ("SIGTERM", 128 + signal.SIGTERM), ("SIGINT", 128 + signal.SIGINT)],
)
def test_a_signal_or_a_session_manager_ends_it_without_a_question(
    phase: str, way: str, code: int, tmp_path: Path
) -> None:
    assert_in_order(close(phase, way, tmp_path), code)


@pytest.mark.parametrize("way", ["close", "SIGTERM"])
def test_an_export_that_is_closed_leaves_nothing(way: str, tmp_path: Path) -> None:
    close("export", way, tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == []


def test_a_sample_clip_that_is_closed_while_it_is_made_leaves_nothing(tmp_path: Path) -> None:
    close("sample", "close", tmp_path)
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.long
@pytest.mark.parametrize("turn", range(10))
@pytest.mark.parametrize("phase", ["opening", "opening-slowly", "importing", "loading", "stuck-propagation"])
def test_closing_ends_in_order_however_often(phase: str, turn: int, tmp_path: Path) -> None:
    assert_in_order(close(phase, "close", tmp_path))
