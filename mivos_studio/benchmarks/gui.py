"""Speed of the window: first paint, brush moves, scrubbing, blocking during a propagation, and the speed of a
propagation in the window.

On Linux without a screen, measure under xvfb-run or with QT_QPA_PLATFORM=offscreen; the platform that was
used is part of the result.
"""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from PyQt5.QtCore import QEventLoop, QPointF, Qt, QTimer
from PyQt5.QtGui import QMouseEvent
from PyQt5.QtWidgets import QApplication

from gui.canvas.canvas import Canvas
from gui.main_window import MainWindow
from gui.state.overlay import OverlayStyle, RenderedFrame, paint, rgb32
from gui.state.view_state import Pen
from gui.worker.commands import AddObjectCommand, EditCommand, PropagateCommand
from inference_core.types import Interaction, Stroke, Tool, UInt8Array
from mivos_studio import app
from mivos_studio.project.steps import Draw
from mivos_studio.synthetic.sample import write_sample

SIZES = {"1080p": (1080, 1920), "4k": (2160, 3840)}
CANVAS = (1600, 900)
MOVES = 600
STROKES = {1: (0.4, 0.45, 0.5), 2: (0.7, 0.75, 0.8)}
"""Columns of each object's stroke on the first frame, as shares of its width."""
TICK_MS = 1
WAIT_S = 300.0
_FIRST_PAINT = """
from mivos_studio import app
application, window = app.open_window(app.WindowOptions())
window.first_painted.disconnect()
window.first_painted.connect(lambda: (print(flush=True), application.exit(0)))
application.exec()
window.close()
"""


