"""Every kind of step is known by its class alone."""

from __future__ import annotations

import numpy as np
import pytest

from inference_core.errors import UserError
from inference_core.types import Interaction, ObjectSettings, Stroke, Tool
from mivos_studio.project.steps import (
    STEP_KINDS,
    AddObject,
    Draw,
    Redo,
    RemoveObject,
    RenameObject,
    Reset,
    SetColour,
    SetLock,
    Step,
    Undo,
    read_step,
)
from tests.inference_core.fakes import fake_session


def draw(tool: Tool) -> Draw:
    return Draw(Interaction(tool, Stroke(0, 1, np.zeros((3, 2), np.float32))))


def test_a_verb_means_one_kind_alone() -> None:
    verbs = [verb for kind in set(STEP_KINDS.values()) for verb in kind.verbs]
    assert sorted(verbs) == sorted(STEP_KINDS)


@pytest.mark.parametrize(
    ("step", "title"),
    [
        (draw(Tool.SCRIBBLE), "Scribble"),
        (draw(Tool.LASSO), "Lasso"),
        (Undo(), "Undo"),
        (Redo(), "Redo"),
        (Reset(3), "Reset frame"),
        (AddObject(2, "horse"), "Add object"),
        (RemoveObject(2), "Remove object"),
        (RenameObject(2, "foal"), "Rename object"),
        (SetLock(2, is_locked=True), "Lock object"),
        (SetLock(2, is_locked=False), "Lock object"),
        (SetColour(2, (1, 2, 3)), "Set colour"),
    ],
)
def test_the_window_has_a_title_for_it(step: Step, title: str) -> None:
    assert step.title == title


def test_two_strokes_are_never_the_same_step() -> None:
    assert draw(Tool.CLICK) != draw(Tool.CLICK)


def test_a_colour_is_set_beside_the_other_settings_of_an_object() -> None:
    session = fake_session()
    session.add_object("Dog")
    session.configure_object(1, ObjectSettings(order=4))
    step = read_step({"do": "set_colour", "object": 1, "colour": [255, 0, 9]}, "Step 1")
    assert tuple(step.perform(session, lambda file, frame_index: np.zeros((1, 1), np.uint8))) == ()
    assert session.objects[0].settings == ObjectSettings((255, 0, 9), order=4)
    assert {"do": step.verb, **step.written()} == {"do": "set_colour", "object": 1, "colour": (255, 0, 9)}
    session.undo()
    assert session.objects[0].settings == ObjectSettings(order=4)


@pytest.mark.parametrize("colour", [[1, 2], [1, 2, 256], [1, 2, -1], [1, 2, 3.5], "red", None])
def test_a_colour_that_is_none_is_refused(colour: object) -> None:
    with pytest.raises(
        UserError, match=r'"colour" must be a list of 3 whole numbers from 0 to 255|in brackets'
    ):
        read_step({"do": "set_colour", "object": 1, "colour": colour}, "Step 1")
