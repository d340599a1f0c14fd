"""`mivos bench gui` waits without polling, and measures in processes of their own."""

from __future__ import annotations

import pytest
from PyQt5.QtCore import QObject, QTimer, pyqtSignal
from PyQt5.QtWidgets import QApplication, QWidget

from inference_core.errors import UserError
from mivos_studio.benchmarks.gui import SIDES, alternating_sides, measure_in_process, propagation_figures
from mivos_studio.benchmarks.gui_window import PaintWatcher, wait_until
from tests.conftest import ClipOnDisk


class Counter(QObject):
    counted = pyqtSignal(int)

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def count_on(self) -> None:
        self.count += 1
        self.counted.emit(self.count)


@pytest.mark.usefixtures("application")
def test_a_wait_checks_its_condition_at_signals_alone_and_ends_at_the_one_that_announces_it() -> None:
    counter, checks = Counter(), []
    timer = QTimer()
    timer.timeout.connect(counter.count_on)

    def is_reached() -> bool:
        checks.append(counter.count)
        return counter.count == 3

    timer.start(2)
    wait_until(is_reached, counter.counted)
    assert checks == [0, 1, 2, 3]
    counter.count_on()
    assert checks == [0, 1, 2, 3], "the signal is disconnected after the wait"


@pytest.mark.usefixtures("application")
def test_a_wait_for_what_holds_already_runs_no_event_loop() -> None:
    fired: list[int] = []
    QTimer.singleShot(0, lambda: fired.append(1))
    wait_until(lambda: True)
    assert not fired


@pytest.mark.usefixtures("application")
def test_a_wait_in_vain_ends_with_an_error() -> None:
    with pytest.raises(TimeoutError):
        wait_until(lambda: False, timeout_s=0.02)


def test_a_paint_of_the_widget_is_announced(application: QApplication) -> None:
    widget, painted = QWidget(), []
    watcher = PaintWatcher(widget)
    watcher.painting.connect(lambda: painted.append(1))
    widget.show()
    wait_until(lambda: bool(painted), watcher.painting, timeout_s=10)
    widget.close()
    application.processEvents()


def test_runs_with_and_without_a_window_alternate() -> None:
    assert list(alternating_sides(2)) == ["window", "alone", "window", "alone"]


def test_the_figures_are_medians_beside_all_runs_and_their_spread() -> None:
    runs = {"1": {"window": [4.0, 10.0, 5.0], "alone": [6.0, 6.0, 6.0]}}
    figures = propagation_figures(runs)
    assert figures["propagation_fps"] == {"1": {"window": 5.0, "alone": 6.0}}
    assert figures["propagation_spread"] == {"1": {"window": 1.2, "alone": 0.0}}
    assert figures["propagation_runs"] == runs


@pytest.mark.parametrize("side", SIDES)
def test_a_propagation_is_measured_in_a_process_of_its_own(side: str, small_clip: ClipOnDisk) -> None:
    fps = measure_in_process(SIDES[side], clip=str(small_clip.images), count=2)
    assert isinstance(fps, float)
    assert fps > 0


def test_scrubbing_ends_with_the_last_frame(small_clip: ClipOnDisk) -> None:
    assert measure_in_process("gui_window.scrubbing", clip=str(small_clip.images)) > 0


def test_without_a_display_the_error_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "nowhere")
    with pytest.raises(UserError, match="xvfb-run"):
        measure_in_process("gui_window.platform")
