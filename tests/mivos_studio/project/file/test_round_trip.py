"""Whatever a session did, its project brings it back bit for bit, and it goes on as if it had not closed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inference_core.errors import UserError
from inference_core.session import Session
from inference_core.types import ObjectSettings
from mivos_studio.project.file.project_file import ProjectFile
from tests.inference_core.fakes import square_clip, square_ids, stroke
from tests.inference_core.snapshot import differences, snapshot
from tests.inference_core.test_random_sessions import FRAMES, Editor
from tests.mivos_studio.project.file.projects import (
    crashed_copy,
    new_session,
    reopened_session,
    row_counts,
    worked,
)

STEPS = 22


def history(session: Session) -> list[dict[str, object]]:
    """Return everything at every step, from all undone to all redone and back to where it was."""
    found, undone = [], 0
    while session.can_undo:
        session.undo()
        undone += 1
        found.append(snapshot(session))
    redone = 0
    while session.can_redo:
        session.redo()
        redone += 1
        found.append(snapshot(session))
    for _ in range(redone - undone):
        session.undo()
    return found


def assert_same(one: Session, other: Session, done: object = None) -> None:
    assert differences(snapshot(one), snapshot(other)) == [], done
    assert (one.undo_count, one.can_redo) == (other.undo_count, other.can_redo), done
    assert one.confidences() == other.confidences()


@pytest.mark.parametrize("seed", range(8))
def test_a_random_session_reopens_as_it_was_at_any_moment(seed: int, tmp_path: Path) -> None:
    clip, rng = square_clip(FRAMES, size=(32, 64)), np.random.default_rng(1000 + seed)
    with ProjectFile.create(tmp_path / "work.mivos") as project:
        session = new_session(project, clip)
        for _ in range(3):
            session.add_object()
        editor = Editor(session, np.random.default_rng(seed))
        for number in range(STEPS):
            editor.act()
            if rng.random() < 0.25 and session.can_undo:
                session.undo()
            project.save(session)
            if rng.random() < 0.3:
                copy = crashed_copy(project.path, tmp_path / str(number))
                with ProjectFile.open(copy) as again:
                    assert_same(session, reopened_session(again, clip), editor.done)
        copy = crashed_copy(project.path, tmp_path / "last")
        with ProjectFile.open(copy) as again:
            other = reopened_session(again, clip)
            assert history(session) == history(other), editor.done
            on = Editor(other, np.random.default_rng(seed + 50))
            editor.rng = np.random.default_rng(seed + 50)
            for _ in range(6):
                editor.act()
                on.act()
                again.save(other)
                assert_same(session, other, editor.done)
        with ProjectFile.open(copy) as again:
            assert_same(session, reopened_session(again, clip), editor.done)


@pytest.mark.parametrize("seed", range(4))
def test_a_propagation_is_saved_frame_by_frame_also_with_other_steps_in_between(
    seed: int, tmp_path: Path
) -> None:
    clip, rng = square_clip(9, size=(32, 64)), np.random.default_rng(seed)
    with ProjectFile.create(tmp_path / "work.mivos") as project:
        session = new_session(project, clip)
        session.set_ids(4, square_ids(4, (32, 64)))
        session.propagate().run()
        session.add_object("late", 3)
        session.set_ids(0, square_ids(0, (32, 64)) * 3)
        for number, change in enumerate(session.propagate()):
            project.save(session)
            if rng.random() < 0.4:
                points = rng.integers(0, 30, (3, 2)).tolist()
                try:
                    session.interact(stroke("brush", points, frame=int(rng.integers(9)), radius=4)).run()
                except UserError:
                    session.undo()
                project.save(session)
            copy = crashed_copy(project.path, tmp_path / str(number))
            with ProjectFile.open(copy) as again:
                other = reopened_session(again, clip)
                assert_same(session, other, change.frame_index)
                assert session.unfinished == other.unfinished
                if number == 5:
                    list(other.propagate())
                    again.save(other)
        project.save(session)
        copy = crashed_copy(project.path, tmp_path / "end")
        with ProjectFile.open(copy) as again:
            assert history(reopened_session(again, clip)) == history(session)


def test_a_round_from_the_same_anchor_again_leaves_the_earlier_one_as_it_was(tmp_path: Path) -> None:
    clip = square_clip(8)
    with ProjectFile.create(tmp_path / "work.mivos") as project:
        session = new_session(project, clip)
        session.set_ids(0, square_ids(0))
        session.propagate().run()
        session.set_ids(4, square_ids(4) * 0)
        project.save(session)
        session.undo()
        session.set_ids(0, square_ids(1))
        session.propagate().run()
        project.save(session)
        assert [done.anchor for done in session.rounds] == [0, 0]
        with ProjectFile.open(crashed_copy(project.path, tmp_path / "copy")) as again:
            for one, other in zip(session.rounds, reopened_session(again, clip).rounds, strict=True):
                assert one.changed_frames == other.changed_frames
                for frame_index in one.changed_frames:
                    assert np.array_equal(one.ids_before(frame_index), other.ids_before(frame_index))
                    assert np.array_equal(one.ids_after(frame_index), other.ids_after(frame_index))


def test_what_nothing_names_any_more_leaves_the_tables(tmp_path: Path) -> None:
    with (
        ProjectFile.create(tmp_path / "a.mivos") as by_steps,
        ProjectFile.create(tmp_path / "b.mivos") as at_once,
    ):
        session = worked(by_steps)
        at_once.save(session)
        counts = row_counts(by_steps)
        assert {**counts, "blob": 0} == {**row_counts(at_once), "blob": 0}
        while session.can_undo:
            session.undo()
        session.add_object("another")
        by_steps.save(session)
        counts = row_counts(by_steps)
        assert (counts["record"], counts["round"], counts["round_frame"], counts["step"]) == (0, 0, 0, 1)
        assert counts["state"] == 2


def test_a_running_round_keeps_its_row_and_a_save_writes_what_is_new_alone(tmp_path: Path) -> None:
    with ProjectFile.create(tmp_path / "work.mivos") as project:
        session = new_session(project, square_clip(12))
        session.set_ids(0, square_ids(0))
        project.save(session)
        rows = set()
        for number, _ in enumerate(session.propagate(), start=1):
            before = project._database.total_changes
            project.save(session)
            # Round, step and state change, segments and a record are new: the same for every frame.
            if number > 1:
                assert project._database.total_changes - before < 25
            rows.update(project._database.execute("SELECT id FROM round").fetchall())
        assert len(rows) == 1


def test_saving_again_without_a_change_writes_nothing_of_the_session(tmp_path: Path) -> None:
    with ProjectFile.create(tmp_path / "work.mivos") as project:
        session = worked(project)
        before = project._database.total_changes
        project.save(session)
        assert project._database.total_changes == before


def test_steps_and_view_come_back_in_order(tmp_path: Path) -> None:
    from mivos_studio.project.steps import AddObject, Draw, Propagate, Undo

    steps = [AddObject(1, "dog"), Draw(stroke("click", ((3.0, 4.5),))), Propagate(stop_after=3), Undo()]
    path = tmp_path / "work.mivos"
    with ProjectFile.create(path) as project:
        session = new_session(project, square_clip(3))
        project.save(session, steps=steps[:1])
        project.save(session, steps=steps[1:], view={"frame": 2, "zoom": 1.5})
        project.save(session)
    with ProjectFile.open(path) as project:
        assert project.interaction_count == 4
        assert [(step.verb, step.written()) for step in project.steps()] == [
            (step.verb, step.written()) for step in steps
        ]
        assert project.view == {"frame": 2, "zoom": 1.5}


def test_bytes_of_discarded_steps_are_gone_when_the_project_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "work.mivos"
    with ProjectFile.create(path) as project:
        session = worked(project)
        while session.can_undo:
            session.undo()
        session.set_ids(0, square_ids(0))
        project.save(session)
        assert row_counts(project)["blob"] > 4
    with ProjectFile.open(path) as project:
        assert project.state is not None
        assert row_counts(project)["blob"] == len(project.state.blobs())


def test_numbers_of_numpy_are_saved_as_any_others(tmp_path: Path) -> None:
    clip = square_clip(4)
    with ProjectFile.create(tmp_path / "work.mivos") as project:
        session = new_session(project, clip)
        session.add_object("dog", np.int64(7))  # type: ignore[arg-type]
        red, green, blue = np.array([1, 2, 3], np.uint8)
        session.configure_object(7, ObjectSettings(colour=(red, green, blue), order=np.int64(3)))  # type: ignore[arg-type]
        drawn = stroke("brush", ((5.0, 5.0),), frame=np.int64(2), object_id=np.int64(7))  # type: ignore[arg-type]
        session.interact(drawn).run()
        session.lock(7, np.bool_(True))  # type: ignore[arg-type]
        project.save(session)
        session.lock(7, False)
        session.propagate(np.int64(2), frame_range=(np.int64(0), np.int64(3))).run()  # type: ignore[arg-type]
        project.save(session)
        copy = crashed_copy(project.path, tmp_path / "copy")
    with ProjectFile.open(copy) as again:
        assert differences(snapshot(session), snapshot(reopened_session(again, clip))) == []


def test_steps_with_masks_on_paths_that_are_no_unicode_come_back(tmp_path: Path) -> None:
    from mivos_studio.project.steps import SetIds

    path, steps = tmp_path / "work.mivos", [SetIds(0, "/masks/caf\udce9.png")]
    with ProjectFile.create(path) as project:
        project.save(new_session(project, square_clip(3)), steps=steps)
    with ProjectFile.open(path) as project:
        assert project.steps() == steps
