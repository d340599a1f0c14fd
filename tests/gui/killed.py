"""A window in which a stroke was propagated, and which then waits to be killed: run by test_real_projects.

Usage: python -m tests.gui.killed CLIP HOME. Writes the masks to HOME/masks.npy, then prints "ready".
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication

from gui.main_window import MainWindow
from mivos_studio import app
from mivos_studio.session_options import SessionOptions
from tests.gui.gestures import drag, press, wait_idle, wait_until
from tests.inference_core.fakes import fake_networks


def main(clip: Path, home: Path) -> None:
    application = QApplication(["killed"])
    SessionOptions.load = lambda self: replace(fake_networks(), family="compact")  # type: ignore[method-assign]
    options = app.WindowOptions(device="cpu", dtype="float32", working_size=64)
    window = MainWindow(app._backend(options, home / "cache", home / "settings"))
    window.resize(1000, 640)
    window.show()
    window.open(clip)
    wait_until(lambda: window.controller.session is not None, 60)
    session = window.controller.session
    assert session is not None
    wait_idle(window)
    drag(window.canvas, [(20, 30), (26, 30)])
    wait_idle(window)
    press(window, "propagate")
    wait_idle(window)
    np.save(home / "masks.npy", np.stack([session.ids(i) for i in range(session.frame_count)]))
    print("ready", flush=True)
    QTest.qWait(60_000)
    del application


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
