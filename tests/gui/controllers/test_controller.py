"""The controllers without a window: canvas, navigator and worker are mocks that refuse misspelt calls."""

from __future__ import annotations

from unittest.mock import MagicMock

import numpy as np
import pytest
from PyQt5.QtWidgets import QApplication

from gui.actions.conditions import can_cancel, can_propagate, can_undo
from gui.actions.spec import ActionContext, Condition
from gui.canvas.canvas import Canvas
from gui.controllers.controller import Controller
from gui.controllers.edit_controller import EditController
from gui.controllers.navigator import Navigator
from gui.controllers.session_presenter import SessionPresenter
from gui.controllers.timeline_presenter import TimelinePresenter
from gui.state.session_model import Messages, SessionModel
from gui.state.session_view import SessionView, StatusKind
from gui.state.view_model import ViewModel
from gui.state.view_state import REGION, ViewState
from gui.worker.commands import Command, EditCommand, PropagateCommand, UndoCommand
from gui.worker.worker import Ending, OpenedSession, Outcome, Worker
from inference_core.errors import NotReadyError
from inference_core.types import Direction, FrameMask, Interaction, Progress, Region, Stroke, Tool
from mivos_studio.project.steps import Draw, Redo, Reset
from tests.gui.fake_session import FakeSession


class ControllerHarness:
    """The controllers between mocks, with a session that is open; what they emit is in lists."""

    def __init__(self) -> None:
        self.canvas = MagicMock(spec=Canvas)
        self.navigator = MagicMock(spec=Navigator)
        self.worker = MagicMock(spec=Worker)
        self.model, self.shown, messages = ViewModel(), SessionModel(), Messages()
        self.model.set(ViewState.for_clip(12, (48, 80)))
        timeline = TimelinePresenter(self.model)
        presenter = SessionPresenter(self.model, self.shown, timeline)
        self.controller = Controller(self.model, presenter, messages, self.canvas, self.navigator)
        self.edit = EditController(
            self.model, presenter, messages, self.canvas, self.navigator, self.controller
        )
        self._messages = messages
        self.errors: list[str] = []
        self.notes: list[str] = []
        self.progress: list[Progress | None] = []
        self.propagated: list[int] = []
        messages.error.connect(self.errors.append)
        messages.note.connect(self.notes.append)
        self.controller.progressed.connect(self.progress.append)
        timeline.frame_propagated.connect(lambda frame_index, _: self.propagated.append(frame_index))
        self.session = FakeSession()
        self.controller.attach(self.worker)

    def open(self) -> None:
        self.controller._on_opened(OpenedSession(self.session, "fake"))

    @property
    def submitted(self) -> list[Command]:
        return [each.args[0] for each in self.worker.submit.call_args_list]

    def end(self, ending: Ending = Ending.DONE, error: BaseException | None = None) -> None:
        self.controller._on_command_ended(Outcome(self.submitted[-1], ending, error))

    def holds(self, condition: Condition) -> bool:
        return condition(ActionContext(self.model.state, self.shown.state))


@pytest.fixture
def harness(application: QApplication) -> ControllerHarness:
    made = ControllerHarness()
    made.open()
    return made


def interaction() -> Interaction:
    return Interaction(Tool.SCRIBBLE, Stroke(0, 1, np.array([[1, 2]], np.float32)))


def test_a_stroke_is_submitted_unchanged(harness: ControllerHarness) -> None:
    drawn = interaction()
    harness.edit.draw(drawn)
    (command,) = harness.submitted
    assert isinstance(command, EditCommand)
    assert isinstance(command.step, Draw)
    assert command.step.interaction is drawn


def test_a_preview_is_removed_when_the_frame_with_its_mask_is_shown(harness: ControllerHarness) -> None:
    drawn = interaction()
    harness.edit.draw(drawn)
    harness.end()
    harness.canvas.remove_preview.assert_not_called()
    harness.controller.on_frame_rendered(MagicMock())
    harness.canvas.remove_preview.assert_called_once_with(drawn)


def test_the_preview_of_a_failed_stroke_is_removed_at_once(harness: ControllerHarness) -> None:
    drawn = interaction()
    harness.edit.draw(drawn)
    harness.end(Ending.FAILED, NotReadyError("Not now."))
    harness.canvas.remove_preview.assert_called_once_with(drawn)
    assert harness.errors == ["Not now."]


