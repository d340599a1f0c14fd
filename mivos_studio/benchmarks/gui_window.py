"""What `mivos bench gui` measures in a window; each function is called in a process of its own.

Nothing here polls: a loop that wakes every few milliseconds takes time, and Python's lock, from the threads
that are measured. Every wait runs Qt's event loop until a signal announces the condition.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np
from PyQt5.QtCore import QEvent, QEventLoop, QObject, QPointF, Qt, QTimer, pyqtBoundSignal, pyqtSignal
from PyQt5.QtGui import QMouseEvent
from PyQt5.QtWidgets import QApplication, QWidget

from gui.canvas.canvas import Canvas
from gui.main_window import MainWindow
from gui.state.overlay import OverlayStyle, RenderedFrame, paint, rgb32
from gui.state.view_state import Pen
from gui.worker.commands import AddObjectCommand, EditCommand, PropagateCommand
from inference_core.types import Tool, UInt8Array
from mivos_studio import app
from mivos_studio.benchmarks.gui_alone import scribble
from mivos_studio.project.steps import Draw

CANVAS = (1600, 900)
MOVES = 600
TICK_MS = 1
SETTLE_MS = 400
"""A canvas has been shown and laid out after that long."""
WAIT_S = 300.0

_applications: list[QApplication] = []
"""The application, kept until the process ends: with it PyQt would delete all widgets."""


class PaintWatcher(QObject):
    """Emits `painting` whenever a widget is about to be painted."""

    painting = pyqtSignal()

    def __init__(self, widget: QWidget) -> None:
        super().__init__()
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802 Qt's name
        """Emit the signal and let the widget handle the event."""
        if event is not None and event.type() == QEvent.Type.Paint:
            self.painting.emit()
        return super().eventFilter(watched, event)


def wait_until(condition: Callable[[], bool], *signals: pyqtBoundSignal, timeout_s: float = WAIT_S) -> None:
    """Run the event loop until the condition holds; it is checked now and whenever a signal is emitted.

    Raises TimeoutError where it does not hold after timeout_s.
    """
    if condition():
        return
    loop, timer = QEventLoop(), QTimer()

    def check(*_: object) -> None:
        if condition():
            loop.exit(0)

    timer.setSingleShot(True)
    timer.timeout.connect(lambda: loop.exit(1))
    timer.start(round(1000 * timeout_s))
    for signal in signals:
        signal.connect(check)
    try:
        if loop.exec() != 0:
            raise TimeoutError(f"Waited {timeout_s:g} s for the window in vain.")
    finally:
        for signal in signals:
            signal.disconnect(check)


def platform() -> str:
    """Return the name of Qt's platform plugin."""
    return _application().platformName()


def brush_moves(size: tuple[int, int]) -> dict[str, float]:
    """Draw one long stroke on a masked frame; time each mouse move with its repaint, ms."""
    _application()
    canvas = Canvas()
    canvas.resize(*CANVAS)
    canvas.show()
    height, width = size
    canvas.show_frame(_rendered_frame((height, width)))
    canvas.set_pen(Pen(Tool.BRUSH, 1, height / 40, (255, 92, 87)))
    _settle()
    places = [_on_a_spiral(step / MOVES) for step in range(MOVES)]
    _send(canvas, QMouseEvent.Type.MouseButtonPress, places[0])
    times_ms = []
    for place in places:
        began_s = perf_counter()
        _send(canvas, QMouseEvent.Type.MouseMove, place)
        QApplication.processEvents()  # the repaint that the move has requested
        times_ms.append(1000 * (perf_counter() - began_s))
    canvas.abort_gesture()
    return {"median": float(np.median(times_ms)), "p99": float(np.percentile(times_ms, 99))}


def scrubbing(clip: str) -> float:
    """Step through a folder of frames as quickly as they are painted; return frames a second."""
    window = _opened(clip)
    watcher = _watcher(window)
    count = window.model.state.frame_count
    began_s = perf_counter()
    for frame_index in range(1, count):
        window.navigator.go_to(frame_index)
        wait_until(partial(_shows, window, frame_index), watcher.painting)
    elapsed_s = perf_counter() - began_s
    window.close_without_asking()
    return (count - 1) / elapsed_s


