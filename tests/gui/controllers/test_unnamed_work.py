"""Work without a name is asked about before it is left; work in a project is saved, and nothing is asked."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from gui.main_window import MainWindow
from gui.panels.dialogs.unnamed_dialog import CANCEL, DISCARD, KEEP, SAVE
from mivos_studio.project.steps import Propagate
from tests.gui.conftest import OpenWindow
from tests.gui.controllers.conftest import KOI, choose_name
from tests.gui.fake_projects import FakeProject, FakeProjects
from tests.gui.fake_session import FakeSession
from tests.gui.gestures import click_dialog_button, press, scribble, unnamed_dialog, wait_idle, wait_until


def closed(project: FakeProject) -> FakeProject:
    wait_until(lambda: project.is_closed)
    return project


def test_a_window_without_changes_closes_without_a_dialog_and_leaves_no_project(
    window: MainWindow, projects: FakeProjects
) -> None:
    assert window.close()
    assert not window.isVisible()
    assert closed(projects.made[0]).is_discarded


def test_closing_opens_a_dialog_that_describes_the_work(window: MainWindow) -> None:
    scribble(window)
    press(window, "propagate")
    wait_idle(window)
    assert not window.close()
    box = unnamed_dialog(window)
    assert box is not None
    assert box.text() == "Save what was done on “clip.mp4” as a project?"
    assert "1 stroke on 1 frame and 1 propagation" in box.informativeText()
    click_dialog_button(window, CANCEL)
    assert window.isVisible()
    assert window.controller.session is not None


def test_work_that_was_undone_and_can_be_redone_stays(window: MainWindow, projects: FakeProjects) -> None:
    scribble(window)
    press(window, "undo")
    wait_idle(window)
    window.close()
    assert unnamed_dialog(window) is None
    assert not closed(projects.made[0]).is_discarded


def test_discard_removes_the_project(window: MainWindow, projects: FakeProjects) -> None:
    scribble(window)
    window.close()
    click_dialog_button(window, DISCARD)
    assert not window.isVisible()
    assert closed(projects.made[0]).is_discarded


def test_keep_for_later_leaves_the_project_with_everything_in_it(
    window: MainWindow, projects: FakeProjects, session: FakeSession
) -> None:
    scribble(window)
    window.close()
    click_dialog_button(window, KEEP)
    assert not window.isVisible()
    kept = closed(projects.made[0])
    assert not kept.is_discarded
    assert kept.versions[-1] == session.version


def test_save_gives_the_work_a_name_and_then_closes(
    window: MainWindow, projects: FakeProjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    scribble(window)
    choose_name(monkeypatch, KOI)
    window.close()
    click_dialog_button(window, SAVE)
    wait_until(lambda: not window.isVisible())
    assert closed(projects.made[0]).path == KOI


def test_cancelling_the_file_dialog_keeps_the_window_open(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    scribble(window)
    choose_name(monkeypatch, None)
    window.close()
    click_dialog_button(window, SAVE)
    assert window.isVisible()


def test_a_failed_save_keeps_the_window_open(
    window: MainWindow, projects: FakeProjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    scribble(window)
    choose_name(monkeypatch, Path("/work/taken"))  # the ending is added, so the file dialog has not asked
    window.close()
    click_dialog_button(window, SAVE)
    wait_until(lambda: "is there already" in window.banner.text)
    assert window.isVisible()
    assert not projects.made[0].has_name


def test_work_in_a_project_of_a_name_closes_without_a_dialog_and_is_saved(
    window: MainWindow, projects: FakeProjects, session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    scribble(window)
    choose_name(monkeypatch, KOI)
    window.parts.projects.ask_where_to_save()
    wait_idle(window)
    scribble(window)
    window.navigator.go_to(7)
    assert window.close()
    project = closed(projects.made[0])
    assert project.versions[-1] == session.version
    assert isinstance(project.view, dict)
    assert project.view["frame"] == 7


def test_work_that_was_undone_completely_is_not_asked_about(window: MainWindow) -> None:
    scribble(window)
    press(window, "undo")
    wait_idle(window)
    assert window.close()


def test_closing_during_a_propagation_of_a_named_project_keeps_what_is_finished(
    open_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Semaphore(4)
    session = FakeSession(gate=gate)
    projects = FakeProjects(session.clip)
    window = open_window(session, projects=projects)
    scribble(window)
    choose_name(monkeypatch, KOI)
    window.parts.projects.save()
    wait_idle(window)
    press(window, "propagate")
    wait_until(lambda: len(window.timeline.propagated_frames) == 4)
    assert not window.close(), "the frame under way is waited for"
    assert "is finished first" in window.banner.text
    gate.release(1)
    wait_until(lambda: not window.isVisible())
    step = closed(projects.made[0]).steps[-1]
    assert isinstance(step, Propagate)
    assert step.stop_after == 5


def test_closing_again_does_not_wait_any_longer(
    open_window: OpenWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Semaphore(1)
    session = FakeSession(gate=gate)
    window = open_window(session)
    scribble(window)
    choose_name(monkeypatch, KOI)
    window.parts.projects.save()
    wait_idle(window)
    press(window, "propagate")
    wait_until(lambda: len(window.timeline.propagated_frames) == 1)
    assert not window.close()
    threading.Timer(0.2, gate.release, (100,)).start()
    window.close()
    assert not window.isVisible()


def test_opening_another_clip_asks_and_cancel_keeps_the_current_one(
    window: MainWindow, projects: FakeProjects
) -> None:
    scribble(window)
    session = window.controller.session
    window.files.clip_chosen.emit(Path("other.mp4"))
    click_dialog_button(window, CANCEL)
    wait_idle(window)
    assert window.controller.session is session
    assert window.windowTitle().startswith("clip.mp4")
    window.files.clip_chosen.emit(Path("other.mp4"))
    click_dialog_button(window, DISCARD)
    wait_until(lambda: window.windowTitle().startswith("other.mp4"))
    assert closed(projects.made[0]).is_discarded


def test_keep_for_later_opens_the_other_clip_and_asks_once(
    window: MainWindow, projects: FakeProjects
) -> None:
    scribble(window)
    window.files.clip_chosen.emit(Path("other.mp4"))
    click_dialog_button(window, KEEP)
    wait_until(lambda: window.windowTitle().startswith("other.mp4"))
    assert unnamed_dialog(window) is None
    assert not closed(projects.made[0]).is_discarded


def test_work_that_could_not_be_saved_is_asked_about_even_if_it_has_a_name(
    window: MainWindow, projects: FakeProjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    scribble(window)
    choose_name(monkeypatch, KOI)
    window.parts.projects.save()
    wait_idle(window)
    projects.made[0].failure = "The disk is full."
    scribble(window)
    assert not window.close()
    box = unnamed_dialog(window)
    assert box is not None
    assert "The disk is full." in box.informativeText()
    assert box.button(KEEP) is None
    choose_name(monkeypatch, Path("/other/koi.mivos"))
    click_dialog_button(window, SAVE)
    wait_until(lambda: not window.isVisible())
    assert closed(projects.made[0]).path == Path("/other/koi.mivos")


def test_close_without_asking_opens_no_dialog(window: MainWindow, projects: FakeProjects) -> None:
    scribble(window)
    window.close_without_asking()
    assert unnamed_dialog(window) is None
    assert not window.isVisible()
    assert closed(projects.made[0]).is_discarded


def test_a_window_shut_down_from_outside_keeps_the_project(
    window: MainWindow, projects: FakeProjects, session: FakeSession
) -> None:
    scribble(window)
    window.shut_down()
    kept = closed(projects.made[0])
    assert not kept.is_discarded
    assert kept.versions[-1] == session.version


def test_quitting_opens_the_dialog_too(window: MainWindow) -> None:
    scribble(window)
    window.files.quit()
    assert unnamed_dialog(window) is not None
    click_dialog_button(window, CANCEL)
    assert window.isVisible()
