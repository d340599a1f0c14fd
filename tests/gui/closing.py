"""The program, closed while it is at something: run as a program by test_closing.

Usage: python -m tests.gui.closing PHASE WAY FOLDER. Starts the program as `mivos gui` does, brings it to the
phase and ends it in that way. Prints {"asked_s": …} at that moment, and {"vanished_s": …} once the window is
off the screen, both as seconds since the epoch; the parent notes when the process is gone, and its exit code.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import QApplication

import gui.main_window
from gui.controllers.controller import Controller
from gui.main_window import MainWindow
from gui.panels.dialogs.export_dialog import ExportRequest
from gui.worker.backend import Backend
from gui.worker.commands import EditCommand, PlayScriptCommand, PropagateCommand
from gui.worker.worker import OpenedSession
from inference_core.types import FrameMask, Interaction, Stroke, Tool, UInt8Array
from mivos_studio import app
from mivos_studio.cli import gui as gui_command
from mivos_studio.project.script import Script, ScriptObject
from mivos_studio.project.steps import Draw, Propagate
from tests.gui.fake_session import FakeClip, FakeSession

LONG_S = 30.0
FRAME_S = 0.05


class SlowClip(FakeClip):
    """Frames come at a pace; from `stuck_from` on they do not come at all, as from a disk that has gone."""

    def __init__(self, stuck_from: int | None = None) -> None:
        super().__init__(40, (240, 320))
        self.stuck_from = stuck_from

    def __getitem__(self, frame_index: int) -> UInt8Array:
        if self.stuck_from is not None and frame_index >= self.stuck_from:
            blocked()
        return super().__getitem__(frame_index)


class SlowSession(FakeSession):
    """Takes its time for every frame, and for every stroke `stroke_s`."""

    stroke_s = 0.0
    is_slow = False
    is_stuck = False

    def _interact(self, interaction: Interaction) -> Iterator[FrameMask]:
        time.sleep(self.stroke_s)
        yield from super()._interact(interaction)

    def _propagate(self, *anchor_and_direction: object) -> Iterator[FrameMask]:
        for change in super()._propagate(*anchor_and_direction):
            time.sleep(FRAME_S)
            self.clip[change.frame_index]
            yield change

    def ids(self, frame_index: int) -> UInt8Array:
        ids = super().ids(frame_index)
        if self.is_slow:
            time.sleep(FRAME_S)
        if self.is_stuck:
            blocked()
        return ids


def blocked() -> None:
    """Wait in the system for what never comes."""
    read_end, _ = os.pipe()
    os.read(read_end, 1)


def say(**facts: object) -> None:
    print(json.dumps(facts), flush=True)


class Stage:
    """One phase: what the program works with, and how it gets there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clip = SlowClip()
        self.session = SlowSession(self.clip)
        self.window: MainWindow | None = None
        self.is_there = threading.Event()

    def open_clip(self, path: Path | None, report: Callable[[str], None]) -> SlowClip:
        return self.clip

    def open_session(self, clip: object, recorder: object, report: Callable[[str], None]) -> OpenedSession:
        import torch  # noqa: F401 what it leaves running must not matter

        return OpenedSession(self.session, "fake")

    def begin(self, window: MainWindow) -> None:
        """Called once, after the first paint."""
        window.session_opened.connect(self.on_session)

    def on_session(self) -> None:
        self.is_there.set()

    def draw(self) -> None:
        points = np.array([[20, 20], [60, 20]], np.float32)
        self.controller.submit(EditCommand(Draw(Interaction(Tool.SCRIBBLE, Stroke(0, 1, points)))))

    @property
    def controller(self) -> Controller:
        assert self.window is not None
        return self.window.controller


class Idle(Stage):
    """Nothing is being done."""


class Opening(Stage):
    """The disk does not answer while a clip is being opened; torch is there already."""

    def open_clip(self, path: Path | None, report: Callable[[str], None]) -> SlowClip:
        import torch  # noqa: F401

        self.is_there.set()
        blocked()
        return self.clip


class OpeningSlowly(Stage):
    """The clip is there at the very moment at which the window goes."""

    def open_clip(self, path: Path | None, report: Callable[[str], None]) -> SlowClip:
        import torch  # noqa: F401

        self.is_there.set()
        time.sleep(0.3)
        return self.clip


class OpeningForEver(Stage):
    """A clip is being opened by code that computes on and on, and never asks whether it is still wanted.

    Torch aborts the process where it comes back to an interpreter that is being taken down.
    """

    def open_clip(self, path: Path | None, report: Callable[[str], None]) -> SlowClip:
        import torch

        self.is_there.set()
        square = torch.ones(400, 400)
        while True:
            square.matmul(square)


class Pipe(Stage):
    """FFmpeg opens a pipe that nobody writes to."""

    def open_clip(self, path: Path | None, report: Callable[[str], None]) -> SlowClip:
        import av

        pipe = self.folder / "clip.mp4"
        os.mkfifo(pipe)
        self.is_there.set()
        with av.open(str(pipe)):
            return self.clip


