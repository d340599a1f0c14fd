"""A folder to be written: what it may replace, what stays, and what a stopped or killed run leaves."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mivos_studio.media.errors import MediaError
from mivos_studio.media.output import folder as folder_module
from mivos_studio.media.output import places
from mivos_studio.media.output.folder import FolderOutput
from mivos_studio.media.output.manifest import MANIFEST_NAME

posix_alone = pytest.mark.skipif(os.name != "posix", reason="links and signals as on POSIX")


def write(path: Path, files: dict[str, str], *, replaces: bool = False, **inputs: list[Path]) -> None:
    with FolderOutput(path, replaces=replaces, **inputs) as output:
        output.expect(files)
        fill(output, files)


def fill(output: FolderOutput, files: dict[str, str]) -> None:
    with output.writing() as folder:
        for name, text in files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)


def seen(folder: Path) -> dict[str, str]:
    """Every file below a folder but the list, with its content."""
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST_NAME
    }


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """A folder with a result, in which others have put things since."""
    path = tmp_path / "out"
    write(path, {"a.png": "old a", "b.png": "old b", "ball/0.png": "old 0"})
    (path / "notes.txt").write_text("mine")
    (path / "cut").mkdir()
    (path / "cut" / "a.png").write_text("mine")
    return path


FOREIGN = {"notes.txt": "mine", "cut/a.png": "mine"}


def test_a_result_appears_whole_with_a_list_of_its_files(tmp_path: Path) -> None:
    with FolderOutput(tmp_path / "new" / "out") as output:
        assert not (tmp_path / "new").exists()
        fill(output, {"a.png": "a", "ball/0.png": "0"})
    assert seen(tmp_path / "new" / "out") == {"a.png": "a", "ball/0.png": "0"}
    listed = json.loads((tmp_path / "new" / "out" / MANIFEST_NAME).read_text())
    assert [file["name"] for file in listed["files"]] == ["a.png", "ball/0.png"]
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_a_stopped_run_leaves_nothing(tmp_path: Path) -> None:
    def stopped() -> None:
        with FolderOutput(tmp_path / "new" / "out") as output, output.writing() as folder:
            (folder / "a.png").write_text("a")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert list(tmp_path.iterdir()) == []


def test_files_of_an_earlier_result_make_way_and_all_others_stay(earlier: Path) -> None:
    write(earlier, {"a.png": "new a", "dog/0.png": "new 0"}, replaces=True)
    assert seen(earlier) == {"a.png": "new a", "dog/0.png": "new 0", **FOREIGN}
    assert sorted(path.name for path in earlier.iterdir() if path.is_dir()) == ["cut", "dog"]


def test_nothing_is_replaced_unasked(earlier: Path) -> None:
    before = seen(earlier)
    with pytest.raises(MediaError, match="is not empty"):
        write(earlier, {"a.png": "new a"})
    assert seen(earlier) == before


def test_a_file_retouched_by_hand_stays_and_is_named(earlier: Path) -> None:
    (earlier / "a.png").write_text("hand a")  # of the same size: told by its content
    before = seen(earlier)
    with pytest.raises(
        MediaError, match=r"a\.png is in the way, and was not written by this program or changed"
    ):
        write(earlier, {"a.png": "new a"}, replaces=True)
    assert seen(earlier) == before


def test_a_file_retouched_by_hand_stays_where_the_new_result_has_none_of_its_name(earlier: Path) -> None:
    (earlier / "b.png").write_text("hand b")
    write(earlier, {"a.png": "new a"}, replaces=True)
    assert seen(earlier) == {"a.png": "new a", "b.png": "hand b", **FOREIGN}
    write(earlier, {}, replaces=True)
    assert seen(earlier) == {"b.png": "hand b", **FOREIGN}


@pytest.mark.parametrize("text", ["{}", "no list", '{"written_by": "another", "version": 1, "files": []}'])
def test_a_list_of_another_program_stays(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST_NAME).write_text(text)
    with pytest.raises(MediaError, match=r"\.mivos-files\.json was not written by this program"):
        write(tmp_path, {"a.png": "new"}, replaces=True)
    assert (tmp_path / MANIFEST_NAME).read_text() == text


@pytest.mark.parametrize("name", ["../precious.txt", "/etc/hostname", "sub/../../precious.txt"])
def test_a_list_that_leads_out_of_its_folder_is_not_followed(tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    write(out, {"a.png": "a"})
    (tmp_path / "precious.txt").write_text("a")
    text = (out / MANIFEST_NAME).read_text().replace("a.png", name)
    (out / MANIFEST_NAME).write_text(text)
    with pytest.raises(MediaError, match="was not written by this program"):
        write(out, {"a.png": "b"}, replaces=True)
    assert (tmp_path / "precious.txt").read_text() == "a"


# What happens during the work.


def test_a_file_that_appears_during_the_run_stays(earlier: Path) -> None:
    with FolderOutput(earlier, replaces=True) as output:
        (earlier / "late.txt").write_text("late")
        fill(output, {"a.png": "new a"})
    assert seen(earlier) == {"a.png": "new a", "late.txt": "late", **FOREIGN}


def test_a_file_that_takes_a_name_during_the_run_stays_and_the_result_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with FolderOutput(out) as output:
        out.mkdir()
        (out / "a.png").write_text("theirs")
        with pytest.raises(
            MediaError, match=r"a\.png is in the way.* The finished result is in .*out-kept\."
        ):
            fill(output, {"a.png": "new a", "b.png": "new b"})
    assert seen(out) == {"a.png": "theirs"}
    assert seen(tmp_path / "out-kept") == {"a.png": "new a", "b.png": "new b"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "out-kept"]


def test_a_result_that_appears_during_the_run_is_not_replaced_unasked(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(tmp_path / "copy", {"other.png": "theirs"})
    with FolderOutput(out) as output:
        (tmp_path / "copy").rename(out)
        with pytest.raises(MediaError, match="holds an earlier result by now"):
            fill(output, {"a.png": "new a"})
    assert seen(out) == {"other.png": "theirs"}
    assert seen(tmp_path / "out-kept") == {"a.png": "new a"}


def test_a_file_changed_between_the_check_and_the_rename_stays(
    earlier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move_aside = FolderOutput._move_aside

    def meanwhile(output: FolderOutput, *moved: object) -> None:
        (earlier / "b.png").write_text("hand b")
        move_aside(output, *moved)  # type: ignore[arg-type]

    monkeypatch.setattr(FolderOutput, "_move_aside", meanwhile)
    with pytest.raises(MediaError, match=r"b\.png was changed meanwhile.* The finished result is in"):
        write(earlier, {"a.png": "new a", "b.png": "new b"}, replaces=True)
    kept = earlier / "out-kept"
    assert seen(kept) == {"a.png": "new a", "b.png": "new b"}
    there = {name: text for name, text in seen(earlier).items() if not name.startswith("out-kept")}
    assert there == {"a.png": "old a", "b.png": "hand b", "ball/0.png": "old 0", **FOREIGN}


def test_earlier_files_are_put_back_where_a_rename_fails(
    earlier: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = seen(earlier)
    move, calls = folder_module.move_without_replacing, 0

    def failing(source: Path, target: Path) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise OSError(errno.EIO, "Input/output error")
        move(source, target)

    monkeypatch.setattr(folder_module, "move_without_replacing", failing)
    with pytest.raises(MediaError, match=r"disk reports an error.* The finished result is in .*out-kept\."):
        write(earlier, {"a.png": "new a", "b.png": "new b"}, replaces=True)
    assert {name: text for name, text in seen(earlier).items() if "out-kept" not in name} == before
    assert seen(earlier / "out-kept") == {"a.png": "new a", "b.png": "new b"}
    write(earlier, {"a.png": "newer"}, replaces=True)
    assert seen(earlier / "out-kept") == {"a.png": "new a", "b.png": "new b"}, "a kept result is left alone"


def test_the_result_stays_where_the_last_rename_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(FolderOutput, "_rename_whole", failing)
        with pytest.raises(MediaError, match=r"The finished result is in .*out-kept\."):
            write(tmp_path / "out", {"a.png": "a"})
    assert seen(tmp_path / "out-kept") == {"a.png": "a"}
    write(tmp_path / "out", {"a.png": "b"})
    assert seen(tmp_path / "out-kept") == {"a.png": "a"}


@pytest.mark.parametrize("replaces", [False, True])
def test_a_file_system_without_hard_links_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replaces: bool
) -> None:
    def no_links(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    (tmp_path / "out").mkdir()
    write(tmp_path / "out", {"a.png": "a"}, replaces=replaces)
    write(tmp_path / "out", {"a.png": "b"}, replaces=True)
    assert seen(tmp_path / "out") == {"a.png": "b"}


# Inputs.


def test_a_clip_s_own_folder_is_refused_also_through_links(tmp_path: Path) -> None:
    frames = tmp_path / "frames"
    write(frames, {"00000.png": "frame"})  # even where this program wrote it
    (tmp_path / "link").symlink_to(frames, target_is_directory=True)
    (tmp_path / "above").symlink_to(tmp_path, target_is_directory=True)
    for out in (frames, tmp_path / "link", tmp_path / "above" / "frames", frames / "..", frames):
        clip = tmp_path / "link" if out != frames / ".." else tmp_path
        with pytest.raises(MediaError, match="is the folder of the clip itself"):
            FolderOutput(out, replaces=True, sources=[clip])
    assert seen(frames) == {"00000.png": "frame"}


def test_the_folder_of_a_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / "footage").mkdir()
    (tmp_path / "footage" / "clip.mp4").touch()
    (tmp_path / "clip.mp4").symlink_to(tmp_path / "footage" / "clip.mp4")
    for video in (tmp_path / "footage" / "clip.mp4", tmp_path / "clip.mp4"):
        with pytest.raises(MediaError, match="is the folder of the clip itself"):
            FolderOutput(tmp_path / "footage", replaces=True, sources=[video])


def test_a_mask_in_use_is_not_replaced_though_this_program_wrote_it(earlier: Path) -> None:
    before = seen(earlier)
    for name in ("a.png", "b.png"):  # one would be replaced, the other removed
        with pytest.raises(MediaError, match="is an input of this work"):
            write(earlier, {"a.png": "new a"}, replaces=True, inputs=[earlier / name])
    assert seen(earlier) == before


@posix_alone
def test_a_link_in_the_folder_is_neither_followed_nor_replaced(earlier: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "b.png").write_text("old b")
    (tmp_path / "elsewhere" / "0.png").write_text("old 0")
    (earlier / "b.png").unlink()
    (earlier / "b.png").symlink_to(tmp_path / "elsewhere" / "b.png")
    with pytest.raises(MediaError, match=r"b\.png is in the way"):
        write(earlier, {"b.png": "new b"}, replaces=True)
    (earlier / "ball" / "0.png").unlink()
    (earlier / "ball").rmdir()
    (earlier / "ball").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    with pytest.raises(MediaError, match="ball is a link, through which nothing is written"):
        write(earlier, {"ball/0.png": "new 0"}, replaces=True)
    write(earlier, {"a.png": "new a"}, replaces=True)
    assert seen(tmp_path / "elsewhere") == {"b.png": "old b", "0.png": "old 0"}


def test_another_name_of_a_file_that_makes_way_keeps_its_content(earlier: Path, tmp_path: Path) -> None:
    os.link(earlier / "a.png", tmp_path / "mine.png")
    write(earlier, {"a.png": "new a"}, replaces=True)
    assert (tmp_path / "mine.png").read_text() == "old a"


# What is known at the start.


@pytest.mark.parametrize("name", ["x" * 256, "ü" * 130, "new/" + "x" * 256])
def test_a_name_that_is_too_long_is_known_at_the_start(tmp_path: Path, name: str) -> None:
    with pytest.raises(MediaError, match="its name is too long"), FolderOutput(tmp_path / name):
        pytest.fail("the work began")
    assert list(tmp_path.iterdir()) == []


def test_the_longest_name_will_do(tmp_path: Path) -> None:
    write(tmp_path / ("x" * 255), {"a.png": "a"})
    assert [len(path.name) for path in tmp_path.iterdir()] == [255]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_known_at_the_start(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(MediaError, match="is read-only"):
        FolderOutput(tmp_path / "out")


def test_a_folder_in_which_nothing_can_be_made_is_known_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path, *_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refused)
    with pytest.raises(MediaError, match="that disk is read-only"), FolderOutput(tmp_path / "out"):
        pytest.fail("the work began")


def test_a_file_on_the_way_is_known_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MediaError, match="is a file"):
        FolderOutput(tmp_path / "file")
    with pytest.raises(MediaError, match=r"cannot be made: .*file is a file"):
        FolderOutput(tmp_path / "file" / "out")


def test_a_full_disk_is_known_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places.shutil, "disk_usage", lambda _: _Usage(2_000_000))
    output = FolderOutput(tmp_path / "new" / "out")
    output.expect([], 2_000_000)
    with pytest.raises(MediaError, match=r"needs at least 3\.0 MB, and 2\.0 MB are free"):
        output.expect([], 3_000_000)
    assert list(tmp_path.iterdir()) == []


class _Usage:
    def __init__(self, free: int) -> None:
        self.free = free


def test_a_place_is_busy_as_long_as_a_run_writes_to_it(tmp_path: Path) -> None:
    with FolderOutput(tmp_path / "out") as output:
        with pytest.raises(MediaError, match="is being written by another run"):
            FolderOutput(tmp_path / "out")
        with FolderOutput(tmp_path / "another"):
            pass
        fill(output, {"a.png": "a"})
    assert seen(tmp_path / "out") == {"a.png": "a"}


def test_a_file_system_without_locks_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fcntl = pytest.importorskip("fcntl")

    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with FolderOutput(tmp_path / "out") as output:
        write(tmp_path / "another", {"a.png": "a"})
        write(tmp_path / "out", {"a.png": "first"})  # nobody can tell that it is busy
        with pytest.raises(MediaError, match="The finished result is in"):
            fill(output, {"a.png": "second"})
    assert seen(tmp_path / "out") == {"a.png": "first"}
    assert seen(tmp_path / "out-kept") == {"a.png": "second"}


# Killed runs.

_KILLED = """
import os, signal, sys
from pathlib import Path
from mivos_studio.media.output import folder
from mivos_studio.media.output.folder import FolderOutput

