"""Projects in the window: saved with every command, opened as they were, refused, recovered."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PyQt5.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PyQt5.QtGui import QDragEnterEvent, QDropEvent
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QAbstractButton, QDialog, QFileDialog, QLabel, QListWidget, QMenu, QToolButton

from gui.main_window import MainWindow
from gui.panels.dialogs import clip_dialog
from gui.panels.dialogs import recovery_dialog as recovery
from gui.panels.dialogs.unnamed_dialog import SAVE
from gui.state.overlay import ViewMode
from gui.state.saved_view import written_view
from gui.state.view_state import ViewState, Zoom
from gui.worker.project_saver import ProjectSaver
from gui.worker.shutdown import StoppableThread, running_threads
from gui.worker.unnamed_finder import UnnamedFinder
from inference_core.types import Tool
from mivos_studio.project.steps import Draw, SetColour
from mivos_studio.project.unnamed import UnnamedProject
from tests.gui.conftest import OpenWindow
from tests.gui.controllers.conftest import KOI, choose_name
from tests.gui.fake_projects import RECOVERY, FakeProject, FakeProjects
from tests.gui.fake_session import SIZE, FakeSession
from tests.gui.gestures import (
    CTRL,
    click_dialog_button,
    dialog_named,
    key,
    press,
    scribble,
    wait_idle,
    wait_until,
)


def open_project(window: MainWindow, path: Path = KOI) -> None:
    window.open(path)
    wait_until(lambda: window.windowTitle().startswith(path.stem) and window.controller.session is not None)
    wait_idle(window)


# -- saving -------------------------------------------------------------------------------------------------


def test_every_command_that_changes_something_is_saved_before_it_counts_as_done(
    window: MainWindow, projects: FakeProjects, session: FakeSession
) -> None:
    project = projects.made[0]
    assert project.saves == 0
    for done in (1, 2):
        scribble(window)
        assert project.saves == done
        assert project.versions[-1] == session.version
    assert [type(step) for step in project.steps] == [Draw, Draw]
    press(window, "undo")
    wait_idle(window)
    assert project.saves == 3


def test_a_propagation_is_saved_while_it_runs_and_at_its_end(
    open_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ProjectSaver, "is_due", lambda self: True)
    gate = threading.Semaphore(3)
    session = FakeSession(gate=gate)
    projects = FakeProjects(session.clip)
    window = open_window(session, projects=projects)
    scribble(window)
    project = projects.made[0]
    press(window, "propagate")
    wait_until(lambda: project.saves >= 3)
    assert len(project.steps) == 1, "the propagation's step comes at its end"
    gate.release(100)
    wait_idle(window)
    assert project.versions[-1] == session.version
    assert [step.verb for step in project.steps] == ["scribble", "propagate"]


def test_a_propagation_is_saved_at_most_every_half_second(open_window: OpenWindow) -> None:
    session = FakeSession()
    projects = FakeProjects(session.clip)
    window = open_window(session, projects=projects)
    scribble(window)
    press(window, "propagate")
    wait_idle(window)
    assert projects.made[0].saves <= 3, "after the stroke, once at most meanwhile, and at the end"


def test_a_save_that_fails_is_shown_work_goes_on_and_the_next_save_writes_all(
    window: MainWindow, projects: FakeProjects, session: FakeSession
) -> None:
    project = projects.made[0]
    project.failure = "The project cannot be saved, since its disk is full: free some space there."
    scribble(window)
    assert window.banner.text == project.failure
    project.failure = ""
    scribble(window)
    assert session.undo_count == 2
    assert [step.verb for step in project.steps] == ["scribble", "scribble"]
    assert window.banner.text == "Everything is saved again."


def test_a_failure_during_a_propagation_is_shown_once(
    open_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ProjectSaver, "is_due", lambda self: True)
    session = FakeSession()
    projects = FakeProjects(session.clip)
    window = open_window(session, projects=projects)
    shown: list[str] = []
    window.messages.error.connect(shown.append)
    scribble(window)
    projects.made[0].failure = "The disk is full."
    press(window, "propagate")
    wait_idle(window)
    assert shown == ["The disk is full."] * 2, "as it begins to fail, and at the end"
    assert window.banner.text == "The disk is full.", "nothing has been saved meanwhile"


def test_ctrl_s_asks_for_a_name_once_and_then_saves_there(
    window: MainWindow, projects: FakeProjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    scribble(window)
    choose_name(monkeypatch, Path("/work/koi"))
    key(window, Qt.Key.Key_S, CTRL)
    wait_idle(window)
    assert projects.made[0].path == KOI, "the ending is added"
    assert window.banner.text == f"All your work is in {KOI}."
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: pytest.fail("asked again"))
    key(window, Qt.Key.Key_S, CTRL)
    wait_idle(window)
    assert projects.recents == [KOI]


def test_the_title_marks_work_without_a_name_until_it_has_one(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert window.windowTitle() == "clip.mp4[*] – MiVOS Studio"
    assert not window.isWindowModified()
    scribble(window)
    assert window.isWindowModified()
    choose_name(monkeypatch, KOI)
    window.parts.projects.ask_where_to_save()
    wait_idle(window)
    assert window.windowTitle() == "koi[*] – MiVOS Studio"
    assert not window.isWindowModified()
    scribble(window)
    assert not window.isWindowModified()


def test_collecting_needs_a_name_and_then_copies(
    window: MainWindow, projects: FakeProjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "/other")
    window.parts.projects.ask_where_to_collect()
    assert window.banner.text == "Give the project a name first: File, Save project as…"
    choose_name(monkeypatch, KOI)
    window.parts.projects.ask_where_to_save()
    wait_idle(window)
    window.parts.projects.ask_where_to_collect()
    wait_idle(window)
    assert window.banner.text == "The project and its clip are in /other."


# -- opening ------------------------------------------------------------------------------------------------


def test_a_project_opens_with_frame_object_tool_visibility_and_zoom_as_they_were(
    window: MainWindow, projects: FakeProjects, session: FakeSession
) -> None:
    session.add_object("Cat")
    state = ViewState.for_clip(12, SIZE).at_frame(5).with_visibility(1, is_visible=False)
    saved = {
        **written_view(state, Zoom(7.0, (30.0, 20.0))),
        "tool": "brush",
        "object": 2,
        "view_mode": "matte",
    }
    projects.add(KOI, view=saved)
    open_project(window)
    shown = window.model.state
    assert (shown.frame_index, shown.object_id, shown.tool) == (5, 2, Tool.BRUSH)
    assert shown.hidden == {1}
    assert shown.view_mode is ViewMode.MATTE
    zoom = window.canvas.zoom_state
    assert zoom is not None
    assert zoom.scale == 7.0
    assert zoom.centre == pytest.approx((30, 20), abs=0.2)


def test_notices_of_a_project_are_shown(window: MainWindow, projects: FakeProjects) -> None:
    projects.add(KOI).notices = ("koi.mivos was not closed by process 7.",)
    open_project(window)
    assert window.banner.text == "koi.mivos was not closed by process 7."


def test_a_read_only_project_refuses_strokes_until_it_is_saved_under_another_name(
    window: MainWindow, projects: FakeProjects, session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = projects.add(KOI, is_read_only=True)
    open_project(window)
    assert window.windowTitle() == "koi (read-only)[*] – MiVOS Studio"
    scribble(window)
    assert session.drafts == ()
    assert "koi.mivos can only be looked at" in window.banner.text
    choose_name(monkeypatch, Path("/work/mine.mivos"))
    window.parts.projects.save()
    wait_idle(window)
    scribble(window)
    assert session.drafts == (0,)
    assert project.path == Path("/work/mine.mivos")


def test_the_project_that_is_open_is_not_opened_again(window: MainWindow, projects: FakeProjects) -> None:
    project = projects.add(KOI)
    open_project(window)
    window.parts.projects.file_chosen.emit(KOI)
    assert window.banner.text == "koi is open already."
    assert not project.is_closed


def test_a_project_that_is_open_is_found_so_by_any_link(
    window: MainWindow, projects: FakeProjects, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    project = projects.add(tmp_path / "koi.mivos")
    open_project(window, project.path)
    window.parts.projects.file_chosen.emit(tmp_path / "link" / "koi.mivos")
    assert window.banner.text == "koi is open already."
    assert not project.is_closed


def test_work_that_is_saved_as_the_project_to_be_opened_stays_open(
    window: MainWindow, projects: FakeProjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    projects.add(KOI)
    scribble(window)
    choose_name(monkeypatch, KOI)
    window.parts.projects.file_chosen.emit(KOI)
    click_dialog_button(window, SAVE)
    wait_until(lambda: window.banner.text == "koi is open already.")
    wait_idle(window)
    assert window.parts.projects.project is projects.made[0]
    assert projects.made[0].path == KOI
    scribble(window)


def test_a_project_whose_clip_is_gone_opens_with_the_one_that_is_chosen(
    window: MainWindow, projects: FakeProjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    projects.add(KOI)
    projects.has_clip = False
    window.parts.projects.file_chosen.emit(KOI)
    wait_until(lambda: dialog_named(window, "clip_dialog") is not None)
    box = dialog_named(window, "clip_dialog")
    assert box is not None
    assert "is not at clip.mp4" in box.text()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("/moved/clip.mp4", ""))
    click_dialog_button(window, clip_dialog.VIDEO, "clip_dialog")
    wait_until(lambda: window.windowTitle().startswith("koi"))


@pytest.mark.parametrize("is_used", [True, False])
def test_another_clip_is_used_only_if_the_user_says_so(
    window: MainWindow, projects: FakeProjects, is_used: bool
) -> None:
    project = projects.add(KOI)
    projects.is_same_clip = False
    window.parts.projects.file_chosen.emit(KOI)
    wait_until(lambda: dialog_named(window, "clip_dialog") is not None)
    box = dialog_named(window, "clip_dialog")
    assert box is not None
    assert box.text() == "clip.mp4 is not the clip that “koi” was made on."
    click_dialog_button(window, clip_dialog.USE if is_used else clip_dialog.CANCEL, "clip_dialog")
    if is_used:
        wait_until(lambda: window.windowTitle().startswith("koi"))
    else:
        assert project.is_closed
        assert window.windowTitle().startswith("clip.mp4")


def test_a_project_that_is_not_switched_to_is_closed(window: MainWindow, projects: FakeProjects) -> None:
    project = projects.add(KOI)
    window.open(KOI)
    scribble(window)
    wait_until(lambda: dialog_named(window, "unnamed_dialog") is not None)
    box = dialog_named(window, "unnamed_dialog")
    assert box is not None
    box.reject()
    wait_until(lambda: project.is_closed)


def test_recent_projects_are_in_the_menu_and_open(window: MainWindow, projects: FakeProjects) -> None:
    projects.add(KOI)
    projects.recents = [KOI, Path("/work/pond & co.mivos")]
    menu = window.actions_by_name["open_recent"].menu()
    assert isinstance(menu, QMenu)
    menu.aboutToShow.emit()
    assert [entry.text() for entry in menu.actions()] == ["koi", "pond && co"]
    menu.actions()[0].trigger()
    wait_until(lambda: window.windowTitle().startswith("koi"))


# -- what an earlier run left -------------------------------------------------------------------------------


def recovery_dialog(window: MainWindow) -> QDialog | None:
    shown = [each for each in window.findChildren(QDialog, "recovery_dialog") if each.isVisible()]
    return shown[0] if shown else None


def press_in(dialog: QDialog, name: str) -> None:
    button = dialog.findChild(QAbstractButton, name)
    assert button is not None
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def leave(projects: FakeProjects, name: str) -> FakeProject:
    project = projects.add(RECOVERY / f"{name}.mivos")
    projects.left.append(UnnamedProject(project.path, f"{name}.mp4", 1.7e9, 12, 2_300_000_000))
    return project


def test_work_that_a_crash_left_is_offered_and_opened(window: MainWindow, projects: FakeProjects) -> None:
    left = leave(projects, "pond")
    window.parts.projects.offer_unnamed()
    wait_until(lambda: recovery_dialog(window) is not None)
    dialog = recovery_dialog(window)
    assert dialog is not None
    listed = dialog.findChild(QListWidget, "recovery_list")
    assert listed is not None
    text = listed.item(0).text()
    assert text.startswith("pond.mp4 – ")
    assert text.endswith(" – 12 strokes – 2.3 GB")
    press_in(dialog, "recovery_open")
    wait_until(lambda: window.parts.projects.project is left)
    assert window.windowTitle().startswith("clip.mp4"), "it has no name yet"


def offered(window: MainWindow) -> tuple[QDialog, QListWidget]:
    """Have the work that was left offered; return the dialog and its list."""
    window.parts.projects.offer_unnamed()
    wait_until(lambda: recovery_dialog(window) is not None)
    dialog = recovery_dialog(window)
    assert dialog is not None
    listed = dialog.findChild(QListWidget, "recovery_list")
    assert listed is not None
    return dialog, listed


def text_of(dialog: QDialog) -> str:
    label = dialog.findChild(QLabel, "recovery_text")
    assert label is not None
    return label.text()


def test_later_leaves_it_and_delete_removes_it_once_it_is_confirmed(
    window: MainWindow, projects: FakeProjects
) -> None:
    for name in ("pond", "koi"):
        leave(projects, name)
    dialog, listed = offered(window)
    assert text_of(dialog).endswith("It takes 4.6 GB.")
    press_in(dialog, "recovery_discard")
    box = dialog_named(window, "delete_dialog")
    assert box is not None
    assert box.informativeText().startswith("pond.mp4 – ")
    assert box.informativeText().endswith(" – 12 strokes – 2.3 GB\n\nIt cannot be brought back.")
    click_dialog_button(window, recovery.KEEP, "delete_dialog")
    assert projects.discarded == []
    assert listed.count() == 2
    press_in(dialog, "recovery_discard")
    click_dialog_button(window, recovery.DELETE, "delete_dialog")
    assert projects.discarded == [RECOVERY / "pond.mivos"]
    assert listed.count() == 1
    assert text_of(dialog).endswith("It takes 2.3 GB.")
    press_in(dialog, "recovery_later")
    assert projects.discarded == [RECOVERY / "pond.mivos"]
    assert recovery_dialog(window) is None
    assert window.banner.text == ""


def test_a_window_that_is_closed_at_its_first_paint_offers_nothing_any_more(
    window: MainWindow, projects: FakeProjects
) -> None:
    leave(projects, "pond")
    window.shut_down()
    window.parts.projects.offer_unnamed()
    assert running_threads() == ()


def test_several_are_deleted_together_and_one_that_cannot_be_stays(
    window: MainWindow, projects: FakeProjects
) -> None:
    for name in ("pond", "koi", "carp"):
        leave(projects, name)
    projects.kept.append(RECOVERY / "koi.mivos")
    dialog, listed = offered(window)
    listed.selectAll()
    button = dialog.findChild(QAbstractButton, "recovery_open")
    assert button is not None
    assert not button.isEnabled(), "only one can be opened"
    press_in(dialog, "recovery_discard")
    box = dialog_named(window, "delete_dialog")
    assert box is not None
    assert box.informativeText().startswith("3 projects without a name – 6.9 GB\n")
    click_dialog_button(window, recovery.DELETE, "delete_dialog")
    assert projects.discarded == [RECOVERY / "pond.mivos", RECOVERY / "carp.mivos"]
    assert listed.count() == 1
    assert text_of(dialog).startswith("It could not be deleted")


def test_the_dialog_closes_with_the_last_that_is_deleted(window: MainWindow, projects: FakeProjects) -> None:
    leave(projects, "pond")
    dialog, _ = offered(window)
    press_in(dialog, "recovery_discard")
    click_dialog_button(window, recovery.DELETE, "delete_dialog")
    assert recovery_dialog(window) is None


def test_work_that_cannot_be_read_is_listed_too(window: MainWindow, projects: FakeProjects) -> None:
    projects.left.append(UnnamedProject(RECOVERY / "a.mivos", "2026-01-02 03.04.05", 1.7e9, None, 400))
    _, listed = offered(window)
    assert listed.item(0).text().endswith(" – cannot be read – less than 1 MB")


def test_work_without_a_name_is_listed_from_the_menu_and_where_there_is_none_that_is_said(
    window: MainWindow, projects: FakeProjects
) -> None:
    window.actions_by_name["unnamed_work"].trigger()
    wait_until(lambda: bool(window.banner.text))
    assert window.banner.text == "There is no work without a name but what is open in a window."
    leave(projects, "pond")
    wait_until(lambda: not running_threads_of(UnnamedFinder))
    window.actions_by_name["unnamed_work"].trigger()
    wait_until(lambda: recovery_dialog(window) is not None)
    window.actions_by_name["unnamed_work"].trigger()
    QTest.qWait(100)
    shown = [each for each in window.findChildren(QDialog, "recovery_dialog") if each.isVisible()]
    assert len(shown) == 1


def running_threads_of(kind: type[StoppableThread]) -> list[StoppableThread]:
    return [each for each in running_threads() if isinstance(each, kind)]


def test_nothing_is_offered_where_nothing_was_left(window: MainWindow) -> None:
    window.parts.projects.offer_unnamed()
    QTest.qWait(100)
    assert recovery_dialog(window) is None


# -- undo and colours ---------------------------------------------------------------------------------------


def test_undo_and_redo_name_the_step(window: MainWindow) -> None:
    undo, redo = (window.actions_by_name[name] for name in ("undo", "redo"))
    assert undo.text() == "Undo"
    assert undo.toolTip() == "Undo the last step (Ctrl+Z)"
    scribble(window)
    assert undo.text() == "Undo scribble on Object 1"
    button = window.findChild(QToolButton, "undo")
    assert button is not None
    assert button.toolTip() == "Undo scribble on Object 1 (Ctrl+Z)"
    press(window, "undo")
    wait_idle(window)
    assert undo.text() == "Undo"
    assert redo.text() == "Redo scribble on Object 1"


def test_long_names_are_cut_and_ampersands_shown(window: MainWindow) -> None:
    window.edit.set_name(1, "Tom & Jerry and all of their friends in the garden")
    wait_idle(window)
    scribble(window)
    text = window.actions_by_name["undo"].text()
    assert text.startswith("Undo scribble on Tom && Jerry and all")
    assert text.endswith("…")
    assert len(text) < 60


def test_a_colour_is_a_step_that_is_saved_and_undone(
    window: MainWindow, projects: FakeProjects, session: FakeSession
) -> None:
    before = window.model.state.colour(1)
    window.edit.set_colour(1, (1, 2, 3))
    wait_idle(window)
    assert window.model.state.colour(1) == (1, 2, 3)
    assert session.objects[0].settings.colour == (1, 2, 3)
    assert projects.made[0].steps == [SetColour(1, (1, 2, 3))]
    press(window, "undo")
    wait_idle(window)
    assert window.model.state.colour(1) == before


def test_discarding_named_work_is_not_possible_by_closing(
    window: MainWindow, projects: FakeProjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    scribble(window)
    choose_name(monkeypatch, KOI)
    window.parts.projects.save()
    wait_idle(window)
    window.close_without_asking()
    project = projects.made[0]
    wait_until(lambda: project.is_closed)
    assert not project.is_discarded


def drop(window: MainWindow, *paths: str) -> bool:
    """Drop files on the canvas; return whether the window would take them."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(path) for path in paths])
    surface = window.canvas.viewport()
    assert surface is not None
    assert not surface.acceptDrops(), "the drop goes to the window"
    where, buttons = QPoint(20, 20), Qt.MouseButtons(Qt.MouseButton.LeftButton)
    enter = QDragEnterEvent(where, Qt.DropAction.CopyAction, data, buttons, Qt.KeyboardModifier.NoModifier)
    enter.ignore()
    window.dragEnterEvent(enter)
    if enter.isAccepted():
        window.dropEvent(
            QDropEvent(
                QPointF(where), Qt.DropAction.CopyAction, data, buttons, Qt.KeyboardModifier.NoModifier
            )
        )
    return enter.isAccepted()


def test_a_project_that_is_dropped_on_the_window_opens(window: MainWindow, projects: FakeProjects) -> None:
    projects.add(KOI)
    assert not drop(window, "/a.mivos", "/b.mivos")
    assert drop(window, str(KOI))
    wait_until(lambda: window.windowTitle().startswith("koi"))