def test_a_second_propagation_is_not_submitted_while_one_is_running(harness: ControllerHarness) -> None:
    harness.edit.propagate(Direction.BOTH)
    harness.edit.propagate(Direction.FORWARD)
    assert [type(command) for command in harness.submitted] == [PropagateCommand]
    assert not harness.holds(can_propagate)
    assert harness.holds(can_cancel)
    harness.end()
    assert harness.holds(can_propagate)
    assert not harness.holds(can_cancel)


def test_every_change_is_acknowledged_to_the_worker(harness: ControllerHarness) -> None:
    ids = np.zeros((48, 80), np.uint8)
    harness.controller._on_changed(FrameMask(3, ids, Progress(1, 11, 0.1)))
    harness.controller._on_changed(Progress(2, 11, 0.2))
    assert harness.worker.acknowledge.call_count == 2


def test_a_propagated_frame_updates_progress_bar_timeline_and_navigator(harness: ControllerHarness) -> None:
    progress = Progress(1, 11, 0.1)
    harness.controller._on_changed(FrameMask(3, np.zeros((48, 80), np.uint8), progress))
    assert harness.progress[-1] == progress
    assert harness.propagated == [3]
    harness.navigator.follow.assert_called_once_with(3)


def test_confidence_is_read_for_each_propagated_frame_only(harness: ControllerHarness) -> None:
    harness.session.confidence_calls.clear()
    confidences_calls = harness.session.confidences_calls
    for done, frame_index in enumerate((3, 4, 5), start=1):
        harness.controller._on_changed(
            FrameMask(frame_index, np.zeros((48, 80), np.uint8), Progress(done, 11, 0.1))
        )
    assert harness.session.confidence_calls == [3, 4, 5]
    assert harness.session.confidences_calls == confidences_calls


def test_all_confidences_are_read_only_after_objects_were_added_or_removed(
    harness: ControllerHarness,
) -> None:
    before = harness.session.confidences_calls
    for command in (EditCommand(Reset(0)), PropagateCommand(), UndoCommand(lambda: 0), EditCommand(Redo())):
        harness.controller.submit(command)
        harness.end()
    assert harness.session.confidences_calls == before
    harness.edit.add_object()
    harness.session.add_object()
    harness.end()
    assert harness.session.confidences_calls == before + 1
    harness.edit.undo()
    harness.session.undo()
    harness.end()
    assert harness.session.confidences_calls == before + 2


def test_an_object_that_was_added_may_be_gone_when_the_window_learns_of_it(
    harness: ControllerHarness,
) -> None:
    for each in harness.session.objects:
        harness.session.remove_object(each.object_id)
    harness.edit.add_object()
    harness.end()
    assert not harness.controller.is_busy


def test_the_next_correction_needs_a_propagation(harness: ControllerHarness) -> None:
    harness.edit.go_to_next_correction()
    assert "propagate first" in harness.notes[-1]
    harness.notes.clear()
    list(harness.session.interact(interaction()))
    harness.edit.go_to_next_correction()
    assert "propagate first" in harness.notes[-1]
    harness.navigator.go_to.assert_not_called()


def test_the_next_correction_goes_to_the_frame_from_the_session(harness: ControllerHarness) -> None:
    list(harness.session.interact(interaction()))
    list(harness.session.propagate())
    harness.edit.go_to_next_correction()
    harness.navigator.go_to.assert_called_once_with(11)
    assert harness.shown.state.status.startswith("Frame 11: propagated, expected overlap 0.")
    assert harness.shown.state.status == harness.shown.state.statuses[StatusKind.SUGGESTION]
    assert harness.notes == []


def test_a_note_is_shown_when_every_frame_has_been_corrected(harness: ControllerHarness) -> None:
    for frame_index in range(12):
        stroke = Stroke(frame_index, 1, np.array([[1, 2]], np.float32))
        list(harness.session.interact(Interaction(Tool.SCRIBBLE, stroke)))
    list(harness.session.propagate(0))
    harness.edit.go_to_next_correction()
    assert harness.notes == ["Every frame has been corrected."]
    harness.navigator.go_to.assert_not_called()


