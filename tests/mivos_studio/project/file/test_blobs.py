"""The bytes of masks in a project: changes belong to the next save."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from inference_core.types import MemoryBudget, ScratchStore
from mivos_studio.project.file.errors import ProjectError
from mivos_studio.project.file.masks import ids_of
from mivos_studio.project.file.project_file import ProjectFile
from tests.inference_core.fakes import fake_session, square_clip, square_ids
from tests.inference_core.snapshot import snapshot
from tests.mivos_studio.project.file.projects import crashed_copy, new_session, reopened_session


def test_what_is_put_can_be_read_at_once_and_an_unknown_key_is_no_error_to_discard(tmp_path: Path) -> None:
    with ProjectFile.create(tmp_path / "work.mivos") as project:
        storage: ScratchStore = project.storage
        storage.put(3, b"\x00three")
        storage.put(3, b"new")
        storage.discard(7)
        assert storage.get(3) == b"new"
        storage.discard(3)
        for key in (3, 7):
            with pytest.raises(KeyError):
                storage.get(key)


def test_what_is_discarded_stays_in_the_file_until_a_save_no_longer_names_it(tmp_path: Path) -> None:
    clip = square_clip(4)
    with ProjectFile.create(tmp_path / "work.mivos") as project:
        session = new_session(project, clip)
        session.set_ids(0, square_ids(0))
        project.save(session)
        expected, named = snapshot(session), session.state.blobs()
        session.undo()
        session.set_ids(1, square_ids(1))
        session._context.mask_store.blobs.discard_others(session.state.blobs())
        with pytest.raises(KeyError):
            project.storage.get(next(iter(named)))
        with ProjectFile.open(crashed_copy(project.path, tmp_path / "copy")) as copy:
            assert snapshot(reopened_session(copy, clip)) == expected
        project.save(session)
        stored = {key for (key,) in project._database.execute("SELECT id FROM blob")}
        assert stored == session.state.blobs()


def test_much_that_waits_is_written_before_the_save_and_removed_if_there_was_none(tmp_path: Path) -> None:
    path = tmp_path / "work.mivos"
    with ProjectFile.create(path) as project:
        for key in range(40):
            project.storage.put(key, bytes([key]) * 2**20)
        assert project.storage._waiting_bytes <= 32 * 2**20
        assert [project.storage.get(key)[0] for key in range(40)] == list(range(40))
        (count,) = project._database.execute("SELECT count(*) FROM blob").fetchone()
        assert 0 < count < 40
    with ProjectFile.open(path) as project:
        assert project._database.execute("SELECT count(*) FROM blob").fetchone() == (0,)


def test_threads_may_share_it(tmp_path: Path) -> None:
    with ProjectFile.create(tmp_path / "work.mivos") as project, ThreadPoolExecutor(4) as pool:
        session = new_session(project, square_clip(3))
        session.set_ids(0, square_ids(0))
        saving = pool.submit(lambda: [project.save(session) for _ in range(20)])
        list(pool.map(lambda key: project.storage.put(key, bytes([key]) * 9000), range(100, 200)))
        contents = list(pool.map(project.storage.get, range(100, 200)))
        assert saving.result() == [None] * 20
        assert contents == [bytes([key]) * 9000 for key in range(100, 200)]


def test_masks_can_be_read_by_other_threads_while_the_session_is_saved(tmp_path: Path) -> None:
    clip = square_clip(6, size=(32, 64))
    is_over = threading.Event()
    with ProjectFile.create(tmp_path / "work.mivos") as project:
        # So little memory that each read goes to the project.
        budget = MemoryBudget(contents=1, decoded=1)
        session = fake_session(clip, scratch=project.storage, budget=budget)
        session.set_ids(0, square_ids(0, (32, 64)))

        def read() -> int:
            count = 0
            while not is_over.is_set():
                session.ids(count % 6)
                count += 1
            return count

        def work() -> None:
            for _ in range(10):
                for _ in session.propagate(0):
                    project.save(session)
                session.undo()
                project.save(session)

        readers = [threading.Thread(target=read, daemon=True) for _ in range(3)]
        worker = threading.Thread(target=work, daemon=True)
        for thread in (*readers, worker):
            thread.start()
        worker.join(60)
        assert not worker.is_alive(), "it waits for a reader, which waits for it"
        is_over.set()
        for thread in readers:
            thread.join(60)
            assert not thread.is_alive()


def test_a_project_that_is_changed_while_it_is_read_is_a_sentence(tmp_path: Path) -> None:
    clip, path = square_clip(4), tmp_path / "work.mivos"
    with ProjectFile.create(path) as project:
        session = new_session(project, clip)
        session.set_ids(0, square_ids(0))
        project.save(session)
    with ProjectFile.open(path, writes=False) as reader:
        assert reader.state is not None
        ids = ids_of(reader.state, reader.storage)
        with ProjectFile.open(path) as project:
            session = reopened_session(project, clip)
            session.undo()
            session.set_ids(1, square_ids(1))
            project.save(session)
        with ProjectFile.open(path):  # removes what no step needs
            pass
        with pytest.raises(ProjectError, match="was changed by another process while it was being read"):
            ids(0)


def test_masks_of_a_project_that_was_closed_are_not_called_damaged(tmp_path: Path) -> None:
    with ProjectFile.create(tmp_path / "work.mivos") as project:
        session = new_session(project, square_clip(4))
        session.set_ids(0, square_ids(0))
        project.save(session)
    for read in (lambda: project.storage.get(0), lambda: project.save(session), project.steps):
        with pytest.raises(ProjectError, match="was closed: open it again"):
            read()
