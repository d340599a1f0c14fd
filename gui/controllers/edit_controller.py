"""What the user requests of the session: strokes, objects, undo, propagation; and the tool to do it with."""

from __future__ import annotations

from dataclasses import replace

from PyQt5.QtCore import QObject, pyqtSignal

from gui.canvas.canvas import Canvas
from gui.controllers.controller import Controller
from gui.controllers.navigator import Navigator
from gui.controllers.session_presenter import SessionPresenter
from gui.state.overlay import Colour
from gui.state.session_model import Messages
from gui.state.session_view import StatusKind
from gui.state.view_model import ViewModel
from gui.state.view_state import REGION, ViewState
from gui.worker.commands import (
    AddObjectCommand,
    EditCommand,
    GoToStepCommand,
    PropagateCommand,
    absent_interaction,
)
from inference_core.types import Direction, Interaction, ObjectInfo, Region, Tool
from mivos_studio.project.steps import Draw, Redo, RemoveObject, RenameObject, Reset, SetColour, SetLock, Step

_NOTHING_PROPAGATED = (
    "Draw on a frame and propagate first: then this leads to the frames that are most doubtful."
)
_ALL_CORRECTED = "Every frame has been corrected."


class EditController(QObject):
    """Handles editing; the Navigator handles navigation, the Controller runs the commands."""

    rename_requested = pyqtSignal(int)
    """The name of this object is to be typed in."""

    def __init__(
        self,
        model: ViewModel,
        presenter: SessionPresenter,
        messages: Messages,
        canvas: Canvas,
        navigator: Navigator,
        controller: Controller,
    ) -> None:
        super().__init__(model)
        self._model = model
        self._presenter = presenter
        self._messages = messages
        self._canvas = canvas
        self._navigator = navigator
        self._controller = controller
        canvas.interaction_made.connect(self.draw)
        canvas.region_chosen.connect(self.choose_region)
        canvas.radius_stepped.connect(self.step_radius)
        model.changed.connect(self._on_state)

    # Tools and regions.

    def choose_tool(self, tool: str) -> None:
        """Select a tool."""
        self._model.set(replace(self._model.state, tool=tool))

    def choose_region(self, region: Region) -> None:
        """Restrict interactions to a region until Esc."""
        tool = self._model.state.tool
        tool = Tool.SCRIBBLE if tool == REGION else tool
        self._model.set(replace(self._model.state, region=region, tool=tool))

    def escape(self) -> None:
        """Abort the gesture under way, else leave the region."""
        if not self._canvas.abort_gesture():
            self._model.set(replace(self._model.state, region=None))

    def step_radius(self, direction: int) -> None:
        """Make the line a step wider (+1) or thinner (-1)."""
        self._model.set(self._model.state.with_stepped_radius(direction))

    def set_radius(self, radius_px: float) -> None:
        """Set the radius of the line."""
        self._model.set(self._model.state.with_radius(radius_px))

    # Frames.

    def draw(self, interaction: Interaction) -> None:
        """Submit a stroke."""
        self._submit(Draw(interaction))

    def undo(self) -> None:
        """Undo the last step."""
        self._controller.undo()

    def redo(self) -> None:
        """Redo the last undone step."""
        self._submit(Redo())

    def go_to_step(self, count: int) -> None:
        """Undo or redo until so many of the user's steps are done."""
        self._controller.submit(GoToStepCommand(self._controller.initial_undo_count + count))

    def reset_frame(self) -> None:
        """Remove the masks of the current frame."""
        self._submit(Reset(self._model.state.frame_index))

    def mark_absent(self) -> None:
        """Mark the selected object as absent from this frame, with a negative lasso around all of it."""
        state = self._model.state
        self._submit(Draw(absent_interaction(state.frame_index, state.object_id, state.source)))

    # Objects.

    def choose_object(self, object_id: int) -> None:
        """Select an object."""
        self._model.set(replace(self._model.state, object_id=object_id))

    def choose_nth_object(self, number: int) -> None:
        """Select the object of that number in the list, counted from 1."""
        objects = self._objects
        if number <= len(objects):
            self.choose_object(objects[number - 1].object_id)

    def add_object(self) -> None:
        """Add an object; it is selected once the session has added it."""
        self._controller.submit(AddObjectCommand())

    def remove_object(self) -> None:
        """Remove the selected object and its masks."""
        self._submit(RemoveObject(self._model.state.object_id))

    def rename_object(self) -> None:
        """Start editing the selected object's name in the list."""
        self.rename_requested.emit(self._model.state.object_id)

    def set_name(self, object_id: int, name: str) -> None:
        """Rename an object."""
        self._submit(RenameObject(object_id, name))

    def set_colour(self, object_id: int, colour: Colour) -> None:
        """Show an object in another colour."""
        self._submit(SetColour(object_id, colour))

    def toggle_lock(self) -> None:
        """Lock or unlock the selected object."""
        for each in self._objects:
            if each.object_id == self._model.state.object_id:
                self.set_lock(each.object_id, not each.is_locked)

    def set_lock(self, object_id: int, is_locked: bool) -> None:
        """Lock or unlock an object."""
        self._submit(SetLock(object_id, is_locked))

    def toggle_visibility(self) -> None:
        """Hide or show the selected object."""
        state = self._model.state
        self.set_visibility(state.object_id, state.object_id in state.hidden)

    def set_visibility(self, object_id: int, is_visible: bool) -> None:
        """Hide or show an object on the canvas; its mask does not change."""
        self._model.set(self._model.state.with_visibility(object_id, is_visible))

    # Propagation.

    def propagate(self, direction: Direction) -> None:
        """Propagate the corrected frames, unless a long command is running or queued."""
        if not self._controller.has_long_command:
            self._presenter.timeline.clear_progress()
            self._navigator.start_following()
            self._controller.submit(PropagateCommand(direction))

    def go_to_next_correction(self) -> None:
        """Go to the frame whose correction is likely to help most; show a note where there is none."""
        session = self._controller.session
        if session is None:
            return
        frame_index = session.next_to_correct()
        if not session.anchors and not session.rounds:
            self._messages.note.emit(_NOTHING_PROPAGATED)
        elif frame_index is None:
            self._messages.note.emit(_ALL_CORRECTED)
        else:
            self._navigator.go_to(frame_index)
            if not self._controller.is_busy:
                self._presenter.set_status(StatusKind.SUGGESTION, self._presenter.describe(frame_index))

    # Internals.

    @property
    def _objects(self) -> tuple[ObjectInfo, ...]:
        session = self._controller.session
        return session.objects if session else ()

    def _submit(self, step: Step) -> None:
        self._controller.submit(EditCommand(step))

    def _on_state(self, before: ViewState, after: ViewState) -> None:
        self._canvas.set_pen(after.pen)
        if after.region != before.region:
            self._canvas.set_region(after.region)