class Importing(Stage):
    """Torch is being imported."""

    def open_session(self, clip: object, recorder: object, report: Callable[[str], None]) -> OpenedSession:
        self.is_there.set()
        return super().open_session(clip, recorder, report)


class Loading(Stage):
    """The networks come from a disk that does not answer."""

    def open_session(self, clip: object, recorder: object, report: Callable[[str], None]) -> OpenedSession:
        import torch  # noqa: F401

        self.is_there.set()
        blocked()
        return super().open_session(clip, recorder, report)


class Stroke_(Stage):  # noqa: N801
    """A stroke is being answered, which takes long."""

    def on_session(self) -> None:
        self.session.stroke_s = LONG_S
        self.controller._worker.command_started.connect(lambda _: self.is_there.set())
        self.draw()


class Propagation(Stage):
    """A propagation is under way."""

    def on_session(self) -> None:
        self.controller._worker.changed.connect(self.on_changed)
        self.draw()
        self.controller.submit(PropagateCommand())

    def on_changed(self, change: FrameMask) -> None:
        if change.progress is not None and change.progress.done == 3:
            self.is_there.set()


class StuckPropagation(Propagation):
    """A propagation waits for a frame that never comes, and so does the canvas."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.clip.stuck_from = 4


class Exporting(Stage):
    """Masks are being written."""

    def on_session(self) -> None:
        assert self.window is not None
        self.controller._worker.changed.connect(self.on_changed)
        self.draw()
        self.session.is_slow = True
        self.window.files.export(ExportRequest("png-indexed", self.folder / "masks", replaces=False))

    def on_changed(self, change: object) -> None:
        if getattr(change, "done", 0) == 3:
            self.is_there.set()


class StuckExporting(Exporting):
    """Masks are being written, and one never comes."""

    def on_changed(self, change: object) -> None:
        if getattr(change, "done", 0) == 2:
            self.session.is_stuck = True
        super().on_changed(change)

    def on_session(self) -> None:
        QTimer.singleShot(1000, self.is_there.set)
        super().on_session()


class Playing(Stage):
    """A script is being played."""

    def on_session(self) -> None:
        self.controller._worker.changed.connect(self.on_changed)
        stroke = Draw(Interaction(Tool.SCRIBBLE, Stroke(0, 1, np.array([[20, 20]], np.float32))))
        steps = (stroke, Propagate(0)) * 20
        script = Script((ScriptObject(1, "one"),), steps, self.folder)
        self.controller.submit(
            PlayScriptCommand(script, len(self.clip), lambda path, frame: self.session.ids(frame))
        )

    def on_changed(self, change: object) -> None:
        if getattr(change, "done", 0) == 2:
            self.is_there.set()


class MakingTheSample(Stage):
    """The sample clip is being made."""

    def open_clip(self, path: Path | None, report: Callable[[str], None]) -> SlowClip:
        told = 0

        def reported(text: str) -> None:
            nonlocal told
            told += 1
            if told == 3:
                self.is_there.set()
            report(text)

        app._sample_clip(self.folder / "cache", reported)
        return self.clip


class AskingWhere(Stage):
    """A dialog is open, in an event loop of its own."""

    def on_session(self) -> None:
        assert self.window is not None
        QTimer.singleShot(200, self.is_there.set)
        self.window.files.ask_for_export()


PHASES: dict[str, type[Stage]] = {
    "idle": Idle,
    "opening": Opening,
    "opening-slowly": OpeningSlowly,
    "opening-for-ever": OpeningForEver,
    "pipe": Pipe,
    "importing": Importing,
    "loading": Loading,
    "stroke": Stroke_,
    "propagation": Propagation,
    "stuck-propagation": StuckPropagation,
    "export": Exporting,
    "stuck-export": StuckExporting,
    "script": Playing,
    "sample": MakingTheSample,
    "dialog": AskingWhere,
}


def end(way: str, application: QApplication, window: MainWindow) -> None:
    say(asked_s=time.time())
    if way == "close":
        window.close_without_asking()
    elif way == "quit":  # as a session manager does
        application.quit()
    else:
        os.kill(os.getpid(), signal.Signals[way])


def main(phase: str, way: str, folder: Path) -> int:
    stage = PHASES[phase](folder)
    real_open_window, real_stop_threads = app.open_window, gui.main_window.stop_threads

    def open_window(
        options: app.WindowOptions, say: Callable[[str], None] | None = None
    ) -> tuple[QApplication, MainWindow]:
        application, window = real_open_window(options, say)
        stage.window = window
        window.first_painted.disconnect()
        window.first_painted.connect(lambda: (stage.begin(window), window.open(None)))
        timer = QTimer(window)

        def check() -> None:
            if stage.is_there.is_set():
                timer.stop()
                end(way, application, window)

        timer.timeout.connect(check)
        timer.start(5)
        return application, window

    def stop_threads() -> bool:
        assert stage.window is not None
        say(vanished_s=time.time(), is_visible=stage.window.isVisible())
        return real_stop_threads()

    app.open_window = open_window
    app._backend = lambda *folders: Backend(stage.open_clip, stage.open_session)
    gui.main_window.stop_threads = stop_threads
    return gui_command.run([])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
