"""A program that is killed while it works and writes loses nothing, and its next start leaves nothing."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from inference_core.errors import UserError
from mivos_studio.benchmarks.kill.measure import KillOptions, measure_kills, table
from mivos_studio.cli.main import main

BLOCKS, KILLS_IN_A_BLOCK = 15, 30
"""Of the long test, for each of the two disks: one that was interrupted goes on with the next block."""
KILLS_IN_MAKE_TEST = 3


@pytest.fixture(autouse=True)
def no_fork_server_stays() -> Iterator[None]:
    """Stop the process that the programs are forked from."""
    yield
    from multiprocessing.forkserver import _forkserver

    _forkserver._stop()  # type: ignore[attr-defined]


def assert_nothing_is_lost(*, kills: int, seed: int, full_disk: bool) -> None:
    if sys.platform == "win32":
        pytest.skip("there is no SIGKILL")
    try:
        figures = measure_kills(KillOptions(kills=kills, seed=seed, full_disk=full_disk))
    except UserError as error:
        pytest.skip(str(error))
    assert figures["sentences"] == []
    assert figures["is_ok"]
    assert figures["kills"] == kills
    assert figures["acknowledged"] > 0
    assert str(kills) in list(table(figures))[2]


@pytest.mark.parametrize("full_disk", [False, True])
def test_a_few_kills_lose_nothing(full_disk: bool) -> None:
    assert_nothing_is_lost(kills=KILLS_IN_MAKE_TEST, seed=1000, full_disk=full_disk)


@pytest.mark.long("kill")
@pytest.mark.parametrize("full_disk", [False, True])
@pytest.mark.parametrize("seed", range(BLOCKS))
def test_hundreds_of_kills_lose_nothing(seed: int, full_disk: bool) -> None:
    assert_nothing_is_lost(kills=KILLS_IN_A_BLOCK, seed=seed, full_disk=full_disk)


def test_where_anything_is_lost_the_command_says_so_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from mivos_studio.benchmarks.kill import measure

    count = measure.KillCount(kills=1)
    count.add("lost", "3 actions were acknowledged, and it holds 2 steps")
    figures = {**vars(count), "is_ok": count.is_ok, "options": {"full_disk": False}}
    monkeypatch.setattr(measure, "measure_kills", lambda _: figures)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # of the report of what went wrong
    assert main(["bench", "kill", "--kills", "1"]) == 1
    assert "kill 1: lost: 3 actions" in capsys.readouterr().out
