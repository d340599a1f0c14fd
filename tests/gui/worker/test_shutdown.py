"""Threads come to an end, or are left behind; either way nobody waits for them long."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest
from PyQt5.QtCore import pyqtSignal
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication

from gui.worker.shutdown import StoppableThread, StopRequested, finish_process, running_threads, stop_threads
from tests.gui.gestures import wait_until


class Counter(StoppableThread):
    """Says a number, and goes on when it is told to, whether or not it has been asked to end."""

    counted = pyqtSignal(int)

    def __init__(self) -> None:
        super().__init__()
        self.goes_on = threading.Semaphore(0)

    def run(self) -> None:
        for number in range(2):
            self.counted.emit(number)
            self.goes_on.acquire(timeout=20)


@pytest.fixture
def counter(application: QApplication) -> Iterator[Counter]:
    made = Counter()
    yield made
    made.goes_on.release(2)
    assert made.wait_stopped(20)


def test_signals_of_a_thread_are_forwarded_until_a_stop_is_requested(counter: Counter) -> None:
    heard: list[int] = []
    everything: list[int] = []
    counter.connect_until_stop(counter.counted, heard.append)
    counter.counted.connect(everything.append)
    counter.begin()
    wait_until(lambda: heard == [0])
    counter.request_stop()
    counter.goes_on.release(1)
    wait_until(lambda: everything == [0, 1])
    assert heard == [0]


def test_a_thread_that_does_not_stop_is_waited_for_a_bounded_time_and_kept(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter.begin()
    assert counter in running_threads()
    assert not stop_threads(timeout_s=0.05)
    assert counter in running_threads(), "Qt would abort if its object went"
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    finish_process(3)
    assert codes == [3]
    counter.goes_on.release(2)
    assert counter.wait_stopped(20)
    assert finish_process(3) == 3
    assert codes == [3], "the process can end as processes do"


def test_a_finished_thread_is_released(counter: Counter) -> None:
    counter.goes_on.release(2)
    counter.begin()
    wait_until(lambda: counter.isFinished())
    QTest.qWait(20)
    assert counter not in running_threads()


def test_check_stop_raises_once_a_stop_is_requested(counter: Counter) -> None:
    counter.check_stop()
    counter.request_stop()
    with pytest.raises(StopRequested):
        counter.check_stop()
