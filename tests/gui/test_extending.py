"""An action and a panel that are defined here alone: one entry each, and the window has them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PyQt5 import sip
from PyQt5.QtCore import Qt, QTimer
from PyQt5.QtWidgets import QApplication, QDialog, QLabel, QMenu, QToolButton, QVBoxLayout, QWidget

from gui.actions.conditions import has_session
from gui.actions.registry import ACTIONS
from gui.actions.spec import ActionSpec
from gui.main_window import MainWindow
from gui.panels.object_panel import ObjectPanel
from gui.panels.registry import PANELS
from gui.panels.spec import PanelContext, PanelSpec, Place
from gui.panels.tool_panel import action_button
from gui.state.overlay import ViewMode
from gui.worker.backend import Backend
from gui.worker.worker import OpenedSession
from tests.gui.fake_session import FRAME_COUNT, FakeSession
from tests.gui.gestures import ALT, drag, key, press, wait_idle, wait_until
from tests.project import PROJECT

MATTES = ActionSpec(
    "mattes_of_all", "Mattes of all", "View", lambda window: window.navigator.set_view_mode(ViewMode.MATTE),
    ("Alt+M",), "Every object white", has_session,
    checked=lambda context: context.view.view_mode is ViewMode.MATTE, group="toy",
)  # fmt: skip


def build_counts(context: PanelContext) -> QWidget:
    window, panel, label = context.window, QWidget(), QLabel()
    panel.setObjectName("counts")
    label.setObjectName("counts_text")
    column = QVBoxLayout(panel)
    column.addWidget(label)
    column.addWidget(action_button(context.actions["mattes_of_all"], "mattes_of_all"))

    def update(*_: object) -> None:
        session, view = window.session.state, window.model.state
        label.setText(
            f"{len(session.objects)} objects, {len(session.marks.drafts)} drafts, at {view.frame_index}"
        )

    window.session.changed.connect(update)
    window.model.changed.connect(update)
    update()
    return panel


COUNTS = PanelSpec("counts", Place.SIDE, build_counts)


OpenExtended = Callable[[ActionSpec, PanelSpec], MainWindow]


@pytest.fixture
def extended(application: QApplication, session: FakeSession) -> Iterator[OpenExtended]:
    """A window with one more action and one more panel."""
    windows: list[MainWindow] = []

    def made(action: ActionSpec, panel: PanelSpec) -> MainWindow:
        backend = Backend(lambda path, report: session.clip, lambda *_: OpenedSession(session, "fake"))
        window = MainWindow(backend, actions=(*ACTIONS, action), panels=(*PANELS, panel))
        windows.append(window)
        window.resize(1000, 700)
        window.show()
        return window

    yield made
    for window in windows:
        window.close_without_asking()
        sip.delete(window)


@pytest.fixture
def window(extended: OpenExtended) -> MainWindow:
    return extended(MATTES, COUNTS)


def example(section: str) -> str:
    """Return the code of a section of docs/extending.md."""
    page = (PROJECT / "docs" / "extending.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {section}$.*?^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert found is not None, section
    return found[1]


def open_clip(window: MainWindow, session: FakeSession) -> None:
    window.open(Path("clip.mp4"))
    wait_until(lambda: window.controller.session is session and window.canvas.shown_frame == 0)


def counts(window: MainWindow) -> str:
    label = window.findChild(QLabel, "counts_text")
    assert label is not None
    return label.text()


def texts_of_shortcut_sheet(window: MainWindow) -> list[str]:
    found: list[str] = []

    def read() -> None:
        sheet = QApplication.activeModalWidget()
        assert isinstance(sheet, QDialog)
        found.extend(label.text() for label in sheet.findChildren(QLabel))
        sheet.reject()

    QTimer.singleShot(0, read)
    window.actions_by_name["shortcuts"].trigger()
    return found


def test_the_action_is_in_its_menu_on_the_shortcut_sheet_and_has_its_tooltip(window: MainWindow) -> None:
    (menu,) = (menu for menu in window.menuBar().findChildren(QMenu) if menu.title() == "View")
    assert menu.actions()[-1].text() == "Mattes of all"
    assert menu.actions()[-2].isSeparator()
    texts = texts_of_shortcut_sheet(window)
    assert texts[texts.index("Mattes of all") - 1] == "Alt+M"
    button = window.findChild(QToolButton, "mattes_of_all")
    assert button is not None
    assert button.toolTip() == "Every object white (Alt+M)"


def test_the_action_runs_by_key_and_button_and_follows_the_state(
    window: MainWindow, session: FakeSession
) -> None:
    action = window.actions_by_name["mattes_of_all"]
    assert not action.isEnabled()
    open_clip(window, session)
    assert action.isEnabled()
    assert not action.isChecked()
    key(window, Qt.Key.Key_M, ALT)
    assert window.model.state.view_mode is ViewMode.MATTE
    assert action.isChecked()
    press(window, "mattes_of_all")
    assert action.isChecked(), "the view is still the matte"
    window.navigator.set_view_mode(ViewMode.SOURCE)
    assert not action.isChecked()
    press(window, "mattes_of_all")
    assert window.model.state.view_mode is ViewMode.MATTE


def test_the_panel_is_placed_and_follows_session_and_view(window: MainWindow, session: FakeSession) -> None:
    panel, objects = window.findChild(QWidget, "counts"), window.panel(ObjectPanel)
    assert panel is not None
    assert panel.isVisible()
    assert panel.parent() is objects.parent()
    assert panel.y() > objects.y()
    assert counts(window) == "0 objects, 0 drafts, at 0"
    open_clip(window, session)
    assert counts(window) == "1 objects, 0 drafts, at 0"
    drag(window.canvas, [(20, 20)])
    wait_idle(window)
    assert counts(window) == "1 objects, 1 drafts, at 0"
    window.navigator.go_to(3)
    assert counts(window) == "1 objects, 1 drafts, at 3"
    press(window, "undo")
    wait_idle(window)
    assert counts(window) == "1 objects, 0 drafts, at 3"


def test_the_documented_examples_work(extended: OpenExtended, session: FakeSession) -> None:
    action = eval(example("An action"), {"ActionSpec": ActionSpec, "has_session": has_session})
    module = {"PanelContext": PanelContext, "QLabel": QLabel}
    exec(example("A panel"), module)
    window = extended(action, PanelSpec("drafts", Place.SIDE, module["build"]))
    assert not window.actions_by_name["go_to_middle"].isEnabled()
    open_clip(window, session)
    key(window, Qt.Key.Key_M)
    assert window.model.state.frame_index == FRAME_COUNT // 2
    wait_idle(window)
    drag(window.canvas, [(20, 20)])
    wait_idle(window)
    label = window.findChild(QLabel, "drafts")
    assert label is not None
    assert label.isVisible()
    assert label.text() == "1 drafts"


@pytest.mark.parametrize("section", ["An action", "A panel"])
def test_a_documented_example_is_short(section: str) -> None:
    assert len(example(section).splitlines()) <= 20