def measure_first_paint(runs: int = 5) -> float:
    """Return the median time from the start of the process to the first paint, seconds."""
    times = []
    for _ in range(runs):
        began_s = perf_counter()
        with subprocess.Popen([sys.executable, "-c", _FIRST_PAINT], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            times.append(perf_counter() - began_s)
            process.stdout.read()
    return float(np.median(times))


def measure_brush_moves(size: tuple[int, int]) -> dict[str, float]:
    """Draw one long stroke on a masked frame; time each mouse move with its repaint, ms."""
    canvas = Canvas()
    canvas.resize(*CANVAS)
    canvas.show()
    canvas.show_frame(_rendered_frame(size))
    canvas.set_pen(Pen(Tool.BRUSH, 1, size[0] / 40, (255, 92, 87)))
    _spin(0.4)
    places = [_on_a_spiral(step / MOVES) for step in range(MOVES)]
    _send(canvas, QMouseEvent.Type.MouseButtonPress, places[0])
    times_ms = []
    for place in places:
        began_s = perf_counter()
        _send(canvas, QMouseEvent.Type.MouseMove, place)
        QApplication.processEvents()
        times_ms.append(1000 * (perf_counter() - began_s))
    canvas.abort_gesture()
    canvas.deleteLater()
    return {"median": float(np.median(times_ms)), "p99": float(np.percentile(times_ms, 99))}


def measure_scrubbing(window: MainWindow) -> float:
    """Step through the clip as quickly as frames appear; return frames a second."""
    count = window.model.state.frame_count
    began_s = perf_counter()
    for frame_index in range(1, count):
        window.navigator.go_to(frame_index)
        _wait(lambda frame_index=frame_index: window.canvas.shown_frame == frame_index)
        QApplication.processEvents()
    return (count - 1) / (perf_counter() - began_s)


def measure_blocks(window: MainWindow) -> dict[str, float]:
    """Propagate with live view and a running timer; return the delay of its ticks, milliseconds."""
    window.controller.submit(EditCommand(Draw(_scribble(1, window.model.state.source))))
    _wait(lambda: not window.controller.is_busy)
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
    window.navigator.start_following()
    window.controller.submit(PropagateCommand())
    _wait(lambda: not window.controller.is_busy)
    timer.stop()
    return {"p999": float(np.percentile(late_ms, 99.9)), "max": max(late_ms)}


def measure_propagation_in_window(window: MainWindow, clip: Path, count: int) -> float:
    """Open the clip, draw so many objects and propagate with live view; return frames a second."""
    before = window.controller.session
    window.open(clip)
    _wait(lambda: window.controller.session not in (None, before) and window.canvas.shown_frame == 0)
    for object_id in range(1, count + 1):
        if object_id > 1:
            window.controller.submit(AddObjectCommand())
        window.controller.submit(EditCommand(Draw(_scribble(object_id, window.model.state.source))))
    _wait(lambda: not window.controller.is_busy)
    window.navigator.start_following()
    began_s = perf_counter()
    window.controller.submit(PropagateCommand())
    _wait(lambda: not window.controller.is_busy)
    return (window.model.state.frame_count - 1) / (perf_counter() - began_s)


def measure_propagation_alone(clip: Path, count: int) -> float:
    """Do the same with a session without a window; return frames a second."""
    from inference_core.session import (
        Session,
    )  # imports torch, which the window's first paint must not wait for
    from mivos_studio.media.clip import open_clip
    from model.checkpoint import load_networks

    with open_clip(clip) as frames:
        session = Session(frames, load_networks("auto"))
        for _ in range(count):
            for _ in session.interact(_scribble(session.add_object(), frames.size)):
                pass
        began_s = perf_counter()
        done = sum(1 for _ in session.propagate())
        return done / (perf_counter() - began_s)


def measure(clip: Path | None, frames: int) -> dict[str, Any]:
    """Measure everything; see `bench gui` for the keys."""
    result: dict[str, Any] = {"first_paint_s": measure_first_paint()}
    with tempfile.TemporaryDirectory() as folder:
        path = clip or write_sample(Path(folder) / "sample", frames=frames)
        large = _short_clip(path, Path(folder) / "large", frames, SIZES["1080p"])
        small = _short_clip(path, Path(folder) / "small", frames, None)
        application, window = app.open_window(app.WindowOptions(large, offers_recovery=False))
        _wait(lambda: window.controller.session is not None and window.canvas.shown_frame == 0)
        result["scrub_fps"] = {"1080p": measure_scrubbing(window)}
        result["brush_move_ms"] = {name: measure_brush_moves(size) for name, size in SIZES.items()}
        window.open(small)
        _wait(lambda: window.model.state.source != SIZES["1080p"] and window.controller.session is not None)
        result["block_ms"] = measure_blocks(window)
        in_window = {count: measure_propagation_in_window(window, small, count) for count in STROKES}
        window.close_without_asking()
        result["propagation_fps"] = {
            str(count): {"window": fps, "alone": measure_propagation_alone(small, count)}
            for count, fps in in_window.items()
        }
        result["options"] = {"platform": application.platformName(), "frames": frames}
    return result


def _short_clip(path: Path, folder: Path, frames: int, size: tuple[int, int] | None) -> Path:
    """Write the first frames as JPEGs, enlarged where a size (height, width) is given."""
    import cv2

    from mivos_studio.media.clip import open_clip

    folder.mkdir()
    with open_clip(path) as clip:
        for frame_index in range(min(frames, len(clip))):
            image = cv2.cvtColor(clip[frame_index], cv2.COLOR_RGB2BGR)
            if size is not None:
                image = cv2.resize(image, size[::-1], interpolation=cv2.INTER_CUBIC)
            cv2.imwrite(str(folder / f"{frame_index:05d}.jpg"), image)
    return folder


def _rendered_frame(size: tuple[int, int]) -> RenderedFrame:
    image: UInt8Array = np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8)
    ids = np.zeros(size, np.uint8)
    ids[size[0] // 4 : size[0] // 2, size[1] // 4 : size[1] // 2] = 1
    overlay = np.zeros(size, np.uint32)
    paint(ids, OverlayStyle({1: (255, 92, 87)}).table(), overlay)
    return RenderedFrame(0, rgb32(image), overlay)


def _scribble(object_id: int, size: tuple[int, int]) -> Interaction:
    height, width = size
    line = np.array([(width * x, height / 2) for x in STROKES[object_id]], np.float32)
    return Interaction(Tool.SCRIBBLE, Stroke(0, object_id, line))


def _on_a_spiral(share: float) -> QPointF:
    radius, angle = 30 + 350 * share, 12 * math.pi * share
    return QPointF(CANVAS[0] / 2 + radius * math.cos(angle), CANVAS[1] / 2 + radius * math.sin(angle))


def _send(canvas: Canvas, kind: QMouseEvent.Type, place: QPointF) -> None:
    left, no_key = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(canvas.viewport(), QMouseEvent(kind, place, left, left, no_key))


def _spin(seconds: float) -> None:
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def _wait(condition: Any) -> None:
    end_s = perf_counter() + WAIT_S
    while not condition():
        if perf_counter() > end_s:
            raise TimeoutError("The window did not get there in time.")
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 5)
