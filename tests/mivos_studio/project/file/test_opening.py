"""A project opens wherever it lies, for one writer at a time; what is none is refused in a sentence."""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mivos_studio.project.file import database, schema
from mivos_studio.project.file.errors import DamagedError, ProjectError
from mivos_studio.project.file.lock import has_living_owner, lock_path
from mivos_studio.project.file.project_file import ProjectFile
from tests.inference_core.fakes import square_clip
from tests.inference_core.snapshot import snapshot
from tests.mivos_studio.project.file.projects import crashed_copy, new_session, reopened_session, worked

CLIP = square_clip(14)


def content(path: Path, *, writes: bool = False) -> dict[str, object]:
    with ProjectFile.open(path, writes=writes) as project:
        assert project.is_read_only != writes
        return snapshot(reopened_session(project, CLIP))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_closed_project_is_one_file_and_reading_it_leaves_nothing(saved: tuple[Path, object]) -> None:
    path, expected = saved
    assert names(path.parent) == ["work.mivos"]
    before = path.read_bytes()
    assert content(path) == expected
    assert names(path.parent) == ["work.mivos"]
    assert path.read_bytes() == before
    assert content(path, writes=True) == expected
    assert names(path.parent) == ["work.mivos"]


@pytest.fixture
def read_only_folder(tmp_path: Path) -> Iterator[Callable[[Path], Path]]:
    """Put copies of a project's files on a read-only disk; skipped where this user may not mount one."""
    folder = tmp_path / "archive"
    folder.mkdir()

    def mount(*options: str) -> None:
        try:
            subprocess.run(["mount", *options], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("this user may not mount a disk")

    mount("-t", "tmpfs", "tmpfs", str(folder))

    def put(path: Path) -> Path:
        copy = crashed_copy(path, folder)
        mount("-o", "remount,ro", str(folder))
        return copy

    yield put
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_closed_project_is_read_from_a_read_only_disk(
    saved: tuple[Path, object], read_only_folder: Callable[[Path], Path]
) -> None:
    copy = read_only_folder(saved[0])
    assert content(copy) == saved[1]
    with ProjectFile.open(copy) as project:
        assert project.is_read_only
        assert "only be looked at" in project.notices[0]
        with pytest.raises(ProjectError, match="save it under another name"):
            project.save(new_session(project, CLIP))


def test_what_a_killed_process_left_is_read_from_a_read_only_disk(
    saved: tuple[Path, object], read_only_folder: Callable[[Path], Path]
) -> None:
    with ProjectFile.open(saved[0]) as project:
        session = reopened_session(project, CLIP)
        session.undo()
        project.save(session)
        assert saved[0].with_name("work.mivos-wal").stat().st_size > 0
        copy = read_only_folder(saved[0])
        assert content(copy) == snapshot(session)


def test_what_a_killed_process_left_is_read_without_a_further_file_beside_it(
    saved: tuple[Path, object], tmp_path: Path
) -> None:
    with ProjectFile.open(saved[0]) as project:
        session = reopened_session(project, CLIP)
        session.undo()
        project.save(session)
        copy = crashed_copy(saved[0], tmp_path / "copy")
        assert content(copy) == snapshot(session)
        assert names(copy.parent) == ["work.mivos", "work.mivos-wal"]


def test_a_wal_database_at_rest_is_read_without_a_file_beside_it(saved: tuple[Path, object]) -> None:
    path, expected = saved
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA journal_mode = WAL").fetchone() == ("wal",)
    connection.close()
    assert content(path) == expected
    assert names(path.parent) == ["work.mivos"]


@pytest.mark.parametrize("reason", ["a drive on the network", "no shared memory"])
def test_without_wal_a_rollback_journal_is_used(
    reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if reason == "a drive on the network":
        monkeypatch.setattr(database, "is_on_network", lambda _: True)
    else:
        connect = database.connect
        monkeypatch.setattr(
            "mivos_studio.project.file.project_file.connect",
            lambda path, mode: connect(path, mode, vfs="unix-dotfile"),
        )
    path = tmp_path / "work.mivos"
    with ProjectFile.create(path) as project:
        (journal,) = project._database.execute("PRAGMA journal_mode").fetchone()
        assert journal == "delete"
        session = worked(project)
        session.undo()
        project.save(session)
        assert not path.with_name("work.mivos-wal").exists()
    assert content(path) == snapshot(session)


def test_network_drives_are_known_by_their_mounts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = tmp_path / "my files"
    mounts = f"/dev/sda / ext4 rw 0 0\nserver:/x {str(home).replace(' ', chr(92) + '040')} nfs4 rw 0 0\n"
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: mounts)
    assert database.is_on_network(home / "work.mivos")
    assert not database.is_on_network(tmp_path / "my" / "work.mivos")


def test_a_second_writer_reads_and_is_told_who_writes(saved: tuple[Path, object]) -> None:
    path, expected = saved
    with ProjectFile.open(path) as first:
        session = reopened_session(first, CLIP)
        with ProjectFile.open(path) as second:
            assert second.is_read_only
            assert f"process {os.getpid()} on this computer" in second.notices[0]
            session.undo()
            first.save(session)
            assert snapshot(reopened_session(second, CLIP)) == expected, "as it was when it was opened"
        with ProjectFile.open(path) as third:
            assert snapshot(reopened_session(third, CLIP)) == snapshot(session)
    assert names(path.parent) == ["work.mivos"]


def test_a_link_leads_to_the_same_project_and_its_lock(saved: tuple[Path, object]) -> None:
    link = saved[0].with_name("link.mivos")
    link.symlink_to(saved[0])
    with ProjectFile.open(saved[0]), ProjectFile.open(link) as second:
        assert second.is_read_only


def left_lock(path: Path, **said: object) -> None:
    owner = {"host": socket.gethostname(), "pid": 2**22 + 1, "since": 1.7e9, **said}
    lock_path(path).write_text(json.dumps(owner))


def test_the_lock_of_a_dead_process_is_taken_over_with_a_notice(saved: tuple[Path, object]) -> None:
    path, expected = saved
    left_lock(path)
    assert not has_living_owner(path)
    with ProjectFile.open(path) as project:
        assert not project.is_read_only
        assert "was not closed by process 4194305" in project.notices[0]
        assert snapshot(reopened_session(project, CLIP)) == expected
    assert names(path.parent) == ["work.mivos"]


@pytest.mark.parametrize(
    "said",
    [{"since": 1e308}, {"since": float("nan")}, {"pid": 2**70}, {"pid": -1}, {"pid": 1e400}, {"pid": "x"}],
    ids=str,
)
def test_a_lock_that_names_no_possible_process_is_that_of_a_dead_one(
    said: dict[str, object], saved: tuple[Path, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mivos_studio.media.output.locks._lock", lambda _: False)
    left_lock(saved[0], host="render-7", **said)
    assert not has_living_owner(saved[0])
    with ProjectFile.open(saved[0]) as project:
        assert not project.is_read_only


def test_the_lock_of_another_computer_holds(saved: tuple[Path, object]) -> None:
    path, _ = saved
    left_lock(path, host="render-7", pid=1)
    assert has_living_owner(path)
    with ProjectFile.open(path) as project:
        assert project.is_read_only
        assert "process 1 on render-7" in project.notices[0]
        assert f"delete {lock_path(path)}" in project.notices[0]


@pytest.mark.parametrize(
    "said",
    [
        "x",
        "[" * 100_000,
        '{"host": "x", "pid": 1, "since": 1e300}',
        '{"host": "x", "pid": 1, "since": NaN}',
        '{"host": "x", "pid": 1e400, "since": 0}',
        '{"host": "x", "pid": -1, "since": 0}',
        '{"host": "x", "pid": 1, "since": null}',
        '"host"',
    ],
)
def test_a_lock_file_that_names_no_process_is_taken_over(saved: tuple[Path, object], said: str) -> None:
    lock_path(saved[0]).write_text(said)
    assert not has_living_owner(saved[0])
    with ProjectFile.open(saved[0]) as project:
        assert not project.is_read_only
    assert names(saved[0].parent) == ["work.mivos"]


def test_an_owner_that_leaves_while_the_lock_is_waited_for_has_not_died(
    saved: tuple[Path, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ProjectFile.open(saved[0])
    monkeypatch.setattr("mivos_studio.project.file.lock.time.sleep", lambda _: first.close())
    with ProjectFile.open(saved[0]) as project:
        assert not project.is_read_only
        assert project.notices == ()


def test_where_locks_do_not_work_the_process_that_is_named_decides(
    saved: tuple[Path, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mivos_studio.media.output.locks._lock", lambda _: False)
    path, _ = saved
    sleeping = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    left_lock(path, pid=sleeping.pid)
    with ProjectFile.open(path) as project:
        assert project.is_read_only
        assert f"delete {lock_path(path)}" in project.notices[0], "its number may be another process's now"
    sleeping.communicate(b"\n")
    with ProjectFile.open(path) as project:
        assert not project.is_read_only


def no_project(path: Path) -> None:
    sqlite3.connect(path).execute("CREATE TABLE meta (key, value)").connection.close()


def newer(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


def of_no_format(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = -1")
    connection.close()


def with_trigger(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TRIGGER bad AFTER INSERT ON meta BEGIN DELETE FROM blob; END")
    connection.close()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def without_a_record(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM record WHERE id = (SELECT min(id) FROM record)")
    connection.close()


def with_a_strange_state(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("""UPDATE state SET value = '{"objects": ["x"]}'""")
    connection.close()


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing": (Path.unlink, "There is no project at"),
    "empty": (lambda path: path.write_bytes(b""), "is empty"),
    "a text": (lambda path: path.write_text("masks " * 1000), "is not a project of this program"),
    "another database": (lambda path: (path.unlink(), no_project(path)), "is not a project of this program"),
    "a folder": (lambda path: (path.unlink(), path.mkdir()), "is a folder: name a file"),
    "with a folder where its journal belongs": (
        lambda path: path.with_name("work.mivos-journal").mkdir(),
        "move it away",
    ),
    "newer": (newer, "newer version of this program"),
    "of no format": (of_no_format, "is damaged"),
    "with a trigger": (with_trigger, "is damaged"),
    "cut short": (cut, "is damaged"),
    "without a record": (without_a_record, "is damaged"),
    "with a strange state": (with_a_strange_state, "is damaged"),
}


@pytest.mark.parametrize("writes", [True, False])
@pytest.mark.parametrize("name", BAD)
def test_what_is_no_whole_project_is_refused_in_a_sentence_and_stays(
    name: str, writes: bool, saved: tuple[Path, object]
) -> None:
    path, _ = saved
    spoil, sentence = BAD[name]
    spoil(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(ProjectError, match=sentence):
        ProjectFile.open(path, writes=writes)
    assert (path.read_bytes() if path.is_file() else None) == before
    assert names(path.parent) in (["work.mivos"], [], ["work.mivos", "work.mivos-journal"])


def test_a_project_that_may_not_be_written_is_looked_at(
    saved: tuple[Path, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: not (path == saved[0] and mode & os.W_OK))
    with ProjectFile.open(saved[0]) as project:
        assert project.is_read_only
        assert "is read-only" in project.notices[0]
        assert snapshot(reopened_session(project, CLIP)) == saved[1]


@pytest.mark.parametrize("writes", [True, False])
def test_a_project_that_may_not_be_read_is_a_sentence(
    saved: tuple[Path, object], writes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, *_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    saved[0].chmod(0)
    monkeypatch.setattr(Path, "open", refuse)  # the superuser may read everything
    with pytest.raises(ProjectError, match="cannot be opened: this account has no right to it"):
        ProjectFile.open(saved[0], writes=writes)


def test_a_new_project_takes_no_other_files_place(tmp_path: Path) -> None:
    there = tmp_path / "there.mivos"
    there.write_text("something")
    with pytest.raises(ProjectError, match="is there already"):
        ProjectFile.create(there)
    with pytest.raises(ProjectError, match=r"let it end in \.mivos"):
        ProjectFile.create(tmp_path / "masks.png")
    with pytest.raises(ProjectError, match="there is no folder"):
        ProjectFile.create(tmp_path / "nowhere" / "new.mivos")
    assert there.read_text() == "something"
    assert names(tmp_path) == ["there.mivos"]


def rename_meta(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE meta SET value = 'moved' WHERE key = 'note'")


def test_an_older_project_is_migrated_and_a_copy_stays(
    saved: tuple[Path, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, expected = saved
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO meta VALUES ('note', 'old')")
    connection.close()
    for module in ("schema", "project_file", "opening"):
        monkeypatch.setattr(f"mivos_studio.project.file.{module}.VERSION", 2)
    monkeypatch.setitem(schema.MIGRATIONS, 1, rename_meta)
    with pytest.raises(ProjectError, match="older format and cannot be written"):
        ProjectFile.open(path, writes=False)
    with ProjectFile.open(path) as project:
        copy = path.with_name("work.v1.mivos")
        assert str(copy) in project.notices[0]
        assert project._database.execute("SELECT value FROM meta WHERE key = 'note'").fetchone() == ("moved",)
        assert schema.version_of(project._database) == 2
        assert snapshot(reopened_session(project, CLIP)) == expected
    monkeypatch.undo()
    assert content(copy) == expected
    with pytest.raises(ProjectError, match="newer version"):
        ProjectFile.open(path)


def test_a_migration_that_fails_leaves_the_older_project(
    saved: tuple[Path, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, expected = saved

    def fail(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM record")
        raise sqlite3.OperationalError("no")

    with monkeypatch.context() as patched:
        for module in ("schema", "project_file", "opening"):
            patched.setattr(f"mivos_studio.project.file.{module}.VERSION", 2)
        patched.setitem(schema.MIGRATIONS, 1, fail)
        with pytest.raises(ProjectError):
            ProjectFile.open(path)
    assert content(path) == expected


def test_a_project_of_version_1_opens(tmp_path: Path) -> None:
    path = tmp_path / "version-1.mivos"
    shutil.copyfile(Path(__file__).parent / "version-1.mivos", path)
    with ProjectFile.open(path) as project:
        assert project.notices == ()
        assert project.state is not None
        assert project.interaction_count == 4
        session = reopened_session(project, square_clip(3, size=(32, 64)))
        assert [each.name for each in session.objects] == ["first"]
        assert (session.ids(2) == 1).any()
        while session.can_undo:
            session.undo()
        assert not session.objects


def test_a_project_is_damaged_where_a_record_is_missing(saved: tuple[Path, object]) -> None:
    without_a_record(saved[0])
    with pytest.raises(DamagedError, match="mivos check --repair"):
        ProjectFile.open(saved[0])
