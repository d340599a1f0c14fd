"""The controller's logic without a window: the widgets are mocks that refuse misspelt calls."""

from __future__ import annotations

from unittest.mock import MagicMock, call

import numpy as np
import pytest
from PyQt5.QtWidgets import QAction, QApplication

from gui.actions import ACTIONS
from gui.canvas.canvas import Canvas
from gui.controllers.controller import Controller, Views
from gui.controllers.navigator import Navigator
from gui.panels.banner import Banner
from gui.panels.object_panel import ObjectPanel
from gui.panels.propagation_panel import PropagationPanel
from gui.panels.status_line import StatusKind, StatusLine
from gui.panels.timeline import Timeline
from gui.state.view_model import ViewModel
from gui.state.view_state import CanvasTool, ViewState
from gui.worker.commands import Command, EditCommand, PropagateCommand, UndoCommand
from gui.worker.worker import Ending, OpenedSession, Outcome, Worker
from inference_core.errors import NotReadyError
from inference_core.types import Direction, FrameMask, Interaction, Progress, Region, Stroke, Tool
from mivos_studio.project.steps import Draw, Redo, Reset
from tests.gui.fake_session import FakeSession


class Desk:
    """A controller between mocks, with a session that is open."""

    def __init__(self) -> None:
        self.canvas = MagicMock(spec=Canvas)
        self.timeline = MagicMock(spec=Timeline)
        self.objects = MagicMock(spec=ObjectPanel)
        self.propagation = MagicMock(spec=PropagationPanel)
        self.status = MagicMock(spec=StatusLine)
        self.status.has_status.return_value = False
        self.banner = MagicMock(spec=Banner)
        self.navigator = MagicMock(spec=Navigator)
        self.worker = MagicMock(spec=Worker)
        self.actions = {spec.name: QAction() for spec in ACTIONS}
        self.model = ViewModel()
        self.model.set(ViewState.for_clip(12, (48, 80)))
        views = Views(self.canvas, self.timeline, self.objects, self.propagation, self.status, self.banner)
        self.controller = Controller(views, self.actions, self.model, self.navigator)
        self.session = FakeSession()
        self.controller.attach(self.worker)

    def open(self) -> None:
        self.controller._on_opened(OpenedSession(self.session, "fake"))

    @property
    def submitted(self) -> list[Command]:
        return [each.args[0] for each in self.worker.submit.call_args_list]

    def end(self, ending: Ending = Ending.DONE, error: BaseException | None = None) -> None:
        self.controller._on_command_ended(Outcome(self.submitted[-1], ending, error))


@pytest.fixture
def desk(application: QApplication) -> Desk:
    made = Desk()
    made.open()
    return made


def interaction() -> Interaction:
    return Interaction(Tool.SCRIBBLE, Stroke(0, 1, np.array([[1, 2]], np.float32)))


def test_a_stroke_goes_to_the_worker_as_it_is(desk: Desk) -> None:
    drawn = interaction()
    desk.controller._on_interaction(drawn)
    (command,) = desk.submitted
    assert isinstance(command, EditCommand)
    assert isinstance(command.step, Draw)
    assert command.step.interaction is drawn


def test_its_preview_is_dropped_with_the_picture_that_shows_the_answer(desk: Desk) -> None:
    drawn = interaction()
    desk.controller._on_interaction(drawn)
    desk.end()
    desk.canvas.remove_preview.assert_not_called()
    desk.controller.on_frame_rendered(MagicMock())
    desk.canvas.remove_preview.assert_called_once_with(drawn)


def test_the_preview_of_a_refused_stroke_is_dropped_at_once(desk: Desk) -> None:
    drawn = interaction()
    desk.controller._on_interaction(drawn)
    desk.end(Ending.FAILED, NotReadyError("Not now."))
    desk.canvas.remove_preview.assert_called_once_with(drawn)
    desk.banner.show_error.assert_called_once_with("Not now.")


def test_a_second_propagation_is_not_asked_for_while_one_is_under_way(desk: Desk) -> None:
    desk.controller.propagate(Direction.BOTH)
    desk.controller.propagate(Direction.FORWARD)
    assert [type(command) for command in desk.submitted] == [PropagateCommand]
    assert not desk.actions["propagate"].isEnabled()
    assert desk.actions["cancel"].isEnabled()
    desk.end()
    assert desk.actions["propagate"].isEnabled()
    assert not desk.actions["cancel"].isEnabled()


def test_every_change_is_acknowledged_to_the_worker(desk: Desk) -> None:
    ids = np.zeros((48, 80), np.uint8)
    desk.controller._on_changed(FrameMask(3, ids, Progress(1, 11, 0.1)))
    desk.controller._on_changed(Progress(2, 11, 0.2))
    assert desk.worker.acknowledge.call_count == 2


def test_a_propagated_frame_updates_progress_bar_timeline_and_navigator(desk: Desk) -> None:
    progress = Progress(1, 11, 0.1)
    desk.controller._on_changed(FrameMask(3, np.zeros((48, 80), np.uint8), progress))
    assert call(progress) in desk.propagation.set_progress.call_args_list
    desk.timeline.add_propagated.assert_called_once_with(3, None)
    desk.navigator.follow.assert_called_once_with(3)