moves, move = int(sys.argv[2]), folder.move_without_replacing

def counted(source, target):
    global moves
    if moves == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    moves -= 1
    move(source, target)

folder.move_without_replacing = counted
with FolderOutput(Path(sys.argv[1]), replaces=True) as output:
    with output.writing() as inside:
        for name in ("a.png", "b.png", "c.png"):
            (inside / name).write_text(f"killed {name}")
        if moves < 0:
            print("written", flush=True)
            signal.pause()
"""


def kill(out: Path, moves: int) -> None:
    """Run a program that is killed after it has put so many files in place; -1: while it writes."""
    words = [sys.executable, "-c", _KILLED, str(out), str(moves)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        if moves < 0:
            assert process.stdout is not None
            process.stdout.readline()
            with pytest.raises(MediaError, match="is being written by another run"):
                FolderOutput(out, replaces=True)
            process.kill()
    assert process.returncode == -signal.SIGKILL


@posix_alone
def test_what_a_run_killed_while_writing_left_is_cleaned_up_by_the_next(tmp_path: Path) -> None:
    kill(tmp_path / "new" / "out", -1)
    assert len(list(tmp_path.iterdir())) == 1
    write(tmp_path / "new" / "out", {"a.png": "a"})
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    assert seen(tmp_path / "new" / "out") == {"a.png": "a"}


@posix_alone
def test_what_a_killed_run_left_is_found_though_the_folder_was_made_since(tmp_path: Path) -> None:
    kill(tmp_path / "new" / "out", -1)
    (tmp_path / "new" / "out").mkdir(parents=True)
    write(tmp_path / "new" / "out", {"a.png": "a"})
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


@posix_alone
@pytest.mark.parametrize("moves", [0, 1, 2, 3])
def test_a_run_killed_between_two_files_is_undone_by_the_next(earlier: Path, moves: int) -> None:
    before = seen(earlier)
    kill(earlier, moves)
    with pytest.raises(MediaError, match="is not empty"):
        FolderOutput(earlier)
    assert seen(earlier) == before
    assert not [path for path in earlier.iterdir() if path.name.startswith(".mivos-") and path.is_dir()]
    write(earlier, {"a.png": "new a"}, replaces=True)
    assert seen(earlier) == {"a.png": "new a", **FOREIGN}


@posix_alone
def test_a_run_killed_while_it_filled_an_empty_folder_does_not_block_the_next(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    kill(tmp_path / "out", 2)
    write(tmp_path / "out", {"a.png": "a"})
    assert seen(tmp_path / "out") == {"a.png": "a"}


@posix_alone
def test_a_foreign_folder_of_such_a_name_is_left_alone(tmp_path: Path) -> None:
    kill(tmp_path / "out", -1)
    (left,) = tmp_path.iterdir()
    (left / "unfinished").unlink()
    (left / "mine.txt").write_text("mine")
    write(tmp_path / "out", {"a.png": "a"})
    assert (left / "mine.txt").read_text() == "mine"


@posix_alone
def test_two_runs_at_once_write_one_result_and_one_refusal(tmp_path: Path) -> None:
    program = (
        "import sys, time\nfrom pathlib import Path\n"
        "from mivos_studio.media.output.folder import FolderOutput\n"
        "with FolderOutput(Path(sys.argv[1])) as output:\n"
        "    with output.writing() as folder:\n"
        "        time.sleep(1.5)\n        (folder / 'a.png').write_text(sys.argv[2])\n"
    )
    words = [sys.executable, "-c", program, str(tmp_path / "out")]
    runs = [subprocess.Popen([*words, str(n)], stderr=subprocess.PIPE, text=True) for n in range(4)]
    errors = [run.communicate()[1] for run in runs]
    winners = [number for number, run in enumerate(runs) if run.returncode == 0]
    assert len(winners) == 1, errors
    assert seen(tmp_path / "out") == {"a.png": str(winners[0])}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


_HASTY = """
import sys
from pathlib import Path
from mivos_studio.media.errors import MediaError
from mivos_studio.media.output.folder import FolderOutput
try:
    with FolderOutput(Path(sys.argv[1]), replaces=sys.argv[3] == "True") as output:
        with output.writing() as folder:
            for number in range(30):
                (folder / f"{number}.png").write_text(sys.argv[2])
