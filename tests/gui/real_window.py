"""An editor's whole job in a real window, with real networks: run as a program by test_real_window.

Usage: python -m tests.gui.real_window CLIP FOLDER. Prints what it saw as JSON; any assertion ends it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cv2  # before PyQt5, as any program may do: its Qt plugins must not reach ours
import numpy as np
from PyQt5.QtCore import QPoint, Qt, QTimer
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QAbstractButton, QApplication, QDialog, QLineEdit, QListView

from gui.main_window import MainWindow
from inference_core.session import Session
from inference_core.types import UInt8Array
from mivos_studio import app
from mivos_studio.cli.gui import parse
from tests.gui.gestures import CTRL, LEFT, RIGHT, SHIFT, drag, key, press, wait_idle, wait_until

WAIT_S = 240.0


class Editor:
    """The hands, and what they see."""

    def __init__(self, window: MainWindow) -> None:
        self.window = window
        wait_until(lambda: window.controller.session is not None, WAIT_S)
        self.wait_idle()
        session = window.controller.session
        assert session is not None
        self.session: Session = session
        self.frame_count = window.model.state.frame_count

    def take_the_keyboard(self) -> None:
        """There is no window manager on a test's display to do this."""
        self.window.activateWindow()
        wait_until(self.window.isActiveWindow, WAIT_S)

    def wait_idle(self) -> None:
        wait_idle(self.window, WAIT_S)

    def slide_to(self, frame_index: int) -> None:
        """Click on the timeline."""
        timeline = self.window.timeline
        QTest.mouseClick(
            timeline, LEFT, pos=QPoint(round(timeline.x_of(frame_index)), timeline.height() // 2)
        )
        self.wait_idle()
        assert self.window.canvas.shown_frame == frame_index

    def masks(self) -> list[UInt8Array]:
        return [self.session.ids(frame_index) for frame_index in range(self.frame_count)]

    def propagated_frames(self) -> int:
        return len(self.window.timeline.propagated_frames)

    def is_enabled(self, name: str) -> bool:
        button = self.window.findChild(QAbstractButton, name)
        assert button is not None
        return button.isEnabled()

    def press_while_enabled(self, name: str) -> int:
        presses = 0
        while self.is_enabled(name):
            press(self.window, name)
            self.wait_idle()
            presses += 1
        return presses


def scribble_and_correct(editor: Editor) -> None:
    """Left adds, right removes, and a region keeps its outside."""
    canvas, session = editor.window.canvas, editor.session
    drag(canvas, [(130, 70), (140, 100), (150, 130), (190, 150)])
    editor.wait_idle()
    assert session.drafts == (0,)
    assert session.ids(0)[100, 140] == 1
    drag(canvas, [(300, 60), (330, 120), (340, 160)], RIGHT)
    editor.wait_idle()
    assert session.ids(0)[120, 330] == 0
    before = session.ids(0)
    drag(canvas, [(80, 60), (160, 120), (250, 200)], keys=CTRL)
    region = editor.window.model.state.region
    assert region is not None
    drag(canvas, [(120, 90), (150, 90)])
    editor.wait_idle()
    after = session.ids(0)
    changed = before != after
    changed[region.y0 : region.y1, region.x0 : region.x1] = False
    assert not changed.any(), "a region must not change anything outside"
    key(editor.window, Qt.Key.Key_Escape)
    assert editor.window.model.state.region is None


def undo_during_a_propagation(editor: Editor) -> None:
    """Undo ends the propagation and takes it back; redo brings back what it had done."""
    session = editor.session
    before = editor.masks()
    press(editor.window, "propagate")
    wait_until(lambda: editor.propagated_frames() >= 2, WAIT_S)
    press(editor.window, "undo")
    editor.wait_idle()
    assert (session.drafts, session.anchors, session.rounds) == ((0,), (), ())
    for ids, expected in zip(editor.masks(), before, strict=True):
        np.testing.assert_array_equal(ids, expected)
    press(editor.window, "redo")
    editor.wait_idle()
    assert (session.drafts, session.unfinished) == ((), (0,))
    assert len(session.rounds[-1].changed_frames) >= 2
    press(editor.window, "undo")
    editor.wait_idle()
    assert session.drafts == (0,)


def propagate_cancel_resume(editor: Editor) -> int:
    """Slide away first, press twice, cancel, resume; the draft stays where it was drawn."""
    editor.slide_to(5)
    press(editor.window, "propagate")
    assert not editor.is_enabled("propagate")
    press(editor.window, "propagate")
    key(editor.window, Qt.Key.Key_P)
    wait_until(lambda: editor.propagated_frames() >= 2, WAIT_S)
    press(editor.window, "cancel")
    editor.wait_idle()
    assert editor.session.anchors == (0,)
    cancelled_after = len(editor.session.rounds[-1].changed_frames)
    assert 2 <= cancelled_after < editor.frame_count - 1
    press(editor.window, "propagate")
    editor.wait_idle()
    assert editor.session.unfinished == ()
    assert {i for r in editor.session.rounds for i in r.changed_frames} >= set(range(1, editor.frame_count))
    return cancelled_after


def correct_elsewhere(editor: Editor) -> None:
    """A correction on another frame is propagated and fused with what was there."""
    frame_index = editor.frame_count - 3
    editor.slide_to(frame_index)
    before = editor.masks()
    key(editor.window, Qt.Key.Key_B)
    drag(editor.window.canvas, [(500, 300), (540, 330), (560, 360)])
    editor.wait_idle()
    assert editor.session.drafts == (frame_index,)
    press(editor.window, "propagate")
    editor.wait_idle()
    assert editor.session.anchors == (0, frame_index)
    np.testing.assert_array_equal(editor.session.ids(0), before[0], "an anchor is never changed")


def undo_all_and_redo_all(editor: Editor) -> int:
    """Everything goes back to the start and comes again, bit by bit."""
    end = editor.masks()
    undone = editor.press_while_enabled("undo")
    assert not any(ids.any() for ids in editor.masks())
    assert editor.press_while_enabled("redo") == undone
    for ids, expected in zip(editor.masks(), end, strict=True):
        np.testing.assert_array_equal(ids, expected)
    return undone


def go_through_the_history(editor: Editor) -> None:
    """Shift+H opens it; a click on the start empties every frame, one on the last step brings all back."""
    key(editor.window, Qt.Key.Key_H, SHIFT)
    view = editor.window.findChild(QListView, "history_list")
    assert view is not None
    last = view.model().rowCount() - 1
    assert last == editor.session.undo_count - editor.window.controller.initial_undo_count
    end = editor.masks()
    for row in (0, last):
        index = view.model().index(row, 0)
        view.scrollTo(index)
        QTest.mouseClick(view.viewport(), LEFT, pos=view.visualRect(index).center())
        editor.wait_idle()
        assert view.selectionModel().selectedIndexes() == [index]
        for ids, expected in zip(editor.masks(), end, strict=True):
            np.testing.assert_array_equal(ids, expected if row else np.zeros_like(expected))
    key(editor.window, Qt.Key.Key_H, SHIFT)


def export(editor: Editor, folder: Path) -> None:
    """Through the dialog, as an editor would."""

    def fill_in() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QDialog)
        line = dialog.findChild(QLineEdit, "export_folder")
        start = dialog.findChild(QAbstractButton, "export_start")
        assert line is not None
        assert start is not None
        line.setText(str(folder))
        QTest.mouseClick(start, LEFT)

    QTimer.singleShot(300, fill_in)
    press(editor.window, "export")
    editor.wait_idle()
    editor.take_the_keyboard()
    for frame_index, ids in enumerate(editor.masks()):
        written = cv2.imread(str(folder / f"{frame_index:05d}.png"))
        assert written is not None
        np.testing.assert_array_equal(written.any(axis=2), ids > 0)


