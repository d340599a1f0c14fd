"""Take the pictures of the user guide from the running program, so that they never show another one.

Usage: python docs/screenshots.py FOLDER [--clip FILE] [--size 1280x720]. Needs a display (xvfb-run will do)
or QT_QPA_PLATFORM=offscreen.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
from PyQt5.QtCore import QEventLoop
from PyQt5.QtWidgets import QApplication, QWidget

HOUSE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HOUSE))

import interactive_gui  # noqa: E402 the checkout is put on the path first
from commands.options import image_size  # noqa: E402
from gui.files import key_sections  # noqa: E402
from gui.main_window import MainWindow  # noqa: E402
from gui.tasks.commands import Edit, Walk  # noqa: E402
from gui.widgets.dialogs.shortcut_sheet import ShortcutSheet  # noqa: E402
from inference_core.values import Direction, Interaction, Region, Stroke, Tool  # noqa: E402
from workspace.steps import Draw  # noqa: E402

WAIT_S = 600.0
Line = list[tuple[float, float]]
"""Points (x, y) as shares of the frame's width and height."""

# Down the backs of the sample clip's two koi, on its first frame.
RED_KOI: Line = [(0.295, 0.671), (0.256, 0.727), (0.212, 0.794), (0.19, 0.844)]
GOLD_KOI: Line = [(0.879, 0.902), (0.841, 0.84), (0.793, 0.769), (0.744, 0.706)]


class Photographer:
    """Works in the window as the guide tells, and takes a picture of each stage."""

    def __init__(self, window: MainWindow, folder: Path) -> None:
        self.window = window
        self.folder = folder
        self.wait(lambda: window.controller.session is not None and window.canvas.shown_frame == 0)

    def wait(self, condition: Callable[[], bool]) -> None:
        """Let the window live until something is true."""
        end_s = perf_counter() + WAIT_S
        while not condition():
            if perf_counter() > end_s:
                raise TimeoutError("The window did not get there in time.")
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)

    def settle(self) -> None:
        """Wait for the worker, the reader and the fine drawing that comes when nothing moves."""
        self.wait(lambda: not self.window.controller.is_busy)
        end_s = perf_counter() + 0.6
        self.wait(lambda: perf_counter() > end_s)

    def take(self, name: str, widget: QWidget | None = None) -> None:
        """Save a picture."""
        (widget or self.window).grab().save(str(self.folder / f"{name}.png"), "PNG")

    def scribble(self, object_id: int, line: Line, *, is_positive: bool = True) -> None:
        """Draw on the frame that is shown."""
        state = self.window.model.state
        points = np.array(line, np.float32) * (state.source[1], state.source[0])
        stroke = Stroke(state.frame_index, object_id, points, 4.0, is_positive)
        self.window.controller.submit(Edit(Draw(Interaction(Tool.SCRIBBLE, stroke, state.region))))
        self.settle()


def photograph(camera: Photographer, lines: dict[int, Line]) -> None:
    """Go through the guide: scribble, look closer, propagate, correct, check the mattes."""
    window = camera.window
    for object_id, line in lines.items():
        if object_id > 1:
            window.controller.add_object()
            camera.settle()
        camera.scribble(object_id, line)
    camera.take("1-scribble")
    height, width = window.model.state.source
    centre = np.mean(lines[1], axis=0) * (width, height)
    reach = height // 4
    x0, y0 = (max(0, int(part) - reach) for part in centre)
    window.controller.choose_region(Region(x0, y0, min(width, x0 + 2 * reach), min(height, y0 + 2 * reach)))
    camera.settle()
    camera.take("2-region")
    window.controller.escape()
    window.navigator.start_following()
    window.controller.submit(Walk(Direction.BOTH))
    count = window.model.state.frame_count
    camera.wait(lambda: len(window.timeline.marks.walked) > count // 2 or not window.controller.is_busy)
    camera.take("3-propagate")
    camera.settle()
    window.navigator.go_to(3 * count // 4)
    camera.settle()
    camera.scribble(1, [(0.02, 0.03), (0.1, 0.03)], is_positive=False)
    camera.take("4-correct")
    window.navigator.next_view_mode()
    window.navigator.next_view_mode()
    camera.settle()
    camera.take("5-matte")
    sheet = ShortcutSheet(key_sections(), window)
    sheet.show()
    camera.settle()
    camera.take("shortcuts", sheet)
    sheet.close()


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description="Take the pictures of the user guide.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clip", type=Path, help="clip to work on (default: the sample clip)")
    parser.add_argument("--size", type=image_size, default=(720, 1280), metavar="WIDTHxHEIGHT")
    parser.add_argument(
        "--line", action="append", type=_line, metavar="X,Y X,Y …", help="a scribble for each object, 0..1"
    )
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    report = sys.excepthook  # the window turns errors into banners; here they end the program
    lines = options.line or [RED_KOI, GOLD_KOI]
    application, window = interactive_gui.open_window(
        interactive_gui.parse([str(options.clip)] if options.clip else [])
    )
    sys.excepthook = report
    window.resize(options.size[1], options.size[0])
    try:
        photograph(Photographer(window, options.folder), dict(enumerate(lines, start=1)))
    finally:
        window.close()
        application.quit()


def _line(text: str) -> Line:
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in text.split())]


if __name__ == "__main__":
    main()
