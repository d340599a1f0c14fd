"""Random gestures in the program's real window, which is also closed and opened again: run as a program.

Usage: python -m tests.gui.monkey SEED GESTURES FOLDER [--networks fake|compact]. Prints a JSON report as the
last line; its key "faults" is empty where all was well. FOLDER/gestures.txt has every gesture, written before
it is made, so that they are known after a crash too. The same seed makes the same gestures; what they meet
depends on the threads' timing as well.

The gestures belong to lives. In each, work is begun on a clip and gone on with in window after window. At
its end everything is undone and redone, and the script of the work is played in a session of its own.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import random
import sys
import traceback
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PyQt5 import sip
from PyQt5.QtCore import Qt
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication, QWidget

from gui.crash import ErrorReporter
from gui.main_window import MainWindow
from gui.state.saved_view import written_view
from gui.worker.shutdown import running_threads
from inference_core.session import Session
from mivos_studio import app
from mivos_studio.media.clip import Clip, open_clip
from mivos_studio.media.palette import read_ids
from mivos_studio.project.playback import play
from mivos_studio.project.script import read_script
from mivos_studio.session_options import SessionOptions
from model.interfaces import Networks
from tests.gui.gestures import press, wait_until
from tests.gui.monkey_dialogs import DialogPlayer, Places, close_popups, visible_dialog
from tests.gui.monkey_gestures import GESTURES, Situation
from tests.gui.monkey_networks import patient_networks
from tests.gui.monkey_resources import Resources
from tests.gui.monkey_watch import Watch, Work, check_crashed_copy
from tests.gui.shown import differences_shown, is_quiet, stale_pixels
from tests.inference_core.fakes import square_clip
from tests.mivos_studio.media.videos import Recipe, write_video

LIFE = 160
"""Gestures of one life, on average: some windows, and undo steps enough to go back through."""
WAIT_S = 120.0
"""For what takes a moment; a busy machine is slow, and what never comes is still seen."""
LAST = 40
"""Gestures that the report shows."""
WORKING_SIZE = 64


@dataclass(frozen=True)
class Report:
    """What a run did and found."""

    seed: int
    gestures: dict[str, int]
    lives: int
    windows: int
    undone: int
    replayed: int
    counts: dict[str, int]
    answers: dict[str, int]
    messages: dict[str, int]
    resources: list[Resources]
    faults: list[str]
    last: list[str]


class Monkey:
    """Makes gestures, and looks at what comes of them."""

    def __init__(self, seed: int, folder: Path, make_window: Callable[[Path | None], MainWindow]) -> None:
        self.seed = seed
        self.watch = Watch()
        self.places = Places(write_clips(folder / "clips"), folder / "work")
        self.places.folder.mkdir(exist_ok=True)
        self.dialogs = DialogPlayer(seed, self.places, self.note, self.watch.fault)
        self.gestures: Counter[str] = Counter()
        self.resources: list[Resources] = []
        self.lives = self.windows = self.undone = self.replayed = self.number = 0
        self._make_window = make_window
        self._list = (folder / "gestures.txt").open("w", encoding="utf-8")
        self.last: deque[str] = deque(maxlen=LAST)
        self.offers = (0, 0)
        """How many works without a name the window offers, at least and at most."""
        self.watch.may_discard = lambda: self.dialogs.is_discarded
        self._window: MainWindow | None = None

    @property
    def window(self) -> MainWindow:
        assert self._window is not None
        return self._window

    @property
    def is_closed(self) -> bool:
        return self.window._is_shut_down

    def note(self, text: str) -> None:
        """Add a line to the list of gestures."""
        self.last.append(text)
        print(text, file=self._list, flush=True)

    def run(self, count: int) -> None:
        """Make so many gestures; stop at the first fault."""
        self.watch.install()
        while self.number < count and not self.watch.faults:
            self.live(min(count, self.number + LIFE))
        self.dialogs.stop()

    def report(self) -> Report:
        """Return what was done and found."""
        watch = self.watch
        return Report(
            self.seed,
            dict(self.gestures),
            self.lives,
            self.windows,
            self.undone,
            self.replayed,
            dict(watch.counts),
            dict(self.dialogs.answers),
            dict(watch.messages),
            self.resources,
            watch.faults,
            list(self.last),
        )

    # A life.

    def live(self, until: int) -> None:
        """Begin work on a clip, go on with it in one window after the other, undo and redo all of it."""
        rng = random.Random(f"{self.seed}/life {self.lives}")
        self.lives += 1
        self.open_window(rng.choice(self.places.clips))
        while self.number < until and not self.watch.faults:
            self.gesture()
            if self.is_closed:
                self.leave()
                self.open_window(self.next_file(rng))
                if rng.random() < 0.6:
                    self.check_opened()
        if not self.watch.faults:
            self.wait_quiet()
            self.undo_and_redo_all()
            self.replay_script()
        self.dialogs.is_discarded = True
        self.window.close_without_asking()
        self.leave()
        self.watch.forget()
        self.resources.append(Resources.now())

    def gesture(self) -> None:
        """Make the next gesture; often, wait until all is quiet and look."""
        rng = random.Random(f"{self.seed}/gesture {self.number}")
        names, weights = [*GESTURES], [weight for weight, _ in GESTURES.values()]
        name = rng.choices(names, weights)[0]
        if QApplication.activePopupWidget() is not None and rng.random() < 0.7:
            close_popups()
        self.note(f"{self.number} {name}")
        self.gestures[name] += 1
        self.number += 1
        said = GESTURES[name][1](Situation(self.window, rng, self.places))
        self.note(f"  {said}")
        if rng.random() < 0.3 and not self.is_closed:
            self.wait_quiet()
            if not self.is_closed:
                self.look()
        elif rng.random() < 0.5:
            QTest.qWait(rng.choice([0, 3, 12]))

    def next_file(self, rng: random.Random) -> Path | None:
        """Return what the next window opens: the work that was left, or anything else."""
        left = sorted(self.watch.left)
        if left and rng.random() < 0.8:
            return max(left, key=lambda path: path.stat().st_mtime)
        return rng.choice([*self.places.clips, *left])

    # Windows.

    def open_window(self, path: Path | None) -> None:
        """Open a window as the program does when it is started."""
        self.note(f"open {path.name if path else None}")
        self.windows += 1
        self.dialogs.is_discarded = False
        self.dialogs.shown_recovery = None
        self.dialogs.has_opened = False
        self.watch.opened = None
        unnamed = {each for each in self.watch.left if each.parent != self.places.folder}
        # What this window itself opens may be looked for before it is open.
        self.offers = (len(unnamed - {path}), len(unnamed))
        window = self._window = self._make_window(path)
        self.dialogs.start()
        window.messages.error.connect(self.watch.on_message)
        window.messages.note.connect(self.watch.on_message)
        window.controller.save_failed.connect(lambda error: self.watch.fault(f"not saved: {error!r}"))
        window.controller.submitted.connect(self.on_submitted)
        window.activateWindow()

    def check_opened(self) -> None:
        """Compare a window that was just opened with what the last one left."""
        projects = self.window.parts.projects
        wait_until(lambda: projects._finder is not None and projects._finder.isFinished(), WAIT_S)
        QTest.qWait(1)  # what it found is shown
        self.wait_quiet()
        session, left = self.window.controller.session, self.watch.opened
        self.check_offered()
        if self.is_closed or session is None or left is None or self.dialogs.has_opened:
            return
        shown = written_view(self.window.model.state, self.window.canvas.zoom_state)
        for name, value in left.view.items():
            is_same = (shown[name] is None) == (value is None) if name == "zoom" else shown[name] == value
            if not is_same:
                self.watch.fault(f"opened again, {name} is {shown[name]}, was {value}")
        self.watch.counts["views compared"] += 1
        self.look()

    def check_offered(self) -> None:
        """Compare the work that the window offers with what earlier ones left without a name."""
        offered = self.dialogs.shown_recovery
        least, most = self.offers
        found = 0 if offered is None else len(offered)
        if not least <= found <= most:
            self.watch.fault(f"{found} works without a name are offered, not {least} to {most}")

    def on_submitted(self) -> None:
        """Any work after the dialog about it is asked about again."""
        self.dialogs.is_discarded = False

    def leave(self) -> None:
        """Wait until the threads of a closed window have ended; take it away, as at the program's end."""
        window, self._window = self.window, None
        wait_until(lambda: not running_threads(), WAIT_S)
        if window.isVisible():
            self.watch.fault("a closed window is visible")
        reporter = window.findChild(ErrorReporter)
        assert reporter is not None
        reporter.uninstall()
        sip.delete(window)
        left = [each for each in QApplication.topLevelWidgets() if each.isVisible()]
        if left:
            self.watch.fault(f"a closed window leaves {left}")

    # Looking.

    def wait_quiet(self) -> None:
        """Wait until nothing runs, nothing is asked and all is shown, or the window is closed."""
        if self.window.navigator._playback_start is not None:
            press(self.window, "play")
        popup: QWidget | None = QApplication.activePopupWidget()
        if popup is not None:
            close_popups()
        try:
            wait_until(lambda: self.is_closed or is_quiet(self.window), WAIT_S)
        except AssertionError:
            dialog = visible_dialog()
            state = self.window.parts.session.state
            self.watch.fault(
                f"never quiet: dialog {dialog}, pending {self.window.controller._pending}, {state.statuses}, "
                f"{differences_shown(self.window)}"
            )

    def look(self) -> None:
        """Compare what the window shows with its session, and the session with its own past."""
        try:
            # A signal that is still queued is no fault; one that never comes is.
            wait_until(lambda: not differences_shown(self.window), 2.0)
        except AssertionError:
            self.watch.fault(f"shown: {differences_shown(self.window)}")
        session = self.window.controller.session
        if session is None or self.watch.faults:
            return
        self.watch.check_known(session, "now")
        rng = random.Random(f"{self.seed}/look {self.number}")
        if rng.random() < 0.1 and (stale := stale_pixels(self.window)):
            self.watch.fault(stale)
        is_begun = session.undo_count > self.window.controller.initial_undo_count
        if is_begun and rng.random() < 0.1:
            project, opened = self.window.parts.projects.project, self.window.files._opened
            assert project is not None
            assert opened is not None
            check_crashed_copy(self.watch, project.path, session, self.networks, opened.clip)

    def undo_and_redo_all(self) -> None:
        """Undo to the start and redo to the end with the buttons; each state is as it was before."""
        session = self.window.controller.session
        if session is None:
            return
        end = self.watch.check_known(session, "the end")
        undone = self.press_while_enabled("undo")
        self.undone += undone
        if session.undo_count != self.window.controller.initial_undo_count:
            self.watch.fault(f"{session.undo_count} steps are left where nothing can be undone")
        if any(session.ids(frame_index).any() for frame_index in range(session.frame_count)):
            self.watch.fault("there are masks before the first step")
        if sum(entry.is_undone for entry in session.history) != undone + len(end.undone):
            self.watch.fault(f"{undone} and {len(end.undone)} steps are undone, others can be redone")
        for _ in range(undone):
            self.press("redo")
        again = Work.of(session)
        if differing := again.differences(end):
            self.watch.fault(f"undone and redone, the end has other {differing}")
        self.press_while_enabled("redo")

    @property
    def networks(self) -> Networks:
        session = self.window.controller.session
        assert session is not None
        return session._context.runner.networks

    def press_while_enabled(self, name: str) -> int:
        """Press a button until it is disabled; compare each state with what it was. Return how often."""
        presses = 0
        while self.window.actions_by_name[name].isEnabled() and not self.watch.faults:
            self.press(name)
            presses += 1
        return presses

    def press(self, name: str) -> None:
        """Press the button of undo or redo, wait, and compare the state."""
        session = self.window.controller.session
        assert session is not None
        before = session.undo_count
        press(self.window, name)
        self.wait_quiet()
        if session.undo_count != before + (1 if name == "redo" else -1):
            self.watch.fault(f"{name} led from {before} steps to {session.undo_count}")
        self.watch.check_known(session, name)

    def replay_script(self) -> None:
        """Play the script of the work in a session of its own: the masks are the same bit by bit."""
        window, session = self.window, self.window.controller.session
        if session is None or window.files._opened is None:
            return
        path = self.places.folder / "replayed.json"
        window.files.save_script(path)
        with open_clip(window.files._opened.path or Path()) as clip:
            other = replayed(path, clip, session, self.networks)
            for frame_index in range(session.frame_count):
                if not np.array_equal(other.ids(frame_index), session.ids(frame_index)):
                    self.watch.fault(f"the script makes other masks on frame {frame_index}")
                    return
        self.replayed += 1