def reset_then_propagate(editor: Editor) -> None:
    """A frame that was reset has nothing to propagate."""
    editor.slide_to(2)
    key(editor.window, Qt.Key.Key_R, CTRL)
    editor.wait_idle()
    assert not editor.session.ids(2).any()
    press(editor.window, "propagate")
    editor.wait_idle()
    assert editor.window.banner.text == "Draw on a frame before propagating."


def main(clip: str, folder: Path) -> None:
    """Do the whole job."""
    options = parse([clip, "--working-size", "96", "--device", "cpu"])
    application, window = app.open_window(options)
    window.resize(1280, 720)
    sys.excepthook = sys.__excepthook__  # here an error must end the job, not become a banner
    editor = Editor(window)
    editor.take_the_keyboard()
    scribble_and_correct(editor)
    undo_during_a_propagation(editor)
    cancelled_after = propagate_cancel_resume(editor)
    correct_elsewhere(editor)
    undone = undo_all_and_redo_all(editor)
    go_through_the_history(editor)
    export(editor, folder / "masks")
    window.files.save_script(folder / "work.json")
    assert window.grab().save(str(folder / "window.png"))
    reset_then_propagate(editor)
    window.close_without_asking()
    print(
        json.dumps({"platform": application.platformName(), "undone": undone, "cancelled": cancelled_after})
    )


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
