"""The tool of docs/extending.md in a session, a script and the window: test_new_tool runs this program.

Usage: python -m tests.new_tool FOLDER. The folder holds the example as dot.py. Any assertion ends it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from inference_core.tools.registry import TOOLS

sys.path.insert(0, sys.argv[1])
import dot  # type: ignore[import-not-found]

TOOLS["dot"] = dot.TOOL  # the registry's one entry; everything else of the program is imported after it

from PyQt5.QtWidgets import QAbstractButton, QApplication  # noqa: E402

from gui.actions.registry import ACTIONS  # noqa: E402
from gui.main_window import MainWindow  # noqa: E402
from gui.worker.backend import Backend  # noqa: E402
from gui.worker.worker import OpenedSession  # noqa: E402
from inference_core.session import Session  # noqa: E402
from mivos_studio.benchmarks import speed  # noqa: E402
from mivos_studio.benchmarks.made_clip import make_clip  # noqa: E402
from mivos_studio.project.playback import play  # noqa: E402
from mivos_studio.project.script import read_script  # noqa: E402
from tests.gui.fake_session import FakeClip  # noqa: E402
from tests.gui.gestures import RIGHT, drag, press, wait_idle, wait_until  # noqa: E402
from tests.inference_core.fakes import fake_networks, fake_session, stroke  # noqa: E402

SQUARE = np.zeros((64, 96), np.uint8)
SQUARE[16:25, 26:35] = 1
"""What the tool sets around (30, 20)."""


def edit_in_a_session() -> None:
    session = fake_session()
    session.add_object("red")
    (change,) = session.interact(stroke("dot", [[30, 20]]))
    np.testing.assert_array_equal(change.ids, SQUARE)
    assert session.drafts == (0,)
    session.undo()
    assert not session.ids(0).any()


def replay_a_script(path: Path) -> None:
    step = {"do": "dot", "frame": 0, "object": 1, "points": [[30, 20]]}
    path.write_text(json.dumps({"version": 1, "objects": [{"id": 1}], "steps": [step]}), encoding="utf-8")
    session = fake_session()
    assert list(play(session, read_script(path), lambda *_: SQUARE, lambda _: None)) == [1]
    np.testing.assert_array_equal(session.ids(0), SQUARE)


def draw_in_the_window(script: Path) -> None:
    application = QApplication([])
    clip = FakeClip()
    session = Session(clip, fake_networks(), device="cpu", dtype="float32", working_size=min(clip.size))
    session.add_object("red")
    opened = OpenedSession(session, "fake", "")
    window = MainWindow(Backend(lambda path, report: clip, lambda clip, recorder, report: opened))
    window.show()
    window.open(Path("clip.mp4"))
    wait_until(lambda: window.controller.session is session and window.canvas.shown_frame == 0)
    button = window.findChild(QAbstractButton, "tool_dot")
    assert button is not None
    assert not button.icon().isNull()
    assert button.toolTip() == "Set a square; right button: empty it (D)"
    assert any(spec.text == "Dot" and spec.shortcuts == ("D",) for spec in ACTIONS)
    press(window, "tool_dot")
    drag(window.canvas, [(30, 20)])
    wait_idle(window)
    assert (session.ids(0) == 1).sum() == SQUARE.sum()
    window.files.save_script(script)
    assert [step.verb for step in read_script(script).steps] == ["dot"]
    drag(window.canvas, [(30, 20)], RIGHT)
    wait_idle(window)
    assert not session.ids(0).any()
    window.close_without_asking()
    del application


def time_its_strokes() -> None:
    clip = make_clip((48, 64), 4, 1)
    session = Session(clip, fake_networks(), device="cpu", dtype="float32", working_size=48)
    session.set_ids(0, clip.masks[0])
    assert speed._strokes(session, clip, TOOLS["dot"])["median_ms"] > 0


def main(folder: Path) -> None:
    edit_in_a_session()
    replay_a_script(folder / "script.json")
    draw_in_the_window(folder / "saved.json")
    time_its_strokes()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