def replayed(path: Path, clip: Clip, like: Session, networks: Networks) -> Session:
    """Play a script in a new session like another."""
    session = Session(
        clip,
        networks,
        device=like.device,
        dtype=like.dtype,
        working_size=like._settings.working_size,
    )

    def read_file(file: Path, frame_index: int) -> Any:
        del frame_index
        return read_ids(file)

    for _ in play(session, read_script(path), read_file, lambda change: None):
        pass
    return session


def write_clips(folder: Path) -> tuple[Path, ...]:
    """Write folders of images and a video, of several sizes and lengths."""
    folder.mkdir()
    paths = []
    for name, frames, size in (("pond", 12, (64, 96)), ("hill", 5, (75, 59))):
        (folder / name).mkdir()
        for number, image in enumerate(square_clip(frames, size)._images):
            Image.fromarray(image).save(folder / name / f"{number:05}.png")
        paths.append(folder / name)
    paths.append(write_video(folder / "film.mkv", Recipe(".mkv", "ffv1", "yuv420p"), frames=9))
    return tuple(paths)


def main() -> int:
    """Run, and print the report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", type=int)
    parser.add_argument("gestures", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--networks", choices=["fake", "compact"], default="fake")
    given = parser.parse_args()
    faulthandler.enable()
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME"):
        os.environ[name] = str(given.folder / "home")
    loaded: list[Networks] = []

    def load(options: SessionOptions) -> Networks:
        if not loaded:
            fake = given.networks == "fake"
            loaded.append(replace(patient_networks(), family="compact") if fake else real_load(options))
        return loaded[0]

    real_load = SessionOptions.load
    SessionOptions.load = load  # type: ignore[method-assign]
    options = app.WindowOptions(device="cpu", dtype="float32", working_size=WORKING_SIZE)
    applications: list[QApplication] = []

    def make_window(path: Path | None) -> MainWindow:
        if applications:
            return app.show_window(replace(options, clip=path))
        application, window = app.open_window(replace(options, clip=path))
        QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
        application.setQuitOnLastWindowClosed(False)
        applications.append(application)
        return window

    monkey = Monkey(given.seed, given.folder, make_window)
    try:
        monkey.run(given.gestures)
    except Exception:  # sys.excepthook is the program's: it would write to its own file
        monkey.watch.fault(traceback.format_exc())
    report = monkey.report()
    print(json.dumps(asdict(report)))
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