def test_only_a_change_on_the_current_frame_refreshes_the_view(harness: ControllerHarness) -> None:
    harness.navigator.refresh.reset_mock()
    harness.controller._on_changed(FrameMask(5, np.zeros((48, 80), np.uint8)))
    harness.navigator.refresh.assert_not_called()
    harness.controller._on_changed(FrameMask(0, np.zeros((48, 80), np.uint8)))
    harness.navigator.refresh.assert_called_once_with()


def test_reset_applies_to_the_current_frame(harness: ControllerHarness) -> None:
    harness.model.set(harness.model.state.at_frame(7))
    harness.edit.reset_frame()
    command = harness.submitted[-1]
    assert isinstance(command, EditCommand)
    assert command.step == Reset(7)


def test_mark_absent_removes_the_object_from_the_whole_frame(harness: ControllerHarness) -> None:
    list(harness.session.interact(interaction()))
    harness.edit.mark_absent()
    command = harness.submitted[-1]
    assert isinstance(command, EditCommand)
    assert isinstance(command.step, Draw)
    list(harness.session.interact(command.step.interaction))
    assert not harness.session.ids(0).any()
    assert harness.session.drafts == (0,)


def test_choosing_a_region_with_its_tool_selects_the_scribble_tool(harness: ControllerHarness) -> None:
    harness.edit.choose_tool(REGION)
    harness.edit.choose_region(Region(1, 2, 30, 40))
    assert harness.model.state.tool == Tool.SCRIBBLE
    harness.canvas.set_region.assert_called_with(Region(1, 2, 30, 40))


def test_escape_aborts_the_gesture_before_it_leaves_the_region(harness: ControllerHarness) -> None:
    harness.edit.choose_region(Region(1, 2, 30, 40))
    harness.canvas.abort_gesture.return_value = True
    harness.edit.escape()
    assert harness.model.state.region is not None
    harness.canvas.abort_gesture.return_value = False
    harness.edit.escape()
    assert harness.model.state.region is None


def test_steps_before_the_users_first_cannot_be_undone(application: QApplication) -> None:
    harness = ControllerHarness()
    harness.session.add_object()
    harness.controller._on_opened(OpenedSession(harness.session, "fake", initial_undo_count=1))
    assert not harness.holds(can_undo)
    list(harness.session.interact(interaction()))
    harness.edit.draw(interaction())
    harness.end()
    assert harness.holds(can_undo)


def test_nor_by_an_undo_that_was_submitted_before_the_session_was_open(application: QApplication) -> None:
    harness = ControllerHarness()
    harness.session.add_object()
    harness.edit.undo()
    (command,) = harness.submitted
    harness.worker.initial_undo_count = 1
    list(command.run(harness.session, lambda step: None))
    assert len(harness.session.objects) == 2


def test_a_notice_is_shown_in_the_banner_and_the_new_device_in_the_status_line(
    harness: ControllerHarness,
) -> None:
    harness.session.device = "mps"
    harness.controller._on_noticed("The memory ran out.")
    assert harness.errors == ["The memory ran out."]
    assert harness.shown.state.description == "fake · mps · float32"


def test_a_session_that_cannot_be_opened_is_reported(
    application: QApplication,
) -> None:
    harness = ControllerHarness()
    harness.edit.draw(interaction())
    harness.controller._on_open_failed(NotReadyError("There are no weights."))
    assert harness.errors == ["There are no weights."]
    assert not harness.controller.is_busy
    assert not harness.holds(can_propagate)


def test_another_clip_starts_without_what_was_shown_of_the_last_one(harness: ControllerHarness) -> None:
    list(harness.session.interact(interaction()))
    harness.edit.draw(interaction())
    harness.end()
    assert harness.shown.state.marks.drafts == {0}
    harness.controller.show_opening("Opening …")
    harness.controller.attach(MagicMock(spec=Worker))
    assert harness.shown.state == SessionView().with_status(StatusKind.OPENING, "Opening …")
    assert harness.progress[-1] is None


def test_the_first_of_the_status_texts_is_shown() -> None:
    shown = SessionView()
    assert shown.status == "Ready"
    shown = shown.with_status(StatusKind.COMMAND, "Undo …").with_status(StatusKind.OPENING, "Opening …")
    assert shown.status == "Opening …"
    assert shown.is_opening
    assert shown.with_status(StatusKind.OPENING, "").status == "Undo …"
