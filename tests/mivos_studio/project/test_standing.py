"""A script of what stands makes the same masks as one of everything, bit for bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inference_core.session import Session
from inference_core.types import Interaction, Stroke, Tool
from mivos_studio.project.playback import play
from mivos_studio.project.recorder import ScriptRecorder
from mivos_studio.project.script import Script, ScriptObject, read_script, write_script
from mivos_studio.project.standing import standing_script, standing_steps
from mivos_studio.project.steps import (
    AddObject,
    Draw,
    Meanwhile,
    Propagate,
    Redo,
    RenameObject,
    SetLock,
    Step,
    Undo,
)
from tests.inference_core.fakes import fake_session, square_clip
from tests.inference_core.snapshot import differences, snapshot
from tests.mivos_studio.project.random_work import RandomUser, mask_of

FRAMES, STEPS = 7, 30
SEEDS_IN_MAKE_TEST, SEEDS_IN_LONG_TEST = 30, 600
OBJECTS = (ScriptObject(1, "Object 1"),)


def draw(frame_index: int) -> Draw:
    stroke = Stroke(frame_index, 1, np.array([[16, 16], [30, 20]], np.float32))
    return Draw(Interaction(Tool.SCRIBBLE, stroke))


ONE, TWO, THREE = draw(0), draw(3), draw(5)


def standing(*steps: Step) -> tuple[Step, ...]:
    return standing_script(Script(OBJECTS, steps, Path())).steps


def played(script: Script) -> Session:
    session = fake_session(square_clip(FRAMES))
    for _ in play(session, script, mask_of, lambda _: None):
        pass
    return session


def labels(session: Session) -> list[str]:
    return [entry.label for entry in session.history if not entry.is_undone]


def test_a_step_that_was_undone_is_left_out() -> None:
    assert standing(ONE, TWO, Undo()) == (ONE,)


def test_a_step_that_was_redone_stands() -> None:
    assert standing(ONE, TWO, Undo(), Undo(), Redo()) == (ONE,)
    assert standing(ONE, TWO, Undo(), Undo(), Redo(), Redo()) == (ONE, TWO)


def test_what_was_done_instead_of_what_was_undone_stands() -> None:
    assert standing(ONE, TWO, Undo(), THREE, Redo()) == (ONE, THREE)


def test_an_undo_of_an_object_of_the_list_takes_it_from_the_list() -> None:
    script = Script((*OBJECTS, ScriptObject(2, "cat")), (Undo(), ONE), Path())
    assert standing_script(script) == Script(OBJECTS, (ONE,), Path())


def test_a_stroke_during_a_propagation_that_was_undone_is_left_out_of_it() -> None:
    during = (Meanwhile(2, TWO), Meanwhile(2, Undo()), Meanwhile(4, THREE))
    assert standing(ONE, Propagate(meanwhile=during)) == (ONE, Propagate(meanwhile=(Meanwhile(4, THREE),)))
    later = (Meanwhile(2, TWO), Meanwhile(4, THREE))
    assert standing(ONE, Propagate(meanwhile=later), Undo()) == (
        ONE,
        Propagate(meanwhile=(Meanwhile(2, TWO),)),
    )


def test_a_propagation_that_was_undone_during_it_is_left_out_and_what_came_then_stays() -> None:
    during = (Meanwhile(2, Undo()), Meanwhile(2, TWO))
    assert standing(ONE, Propagate(stop_after=2, meanwhile=during)) == (ONE, TWO)


def test_a_propagation_that_was_undone_during_it_and_redone_stops_at_the_same_frame() -> None:
    during = (Meanwhile(2, Undo()),)
    stopped = Propagate(stop_after=2, meanwhile=during)
    assert standing(ONE, stopped, Redo()) == (ONE, Propagate(stop_after=2))


def test_a_lock_during_a_propagation_stays_and_is_undone_behind_it() -> None:
    lock, name = Meanwhile(2, SetLock(1, is_locked=True)), Meanwhile(3, RenameObject(1, "dog"))
    locked = Propagate(meanwhile=(lock, name))
    assert standing(ONE, locked, THREE, Undo(), Undo(), Undo()) == (ONE, locked, Undo(), Undo())
    undone = Propagate(meanwhile=(lock, Meanwhile(4, Undo())))
    assert standing(ONE, undone, THREE, Undo(), TWO) == (ONE, undone, TWO)
    assert standing(ONE, undone, Redo()) == (ONE, undone, Redo())
    assert standing(ONE, locked, THREE, Undo()) == (ONE, locked), "all of it stands"


def test_steps_that_stand_are_one_for_each_undo_step() -> None:
    during = Propagate(meanwhile=(Meanwhile(2, TWO),))
    script = Script(OBJECTS, (ONE, during, THREE, Undo()), Path())
    assert standing_steps(script) == (AddObject(1, "Object 1"), ONE, during, TWO)


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(seed, marks=[] if seed < SEEDS_IN_MAKE_TEST else pytest.mark.long("fuzz"))
        for seed in range(SEEDS_IN_LONG_TEST)
    ],
)
def test_random_work_saved_with_and_without_what_was_undone_makes_the_same_masks(
    seed: int, tmp_path: Path
) -> None:
    rng = np.random.default_rng(seed)
    session, recorder = fake_session(square_clip(FRAMES)), ScriptRecorder()
    session.add_object("Object 1", 1)
    recorder.add_initial_object(1, "Object 1")
    recorder.start(session.undo_count)
    user = RandomUser(session, recorder, rng)
    for _ in range(STEPS):
        user.act()
    expected, undo_count = snapshot(session), session.undo_count
    assert len(standing_steps(recorder.script(tmp_path))) == undo_count
    for with_undone in (True, False):
        path = tmp_path / f"{with_undone}.json"
        write_script(recorder.script(tmp_path, with_undone=with_undone), path)
        again = played(read_script(path))
        assert differences(snapshot(again), expected) == [], with_undone
        assert labels(again) == labels(session)
