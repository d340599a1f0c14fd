"""Take the screenshots of the tutorial from the running program.

Usage: python docs/screenshots.py FOLDER. Works on the sample clip and needs a display (xvfb-run will do) or
QT_QPA_PLATFORM=offscreen. The strokes are fixed: the images change only with the weights or the window.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
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

from gui.controllers.file_controller import key_sections  # noqa: E402
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

WAIT_S = 600.0
SIZE = (1280, 720)
COLOURS = 144
"""Of an image's palette: a quarter of the bytes, without a visible difference."""
ROUNDS = 5
"""Of refining the palette."""
REGION = Region(90, 270, 310, 450)
"""Around the red koi, on the first frame."""
Line = list[tuple[float, float]]
"""Points (x, y) in pixels of the clip."""

# Down the backs of the sample clip's two koi, on its first frame.
LINES: dict[int, Line] = {
    1: [(252, 322), (219, 349), (181, 381), (162, 405)],
    2: [(751, 433), (718, 403), (677, 369), (635, 339)],
}


class ScreenshotTaker:
    """Works in the window with the mouse, as in the tutorial, and saves a screenshot of each stage."""

    def __init__(self, window: MainWindow, folder: Path) -> None:
        self.window = window
        self.folder = folder
        self.wait(lambda: window.controller.session is not None and window.canvas.shown_frame == 0)

    def wait(self, condition: Callable[[], bool]) -> None:
        """Process events until a condition is true."""
        end_s = perf_counter() + WAIT_S
        while not condition():
            if perf_counter() > end_s:
                raise TimeoutError("The window did not get there in time.")
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)

    def wait_until_idle(self) -> None:
        """Wait for the worker, the frame reader and the delayed full-quality repaint."""
        window = self.window
        self.wait(lambda: not window.controller.is_busy)
        self.wait(lambda: window.canvas.shown_frame == window.model.state.frame_index)
        end_s = perf_counter() + 0.6
        self.wait(lambda: perf_counter() > end_s)

    def take(self, name: str, widget: QWidget | None = None) -> None:
        """Save a screenshot with a palette, small enough for a page."""
        buffer = QBuffer()
        buffer.open(QBuffer.OpenModeFlag.WriteOnly)
        (widget or self.window).grab().save(buffer, "PNG")
        image = Image.open(BytesIO(bytes(buffer.data()))).convert("RGB")
        # This method keeps small bright areas unchanged: letters, icons, the objects' colours.
        small = image.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, ROUNDS, dither=Image.Dither.NONE)
        small.save(self.folder / f"{name}.png", optimize=True)

    def scribble(self, line: Line, *, is_positive: bool = True, name: str = "") -> None:
        """Draw on the frame that is shown; `name` is that of a screenshot with the button still down."""
        canvas = self.window.canvas
        button = Qt.MouseButton.LeftButton if is_positive else Qt.MouseButton.RightButton
        places = [QPointF(*canvas.view.to_view((x + 0.5, y + 0.5))) for x, y in line]
        kinds = [QMouseEvent.Type.MouseButtonPress] + [QMouseEvent.Type.MouseMove] * (len(line) - 1)
        for kind, place in zip(kinds, places, strict=True):
            self._send(kind, place, button, button)
        if name:
            self.take(name)
        self._send(QMouseEvent.Type.MouseButtonRelease, places[-1], button, Qt.MouseButton.NoButton)
        self.wait_until_idle()

    def _send(
        self, kind: QMouseEvent.Type, place: QPointF, button: Qt.MouseButton, held: Qt.MouseButton
    ) -> None:
        event = QMouseEvent(kind, place, button, Qt.MouseButtons(held), Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(self.window.canvas.viewport(), event)


def take_all(taker: ScreenshotTaker, truth: list[UInt8Array]) -> None:
    """Go through the tutorial: scribble, choose a region, propagate, correct, check the mattes."""
    window = taker.window
    for object_id, line in LINES.items():
        if object_id > 1:
            window.controller.add_object()
        window.controller.submit(EditCommand(RenameObject(object_id, SAMPLE_OBJECTS[object_id])))
        taker.wait_until_idle()
        taker.scribble(line, name="1-scribble" if object_id == len(LINES) else "")
    window.controller.choose_object(1)
    window.controller.choose_region(REGION)
    taker.wait_until_idle()
    taker.take("2-region")
    window.controller.escape()
    window.controller.propagate(Direction.BOTH)
    half = len(truth) // 2
    taker.wait(lambda: len(window.timeline.walked) > half or not window.controller.is_busy)
    taker.take("3-propagate")
    taker.wait_until_idle()
    corrected = correct_worst_mask(taker, truth)
    window.controller.propagate(Direction.BOTH)
    taker.wait_until_idle()
    window.navigator.go_to(corrected)
    window.navigator.set_view_mode(ViewMode.MATTE)
    taker.wait_until_idle()
    taker.take("5-matte")
    sheet = ShortcutSheet(key_sections(), window)
    sheet.show()
    taker.wait_until_idle()
    taker.take("shortcuts", sheet)
    sheet.close()


def correct_worst_mask(taker: ScreenshotTaker, truth: list[UInt8Array]) -> int:
    """Go to the mask farthest from the truth, scribble on its errors, return the frame."""
    window = taker.window
    session = window.controller.session
    assert session is not None
    wrong = {
        (frame_index, object_id): int(((session.ids(frame_index) == object_id) != (ids == object_id)).sum())
        for frame_index, ids in enumerate(truth)
        for object_id in LINES
    }
    frame_index, worst_id = max(wrong, key=wrong.__getitem__)
    window.navigator.go_to(frame_index)
    taker.wait_until_idle()
    name, rng = "4-correct", np.random.default_rng(0)
    for object_id in sorted(LINES, key=lambda each: each != worst_id):
        window.controller.choose_object(object_id)
        mask = session.ids(frame_index) == object_id
        for stroke in scribble_strokes(truth[frame_index] == object_id, mask, rng):
            taker.scribble(stroke.points.tolist(), is_positive=stroke.is_positive, name=name)
            name = ""
    return frame_index


def main() -> None:
    """Take all screenshots."""
    parser = argparse.ArgumentParser(description="Take the screenshots of the tutorial.")
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    os.environ["QT_FONT_DPI"] = "96"  # virtual displays report 100, which enlarges everything
    report = sys.excepthook  # the window turns errors into banners; here they end the program
    with tempfile.TemporaryDirectory() as folder:
        clip = write_sample(Path(folder) / "koi pond")
        truth = [read_ids(path) for path in sorted((clip / "masks").glob("*.png"))]
        application, window = app.open_window(parse([str(clip)]))
        sys.excepthook = report
        window.resize(*SIZE)
        try:
            take_all(ScreenshotTaker(window, options.folder), truth)
        finally:
            window.leave()
            application.quit()


if __name__ == "__main__":
    main()
