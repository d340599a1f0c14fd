"""The history: its rows are the session's steps, and a click on one undoes or redoes up to there."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import numpy as np
import pytest
from PyQt5.QtCore import QModelIndex, Qt
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication, QListView

from gui.main_window import MainWindow
from gui.panels.history_panel import HistoryModel, HistoryPanel
from inference_core.types import HistoryEntry
from mivos_studio.project.steps import Draw, Redo, Undo
from tests.gui.conftest import OpenWindow
from tests.gui.fake_projects import FakeProjects
from tests.gui.fake_session import FRAME_COUNT, FakeSession
from tests.gui.gestures import LEFT, SHIFT, drag, key, press, scribble, wait_idle, wait_until


@pytest.fixture
def projects(session: FakeSession) -> FakeProjects:
    return FakeProjects(session.clip)


@pytest.fixture
def window(open_window: OpenWindow, session: FakeSession, projects: FakeProjects) -> MainWindow:
    window = open_window(session, projects=projects)
    key(window, Qt.Key.Key_H, SHIFT)
    return window


def history(window: MainWindow) -> QListView:
    found = window.findChild(QListView, "history_list")
    assert found is not None
    return found


def rows(window: MainWindow) -> list[str]:
    """The texts of the rows; the current one ends with a star, undone ones with a minus sign."""
    view = history(window)
    model, selected = view.model(), view.selectionModel().selectedIndexes()
    assert len(selected) == 1
    return [
        f"{model.data(index)}{'*' if index == selected[0] else ''}{'-' if is_undone(index) else ''}"
        for index in (model.index(row, 0) for row in range(model.rowCount()))
    ]


def is_undone(index: QModelIndex) -> bool:
    is_grey = index.data(Qt.ItemDataRole.ForegroundRole) is not None
    font = index.data(Qt.ItemDataRole.FontRole)
    assert is_grey == (font is not None and font.italic())
    return is_grey


def click(window: MainWindow, row: int) -> None:
    view = history(window)
    index = view.model().index(row, 0)
    view.scrollTo(index)
    QTest.mouseClick(view.viewport(), LEFT, pos=view.visualRect(index).center())


def paint_thrice(window: MainWindow) -> None:
    for x in (10, 40, 70):
        drag(window.canvas, [(x, 20)])
        wait_idle(window)


def test_the_history_is_hidden_until_it_is_opened_and_stays_open_for_the_next_clip(
    open_window: OpenWindow, session: FakeSession
) -> None:
    window = open_window(session)
    panel = window.panel(HistoryPanel)
    assert not panel.isVisible()
    window.actions_by_name["show_history"].trigger()
    assert panel.isVisible()
    assert window.actions_by_name["show_history"].isChecked()
    window.open(None)
    wait_until(lambda: window.windowTitle().startswith("Sample clip"))
    assert panel.isVisible()
    window.actions_by_name["show_history"].trigger()
    assert not panel.isVisible()


def test_each_step_is_a_row_with_its_name_and_the_last_one_done_is_marked(window: MainWindow) -> None:
    assert rows(window) == ["Start*"]
    scribble(window)
    press(window, "add_object")
    wait_idle(window)
    assert rows(window) == ["Start", "Scribble on Object 1", "Add object Object 2*"]
    press(window, "undo")
    wait_idle(window)
    assert rows(window) == ["Start", "Scribble on Object 1*", "Add object Object 2-"]
    window.edit.set_name(1, "Dog")
    wait_idle(window)
    assert rows(window) == ["Start", "Scribble on Object 1", "Rename Object 1 to Dog*"]


def test_the_rows_are_there_when_the_history_is_opened_later(
    open_window: OpenWindow, session: FakeSession
) -> None:
    window = open_window(session)
    scribble(window)
    key(window, Qt.Key.Key_H, SHIFT)
    assert rows(window) == ["Start", "Scribble on Object 1*"]


def test_steps_before_the_users_first_are_no_rows_and_cannot_be_undone(
    window: MainWindow, session: FakeSession
) -> None:
    session.add_object("Given")
    opened = window.controller.opened
    assert opened is not None
    window.controller._on_opened(type(opened)(session, "fake", initial_undo_count=1))
    scribble(window)
    assert rows(window) == ["Start", "Scribble on Object 1*"]
    click(window, 0)
    wait_idle(window)
    assert rows(window) == ["Start*", "Scribble on Object 1-"]
    assert session.undo_count == 1


def test_a_click_goes_to_its_step_as_one_command_that_is_saved_once(
    window: MainWindow, session: FakeSession, projects: FakeProjects
) -> None:
    paint_thrice(window)
    project, end = projects.made[0], session.ids(0)
    before = project.saves
    click(window, 1)
    wait_idle(window)
    assert session.undo_count == 1
    assert project.saves == before + 1
    assert session.ids(0)[20, 40] == 0
    click(window, 3)
    wait_idle(window)
    np.testing.assert_array_equal(session.ids(0), end)
    assert project.saves == before + 2
    assert [type(step) for step in project.steps] == [Draw] * 3 + [Undo] * 2 + [Redo] * 2


def test_a_click_on_the_current_step_does_nothing(window: MainWindow, session: FakeSession) -> None:
    paint_thrice(window)
    calls = list(session.calls)
    click(window, 3)
    wait_idle(window)
    assert session.calls == calls


def test_the_mark_stays_where_the_project_can_only_be_looked_at(
    window: MainWindow, session: FakeSession, projects: FakeProjects
) -> None:
    paint_thrice(window)
    projects.made[0].is_read_only = True
    click(window, 1)
    wait_idle(window)
    assert "can only be looked at" in window.banner.text
    assert session.undo_count == 3
    assert rows(window)[3].endswith("*")


def test_a_click_during_a_propagation_ends_it_and_goes_there(open_window: OpenWindow) -> None:
    gate = threading.Semaphore(3)
    session = FakeSession(gate=gate)
    window = open_window(session)
    key(window, Qt.Key.Key_H, SHIFT)
    scribble(window)
    press(window, "propagate")
    wait_until(lambda: len(window.timeline.propagated_frames) == 3)
    assert rows(window) == ["Start", "Scribble on Object 1", "Propagate*"]
    click(window, 0)
    gate.release(100)
    wait_idle(window)
    assert rows(window) == ["Start*", "Scribble on Object 1-", "Propagate-"]
    assert not any(session.ids(i).any() for i in range(FRAME_COUNT))
    assert sum(call.startswith("propagate") for call in session.calls) == 1
    click(window, 2)
    wait_idle(window)
    assert all(session.ids(i).any() for i in range(4))


def test_a_stroke_that_replaces_undone_steps_wins_over_a_click_on_one_of_them(
    window: MainWindow, session: FakeSession
) -> None:
    paint_thrice(window)
    click(window, 1)
    wait_idle(window)
    drag(window.canvas, [(40, 40)])
    window.edit.go_to_step(3)  # clicked before the stroke is shown
    wait_idle(window)
    assert [step.is_undone for step in session.history] == [False, False]
    assert session.ids(0)[40, 40] == 1


def entries(count: int, undone: int = 0) -> tuple[HistoryEntry, ...]:
    return tuple(HistoryEntry(f"step {i}", float(i), (i,), i >= count - undone) for i in range(count))


def test_one_more_step_among_thousands_inserts_one_row(application: QApplication) -> None:
    model = HistoryModel()
    model.set_steps(entries(5000), 5000)
    changes: list[tuple[str, int, int]] = []
    model.rowsInserted.connect(lambda _, first, last: changes.append(("inserted", first, last)))
    model.rowsRemoved.connect(lambda _, first, last: changes.append(("removed", first, last)))
    model.modelReset.connect(lambda: changes.append(("reset", 0, 0)))
    model.set_steps(entries(5001), 5001)
    assert changes == [("inserted", 5001, 5001)]
    changes.clear()
    model.set_steps(entries(5001, undone=3), 4998)
    assert changes == []
    model.set_steps((*entries(4998), HistoryEntry("other", 9.0, (), is_undone=False)), 4999)
    assert changes == [("removed", 4999, 5001), ("inserted", 4999, 4999)]
    assert model.rowCount() == 5000


def test_no_row_is_a_widget_and_the_marked_one_is_scrolled_to(application: QApplication) -> None:
    panel = HistoryPanel()
    panel.resize(260, 200)
    panel.show()
    panel.set_steps(entries(3000), 3000)
    view = panel.findChild(QListView, "history_list")
    assert view is not None
    assert view.viewport().children() == []
    assert view.indexAt(view.viewport().rect().center()).row() > 2980
    panel.close()


@pytest.mark.parametrize(
    ("frames", "named"),
    [
        ((), "(14:03:09)"),
        ((3,), "(frame 3, 14:03:09)"),
        ((3, 4, 5, 9), "(frames 3–5, 9, 14:03:09)"),
        (tuple(range(0, 20, 2)), "(frames 0, 2, 4, 6, 8 …, 14:03:09)"),
    ],
)
def test_a_tooltip_has_name_frames_and_time_as_plain_text(
    application: QApplication, frames: tuple[int, ...], named: str
) -> None:
    local = datetime(2025, 3, 4, 14, 3, 9).astimezone(UTC)
    model = HistoryModel()
    model.set_steps((HistoryEntry("scribble on <b>Dog", local.timestamp(), frames, is_undone=False),), 1)
    shown = model.data(model.index(1), Qt.ItemDataRole.ToolTipRole)
    assert shown == f"<p>Scribble on &lt;b&gt;Dog {named}</p>"