except MediaError:
    sys.exit(2)
"""


@posix_alone
@pytest.mark.parametrize("replaces", [True, False])
def test_runs_killed_at_any_moment_leave_one_result_or_none(tmp_path: Path, replaces: bool) -> None:
    out = tmp_path / "new" / "out"
    if replaces:
        out.mkdir(parents=True)
        (out / "notes.txt").write_text("mine")
    rng = random.Random(0)
    for attempt in range(12):
        words = [sys.executable, "-c", _HASTY, str(out)]
        runs = [subprocess.Popen([*words, f"{attempt}.{n}", str(replaces)]) for n in range(3)]
        time.sleep(rng.uniform(0.03, 0.15))
        for run in runs[: rng.randint(1, 3)]:
            run.kill()
        for run in runs:
            assert run.wait() in (0, 2, -signal.SIGKILL)
        if replaces or not out.exists():
            FolderOutput(out, replaces=replaces)
        texts = [path.read_text() for path in out.glob("*.png")]
        assert len(texts) in (0, 30)
        assert len(set(texts)) <= 1
        assert {path.name for path in tmp_path.iterdir()} <= {"new"}
        if replaces:
            assert (out / "notes.txt").read_text() == "mine"
            assert [path for path in out.iterdir() if path.is_dir()] == []
        elif out.exists():
            shutil.rmtree(out)
