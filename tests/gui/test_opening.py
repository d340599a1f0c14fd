"""One clip after the other: the one that is open stays until the next is there, however long that takes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QMessageBox

from gui.main_window import MainWindow
from gui.worker.file_opener import OpenClip
from mivos_studio.media.errors import MediaError
from tests.gui.conftest import OpenWindow
from tests.gui.fake_session import FakeClip, FakeSession
from tests.gui.gestures import (
    click_dialog_button,
    press,
    scribble,
    status,
    unnamed_dialog,
    wait_until,
)


class Disk:
    """Opens clip.mp4 at once, slow.mp4 when it is let go, and broken.mp4 never."""

    def __init__(self, clip: FakeClip) -> None:
        self.clip = clip
        self.is_let_go = threading.Event()
        self.opened: list[str] = []

    def open(self, path: Path | None, report: Callable[[str], None]) -> FakeClip:
        assert path is not None
        if path.name == "slow.mp4":
            assert self.is_let_go.wait(20)
        if path.name == "broken.mp4":
            raise MediaError("There is no video in broken.mp4.")
        self.opened.append(path.name)
        return self.clip


@pytest.fixture
def disk(session: FakeSession) -> Iterator[Disk]:
    made = Disk(session.clip)
    yield made
    made.is_let_go.set()


@pytest.fixture
def window(open_window: OpenWindow, session: FakeSession, disk: Disk) -> MainWindow:
    opener: OpenClip = disk.open  # type: ignore[assignment]
    return open_window(session, open_clip=opener)


def test_a_clip_that_opens_slowly_does_not_block_opening_another(window: MainWindow, disk: Disk) -> None:
    window.open(Path("slow.mp4"))
    window.open(Path("other.mp4"))
    wait_until(lambda: window.windowTitle().startswith("other.mp4"))
    disk.is_let_go.set()
    wait_until(lambda: "slow.mp4" in disk.opened)
    QTest.qWait(50)
    assert window.windowTitle().startswith("other.mp4"), "what came too late was not wanted any more"


def test_the_current_clip_can_be_edited_while_another_is_being_opened(
    window: MainWindow, session: FakeSession
) -> None:
    window.open(Path("slow.mp4"))
    assert status(window) == "Opening the clip …"
    scribble(window)
    assert session.drafts == (0,)
    assert window.windowTitle().startswith("clip.mp4")
    assert status(window) == "Opening the clip …"


def test_opening_can_be_cancelled_and_the_current_clip_stays(window: MainWindow, disk: Disk) -> None:
    before = window.controller.session
    window.open(Path("slow.mp4"))
    press(window, "cancel")
    assert status(window) == "Ready"
    assert not window.actions_by_name["cancel"].isEnabled()
    disk.is_let_go.set()
    wait_until(lambda: "slow.mp4" in disk.opened)
    QTest.qWait(50)
    assert window.controller.session is before
    scribble(window)


def test_strokes_drawn_while_a_clip_was_being_opened_open_the_dialog(
    window: MainWindow, session: FakeSession, disk: Disk
) -> None:
    window.files.clip_chosen.emit(Path("slow.mp4"))
    assert unnamed_dialog(window) is None
    scribble(window)
    disk.is_let_go.set()
    wait_until(lambda: unnamed_dialog(window) is not None)
    click_dialog_button(window, QMessageBox.StandardButton.Cancel)
    assert window.windowTitle().startswith("clip.mp4")
    assert session.drafts == (0,)
    assert status(window) == "Ready"


def test_work_discarded_for_a_clip_that_cannot_be_opened_is_asked_about_again(window: MainWindow) -> None:
    scribble(window)
    window.files.clip_chosen.emit(Path("broken.mp4"))
    click_dialog_button(window, QMessageBox.StandardButton.Discard)
    wait_until(lambda: "no video" in window.banner.text)
    assert status(window) == "Ready"
    assert not window.close()
    click_dialog_button(window, QMessageBox.StandardButton.Cancel)


def test_a_clip_opened_after_the_window_was_closed_is_not_shown(window: MainWindow, disk: Disk) -> None:
    window.open(Path("slow.mp4"))
    threading.Timer(0.1, disk.is_let_go.set).start()
    window.close_without_asking()
    wait_until(lambda: "slow.mp4" in disk.opened)
    QTest.qWait(50)
    assert window.windowTitle().startswith("clip.mp4")
    assert window.controller.session is None
    window.open(Path("other.mp4"))
    QTest.qWait(50)
    assert "other.mp4" not in disk.opened


def questions(window: MainWindow) -> int:
    return sum(box.isVisible() for box in window.findChildren(QMessageBox, "unnamed_dialog"))


def opening_while_asked(window: MainWindow, disk: Disk) -> None:
    """Draw while another clip is being opened, close, and let that clip arrive while the question is open."""
    window.open(Path("slow.mp4"))
    scribble(window)
    assert not window.close()
    assert questions(window) == 1
    disk.is_let_go.set()
    wait_until(lambda: "slow.mp4" in disk.opened)
    QTest.qWait(100)


def test_a_clip_opened_while_the_dialog_is_open_waits_until_it_is_closed(
    window: MainWindow, disk: Disk
) -> None:
    opening_while_asked(window, disk)
    assert questions(window) == 1
    click_dialog_button(window, QMessageBox.StandardButton.Cancel)
    assert window.windowTitle().startswith("clip.mp4")
    assert questions(window) == 1, "asked again, for the clip"
    click_dialog_button(window, QMessageBox.StandardButton.Discard)
    wait_until(lambda: window.windowTitle().startswith("slow.mp4"))


def test_a_clip_opened_while_the_dialog_is_open_does_not_prevent_closing(
    window: MainWindow, disk: Disk
) -> None:
    opening_while_asked(window, disk)
    click_dialog_button(window, QMessageBox.StandardButton.Discard)
    assert not window.isVisible()
    assert questions(window) == 0


def test_closing_twice_asks_once(window: MainWindow) -> None:
    scribble(window)
    assert not window.close()
    assert not window.close()
    assert questions(window) == 1
    click_dialog_button(window, QMessageBox.StandardButton.Cancel)
    assert questions(window) == 0
    assert window.isVisible()
