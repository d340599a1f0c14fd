"""The progress bar is drawn on a terminal and nowhere else."""

from __future__ import annotations

import io
import os

import pytest

from mivos_studio.cli.progress import ProgressBar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("tqdm.std.time", clock)
    return clock


def test_the_bar_tells_what_is_done_how_fast_and_what_is_left(clock: Clock) -> None:
    terminal = Terminal()
    bar = ProgressBar("propagate", stream=terminal)
    clock.now_s += 10
    bar.show(25, 100)
    assert terminal.getvalue().endswith(f"propagate [{'#' * 7}{'-' * 23}] 25/100  2.50/s 00:30 left")


def test_hours_are_told_as_hours(clock: Clock) -> None:
    terminal = Terminal()
    bar = ProgressBar("evaluate", stream=terminal)
    clock.now_s += 36
    bar.show(1, 102)
    assert terminal.getvalue().endswith("1:00:36 left")


def test_the_bar_is_drawn_ten_times_a_second_and_at_the_end(clock: Clock) -> None:
    terminal = Terminal()
    bar = ProgressBar("write", stream=terminal)
    for done in range(1, 101):
        clock.now_s += 0.01
        bar.show(done, 100)
    assert terminal.getvalue().count("write") in (10, 11)
    assert "100/100" in terminal.getvalue()


def test_nothing_done_yet_is_no_fault(clock: Clock) -> None:
    terminal = Terminal()
    bar = ProgressBar("write", stream=terminal)
    clock.now_s += 1
    bar.show(0, 10)
    assert "? left" in terminal.getvalue()


def test_bytes_are_told_in_short_and_without_a_total_as_what_is_there(clock: Clock) -> None:
    terminal = Terminal()
    bar = ProgressBar("s2m.pth", unit="B", stream=terminal)
    clock.now_s += 10
    bar.show(30_000_000, 60_000_000)
    assert terminal.getvalue().endswith(f"[{'#' * 15}{'-' * 15}] 30.0M/60.0M 3.00MB/s 00:10 left")
    clock.now_s += 10
    bar.show(60_000_000, 0)
    assert terminal.getvalue().rstrip().endswith("s2m.pth: 60.0MB [00:20, 3.00MB/s]")


def test_clearing_leaves_an_empty_line(clock: Clock) -> None:
    terminal = Terminal()
    bar = ProgressBar("write", stream=terminal)
    clock.now_s += 1
    bar.show(1, 2)
    bar.clear()
    _, drawn, blanks, after = terminal.getvalue().split("\r")
    assert blanks == " " * len(drawn)
    assert after == ""


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals are for POSIX systems")
def test_a_terminal_without_a_size_gets_the_bar_as_well(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, here = os.openpty()
    os.set_blocking(there, False)
    with open(there, "rb") as screen, open(here, "w") as stream:  # noqa: PTH123, descriptors are no paths
        monkeypatch.setattr("sys.stderr", stream)
        bar = ProgressBar("write")
        clock.now_s += 1
        bar.show(1, 2)
        assert b"] 1/2" in os.read(screen.fileno(), 1000)


@pytest.mark.parametrize(("stream", "quiet"), [(io.StringIO(), False), (Terminal(), True)])
def test_a_file_and_a_quiet_terminal_get_nothing(clock: Clock, stream: io.StringIO, quiet: bool) -> None:
    bar = ProgressBar("write", quiet=quiet, stream=stream)
    clock.now_s += 1
    bar.show(1, 2)
    bar.clear()
    assert stream.getvalue() == ""