def blocks(clip: str) -> dict[str, float]:
    """Propagate with live view and a running timer; return the delay of its ticks, milliseconds."""
    window = _opened(clip)
    _draw(window, 1)
    late_ms: list[float] = []
    last_s = perf_counter()

    def tick() -> None:
        nonlocal last_s
        now_s = perf_counter()
        late_ms.append(1000 * (now_s - last_s) - TICK_MS)
        last_s = now_s

    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)
    last_s = perf_counter()
    timer.start(TICK_MS)
    _propagate(window)
    timer.stop()
    window.close_without_asking()
    return {"p999": float(np.percentile(late_ms, 99.9)), "max": max(late_ms)}


def propagation(clip: str, count: int) -> float:
    """Draw so many objects on a folder of frames and propagate with live view; return frames a second."""
    window = _opened(clip)
    _draw(window, count)
    began_s = perf_counter()
    _propagate(window)
    elapsed_s = perf_counter() - began_s
    session = window.controller.session
    assert session is not None
    done = {frame_index for each in session.rounds for frame_index in each.changed_frames}
    window.close_without_asking()
    return len(done) / elapsed_s


def _application() -> QApplication:
    app.drop_foreign_qt_plugins()
    _applications.append(QApplication(sys.argv[:1]))
    return _applications[-1]


def _opened(clip: str) -> MainWindow:
    """Open a window on a clip; return it once the networks are loaded and the first frame is painted."""
    application, window = app.open_window(app.WindowOptions(Path(clip), offers_recovery=False))
    _applications.append(application)
    sys.excepthook = sys.__excepthook__  # an error ends the process; the window would show it and go on
    wait_until(lambda: window.controller.session is not None, window.session_opened)
    wait_until(partial(_shows, window, 0), _watcher(window).painting)
    return window


def _shows(window: MainWindow, frame_index: int) -> bool:
    return window.canvas.shown_frame == frame_index


def _watcher(window: MainWindow) -> PaintWatcher:
    surface = window.canvas.viewport()
    assert surface is not None
    return PaintWatcher(surface)


def _draw(window: MainWindow, count: int) -> None:
    for object_id in range(1, count + 1):
        if object_id > 1:
            window.controller.submit(AddObjectCommand())
        window.controller.submit(EditCommand(Draw(scribble(object_id, window.model.state.source))))
    _wait_idle(window)


def _propagate(window: MainWindow) -> None:
    window.navigator.start_following()
    window.controller.submit(PropagateCommand())
    _wait_idle(window)


def _wait_idle(window: MainWindow) -> None:
    wait_until(lambda: not window.controller.is_busy, window.controller.became_idle)


def _settle() -> None:
    loop = QEventLoop()
    QTimer.singleShot(SETTLE_MS, loop.quit)
    loop.exec()


def _rendered_frame(size: tuple[int, int]) -> RenderedFrame:
    image: UInt8Array = np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8)
    ids = np.zeros(size, np.uint8)
    ids[size[0] // 4 : size[0] // 2, size[1] // 4 : size[1] // 2] = 1
    overlay = np.zeros(size, np.uint32)
    paint(ids, OverlayStyle({1: (255, 92, 87)}).table(), overlay)
    return RenderedFrame(0, rgb32(image), overlay)


def _on_a_spiral(share: float) -> QPointF:
    radius, angle = 30 + 350 * share, 12 * math.pi * share
    return QPointF(CANVAS[0] / 2 + radius * math.cos(angle), CANVAS[1] / 2 + radius * math.sin(angle))


def _send(canvas: Canvas, kind: QMouseEvent.Type, place: QPointF) -> None:
    left, no_key = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(canvas.viewport(), QMouseEvent(kind, place, left, left, no_key))
