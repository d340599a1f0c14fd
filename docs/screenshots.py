"""Take the README's screenshots from the running program, so that they show its current state.

Usage: python docs/screenshots.py FOLDER. Works on the sample clip and needs a display (such as xvfb-run) or
QT_QPA_PLATFORM=offscreen. The strokes are fixed: images differ only if the weights or the window do.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from time import perf_counter

import numpy as np
from PIL import Image
from PyQt5.QtCore import QBuffer, QEventLoop, QPointF, Qt
from PyQt5.QtGui import QMouseEvent
from PyQt5.QtWidgets import QApplication, QWidget

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from gui.actions.keys import key_sections  # noqa: E402
from gui.actions.registry import ACTIONS  # noqa: E402
from gui.main_window import MainWindow  # noqa: E402
from gui.panels.dialogs.shortcut_sheet import ShortcutSheet  # noqa: E402
from gui.state.overlay import ViewMode  # noqa: E402
from gui.worker.commands import EditCommand  # noqa: E402
from inference_core.types import Direction, Region, UInt8Array  # noqa: E402
from mivos_studio import app  # noqa: E402 the checkout is put on the path first
from mivos_studio.cli.gui import parse  # noqa: E402
from mivos_studio.media.palette import read_ids  # noqa: E402
from mivos_studio.project.steps import RenameObject  # noqa: E402
from mivos_studio.synthetic.robots import scribble_strokes  # noqa: E402
from mivos_studio.synthetic.sample import SAMPLE_OBJECTS, write_sample  # noqa: E402

TIMEOUT_S = 600.0
SIZE = (1280, 720)
COLOURS = 144
"""Colours of a screenshot's palette: a quarter of the bytes, with hardly a visible difference."""
ROUNDS = 5
"""Iterations that refine the palette."""
REGION = Region(90, 270, 310, 450)
"""Around the red koi, on the first frame."""
Line = list[tuple[float, float]]
"""Points (x, y) in pixels of the clip."""

# Down the backs of the sample clip's two koi, on its first frame.
LINES: dict[int, Line] = {
    1: [(252, 322), (219, 349), (181, 381), (162, 405)],
    2: [(751, 433), (718, 403), (677, 369), (635, 339)],
}