def test_confidence_is_read_for_each_propagated_frame_only(desk: Desk) -> None:
    desk.session.asked.clear()
    surveys = desk.session.surveys
    for done, frame_index in enumerate((3, 4, 5), start=1):
        desk.controller._on_changed(
            FrameMask(frame_index, np.zeros((48, 80), np.uint8), Progress(done, 11, 0.1))
        )
    assert desk.session.asked == [3, 4, 5]
    assert desk.session.surveys == surveys


def test_after_a_command_all_frames_are_asked_only_where_objects_have_come_or_gone(desk: Desk) -> None:
    before = desk.session.surveys
    for command in (EditCommand(Reset(0)), PropagateCommand(), UndoCommand(0), EditCommand(Redo())):
        desk.controller.submit(command)
        desk.end()
    assert desk.session.surveys == before
    desk.controller.add_object()
    desk.session.add_object()
    desk.end()
    assert desk.session.surveys == before + 1
    desk.controller.undo()
    desk.session.undo()
    desk.end()
    assert desk.session.surveys == before + 2


def test_the_next_correction_needs_a_propagation(desk: Desk) -> None:
    desk.controller.go_to_next_correction()
    assert "propagate first" in desk.banner.show_note.call_args.args[0]
    list(desk.session.interact(interaction()))
    desk.controller.go_to_next_correction()
    assert "propagate first" in desk.banner.show_note.call_args.args[0]
    desk.navigator.go_to.assert_not_called()


def test_the_next_correction_is_where_the_session_says(desk: Desk) -> None:
    list(desk.session.interact(interaction()))
    list(desk.session.propagate())
    desk.timeline.describe.return_value = "Frame 11: doubtful"
    desk.controller.go_to_next_correction()
    desk.navigator.go_to.assert_called_once_with(11)
    desk.status.set_status.assert_called_with(StatusKind.SUGGESTION, "Frame 11: doubtful")
    desk.banner.show_note.assert_not_called()


def test_where_every_frame_has_been_corrected_a_note_says_so(desk: Desk) -> None:
    for frame_index in range(12):
        stroke = Stroke(frame_index, 1, np.array([[1, 2]], np.float32))
        list(desk.session.interact(Interaction(Tool.SCRIBBLE, stroke)))
    list(desk.session.propagate(0))
    desk.controller.go_to_next_correction()
    desk.banner.show_note.assert_called_once_with("Every frame has been corrected.")
    desk.navigator.go_to.assert_not_called()


def test_a_change_on_another_frame_is_not_read_again(desk: Desk) -> None:
    desk.navigator.refresh.reset_mock()
    desk.controller._on_changed(FrameMask(5, np.zeros((48, 80), np.uint8)))
    desk.navigator.refresh.assert_not_called()
    desk.controller._on_changed(FrameMask(0, np.zeros((48, 80), np.uint8)))
    desk.navigator.refresh.assert_called_once_with()


def test_reset_is_of_the_frame_that_is_looked_at(desk: Desk) -> None:
    desk.model.set(desk.model.state.at_frame(7))
    desk.controller.reset_frame()
    command = desk.submitted[-1]
    assert isinstance(command, EditCommand)
    assert command.step == Reset(7)


def test_saying_that_the_object_is_not_here_wipes_it_from_the_whole_frame(desk: Desk) -> None:
    list(desk.session.interact(interaction()))
    desk.controller.mark_absent()
    command = desk.submitted[-1]
    assert isinstance(command, EditCommand)
    assert isinstance(command.step, Draw)
    list(desk.session.interact(command.step.interaction))
    assert not desk.session.ids(0).any()
    assert desk.session.drafts == (0,)


def test_choosing_a_region_with_its_tool_gives_the_scribble_back(desk: Desk) -> None:
    desk.controller.choose_tool(CanvasTool.REGION)
    desk.controller.choose_region(Region(1, 2, 30, 40))
    assert desk.model.state.tool is CanvasTool.SCRIBBLE
    desk.canvas.set_region.assert_called_with(Region(1, 2, 30, 40))


def test_escape_drops_the_gesture_before_it_leaves_the_region(desk: Desk) -> None:
    desk.controller.choose_region(Region(1, 2, 30, 40))
    desk.canvas.abort_gesture.return_value = True
    desk.controller.escape()
    assert desk.model.state.region is not None
    desk.canvas.abort_gesture.return_value = False
    desk.controller.escape()
    assert desk.model.state.region is None


def test_steps_from_before_the_editors_first_are_not_taken_back(application: QApplication) -> None:
    desk = Desk()
    desk.session.add_object()
    desk.controller._on_opened(OpenedSession(desk.session, "fake", initial_undo_count=1))
    assert not desk.actions["undo"].isEnabled()
    list(desk.session.interact(interaction()))
    desk.controller._on_interaction(interaction())
    desk.end()
    assert desk.actions["undo"].isEnabled()


def test_a_notice_stays_on_the_banner_and_the_status_line_names_the_new_device(desk: Desk) -> None:
    desk.session.device = "mps"
    desk.controller._on_noticed("The memory ran out.")
    desk.banner.show_error.assert_called_once_with("The memory ran out.")
    desk.status.show_session.assert_called_with("fake · mps · float32")


def test_a_session_that_cannot_be_opened_is_told(
    application: QApplication,
) -> None:
    desk = Desk()
    desk.controller._on_interaction(interaction())
    desk.controller._on_open_failed(NotReadyError("There are no weights."))
    desk.banner.show_error.assert_called_once_with("There are no weights.")
    assert not desk.controller.is_busy
    assert not desk.actions["propagate"].isEnabled()
