"""Every kind of step is known by its class alone."""

from __future__ import annotations

import numpy as np
import pytest

from inference_core.types import Interaction, Stroke, Tool
from mivos_studio.project.steps import (
    STEP_KINDS,
    AddObject,
    Draw,
    Redo,
    RemoveObject,
    RenameObject,
    Reset,
    SetLock,
    Step,
    Undo,
)


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
    ],
)
def test_the_window_has_a_title_for_it(step: Step, title: str) -> None:
    assert step.title == title


def test_two_strokes_are_never_the_same_step() -> None:
    assert draw(Tool.CLICK) != draw(Tool.CLICK)