class WindowDriver:
    """Sends mouse events to the window and saves screenshots of it."""

    def __init__(self, window: MainWindow, folder: Path) -> None:
        self.window = window
        self.folder = folder
        self.wait(lambda: window.controller.session is not None and window.canvas.shown_frame == 0)

    def wait(self, condition: Callable[[], bool]) -> None:
        """Process events until a condition is true."""
        end_s = perf_counter() + TIMEOUT_S
        while not condition():
            if perf_counter() > end_s:
                raise TimeoutError("The window did not get there in time.")
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)

    def wait_idle(self) -> None:
        """Wait for the worker, the reader and the smooth redraw that follows when nothing moves."""
        window = self.window
        self.wait(lambda: not window.controller.is_busy)
        self.wait(lambda: window.canvas.shown_frame == window.model.state.frame_index)
        end_s = perf_counter() + 0.6
        self.wait(lambda: perf_counter() > end_s)

    def save_screenshot(self, name: str, widget: QWidget | None = None) -> None:
        """Save a screenshot, small enough for a page."""
        buffer = QBuffer()
        buffer.open(QBuffer.OpenModeFlag.WriteOnly)
        (widget or self.window).grab().save(buffer, "PNG")
        image = Image.open(BytesIO(bytes(buffer.data()))).convert("RGB")
        # This method preserves small bright details: letters, icons, the objects' colours.
        small = image.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, ROUNDS, dither=Image.Dither.NONE)
        small.save(self.folder / f"{name}.png", optimize=True)

    def scribble(self, line: Line, *, is_positive: bool = True, screenshot: str = "") -> None:
        """Draw on the current frame; a screenshot, if named, is saved while the button is down."""
        canvas = self.window.canvas
        button = Qt.MouseButton.LeftButton if is_positive else Qt.MouseButton.RightButton
        positions = [QPointF(*canvas.view.to_view((x + 0.5, y + 0.5))) for x, y in line]
        kinds = [QMouseEvent.Type.MouseButtonPress] + [QMouseEvent.Type.MouseMove] * (len(line) - 1)
        for kind, position in zip(kinds, positions, strict=True):
            self._send(kind, position, button, button)
        if screenshot:
            self.save_screenshot(screenshot)
        self._send(QMouseEvent.Type.MouseButtonRelease, positions[-1], button, Qt.MouseButton.NoButton)
        self.wait_idle()

    def _send(
        self, kind: QMouseEvent.Type, position: QPointF, button: Qt.MouseButton, held: Qt.MouseButton
    ) -> None:
        event = QMouseEvent(kind, position, button, Qt.MouseButtons(held), Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(self.window.canvas.viewport(), event)


def run_example(driver: WindowDriver, truth: list[UInt8Array]) -> None:
    """Perform the README's example: scribble, zoom to a region, propagate, correct, show the mattes."""
    window = driver.window
    for object_id, line in LINES.items():
        if object_id > 1:
            window.edit.add_object()
        window.controller.submit(EditCommand(RenameObject(object_id, SAMPLE_OBJECTS[object_id])))
        driver.wait_idle()
        driver.scribble(line, screenshot="1-scribble" if object_id == len(LINES) else "")
    window.edit.choose_object(1)
    window.edit.choose_region(REGION)
    driver.wait_idle()
    driver.save_screenshot("2-region")
    window.edit.escape()
    window.edit.propagate(Direction.BOTH)
    half = len(truth) // 2
    driver.wait(lambda: len(window.timeline.propagated_frames) > half or not window.controller.is_busy)
    driver.save_screenshot("3-propagate")
    driver.wait_idle()
    corrected = correct_worst_mask(driver, truth)
    window.edit.propagate(Direction.BOTH)
    driver.wait_idle()
    window.navigator.go_to(corrected)
    window.navigator.set_view_mode(ViewMode.MATTE)
    driver.wait_idle()
    driver.save_screenshot("5-matte")
    sheet = ShortcutSheet(key_sections(ACTIONS), window)
    sheet.show()
    driver.wait_idle()
    driver.save_screenshot("shortcuts", sheet)
    sheet.close()


def correct_worst_mask(driver: WindowDriver, truth: list[UInt8Array]) -> int:
    """Go to the propagated mask with the most wrong pixels, scribble on its errors, return the index."""
    window = driver.window
    session = window.controller.session
    assert session is not None
    wrong = {
        (frame_index, object_id): int(((session.ids(frame_index) == object_id) != (ids == object_id)).sum())
        for frame_index, ids in enumerate(truth)
        if frame_index not in session.anchors
        for object_id in LINES
    }
    frame_index, worst_id = max(wrong, key=wrong.__getitem__)
    window.navigator.go_to(frame_index)
    driver.wait_idle()
    screenshot, rng = "4-correct", np.random.default_rng(0)
    for object_id in sorted(LINES, key=lambda each: each != worst_id):
        window.edit.choose_object(object_id)
        mask = session.ids(frame_index) == object_id
        for stroke in scribble_strokes(truth[frame_index] == object_id, mask, rng):
            driver.scribble(stroke.points.tolist(), is_positive=stroke.is_positive, screenshot=screenshot)
            screenshot = ""
    return frame_index


def main() -> None:
    """Take all screenshots."""
    parser = argparse.ArgumentParser(description="Take the README's screenshots.")
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    os.environ["QT_FONT_DPI"] = "96"  # virtual displays have 100, which would enlarge everything
    excepthook = sys.excepthook  # the window shows errors in a banner; here they end the program
    with tempfile.TemporaryDirectory() as folder:
        clip = write_sample(Path(folder) / "koi pond")
        truth = [read_ids(path) for path in sorted((clip / "masks").glob("*.png"))]
        options_of_window = replace(parse([str(clip)]), offers_recovery=False)
        application, window = app.open_window(options_of_window)
        sys.excepthook = excepthook
        window.resize(*SIZE)
        try:
            run_example(WindowDriver(window, options.folder), truth)
        finally:
            window.close_without_asking()
            application.quit()


if __name__ == "__main__":
    main()
