"""A single file to be written: an older one of ours is replaced, nothing else is."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mivos_studio.media.errors import MediaError
from mivos_studio.media.output import file as file_module
from mivos_studio.media.output.file import FileKind, check_file, written_file


def _begins_with_ours(path: Path) -> bool:
    return path.read_text().startswith("ours")


OURS = FileKind("a file of ours", _begins_with_ours)


def write(path: Path, text: str, inputs: list[Path] | None = None) -> None:
    with written_file(path, OURS, inputs=inputs or []) as beside:
        beside.write_text(text)


@pytest.mark.parametrize("older", [None, "", "ours, older"])
def test_an_older_file_of_ours_or_an_empty_one_is_replaced(tmp_path: Path, older: str | None) -> None:
    path = tmp_path / "figures.json"
    if older is not None:
        path.write_text(older)
    check_file(path, OURS)
    assert (path.read_text() if path.exists() else None) == older
    write(path, "ours")
    assert path.read_text() == "ours"
    assert [each.name for each in tmp_path.iterdir()] == ["figures.json"]


def test_a_foreign_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("mine")
    for act in (lambda: check_file(path, OURS), lambda: write(path, "ours")):
        with pytest.raises(
            MediaError, match=r"notes\.txt is there and is not a file of ours of this program"
        ):
            act()
    assert path.read_text() == "mine"
    assert [each.name for each in tmp_path.iterdir()] == ["notes.txt"]


def test_an_input_stays_by_whatever_name_it_is_reached(tmp_path: Path) -> None:
    given = tmp_path / "script.json"
    given.write_text("ours, but in use")
    (tmp_path / "soft").symlink_to(given)
    os.link(given, tmp_path / "hard")
    for name in ("script.json", "soft", "hard", "../" + tmp_path.name + "/script.json"):
        with pytest.raises(MediaError, match="is an input of this work"):
            check_file(tmp_path / name, OURS, inputs=[given])
    assert given.read_text() == "ours, but in use"


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("ours, older")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write(tmp_path / "link", "ours")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "ours"


def test_a_project_is_never_a_target(tmp_path: Path) -> None:
    (tmp_path / "work.mivos").touch()
    with pytest.raises(MediaError, match="is the name of a project"):
        check_file(tmp_path / "work.mivos", OURS)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("no/such/figures.json", "does not exist"),
        (".", "is a folder; name a file"),
        ("x" * 256, "its name is too long"),
    ],
)
def test_what_can_be_known_is_known_at_the_start(tmp_path: Path, name: str, sentence: str) -> None:
    with pytest.raises(MediaError, match=sentence):
        check_file(tmp_path / name, OURS)
    assert list(tmp_path.iterdir()) == []


def test_the_longest_name_will_do(tmp_path: Path) -> None:
    write(tmp_path / ("x" * 250 + ".json"), "ours")
    assert [len(path.name) for path in tmp_path.iterdir()] == [255]


def test_a_foreign_file_that_appears_meanwhile_stays_and_the_content_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    with pytest.raises(
        MediaError, match=r"What was to be written is in .*figures\.json-kept/content\.json\."
    ):
        with_a_file_that_appears(path)
    assert path.read_text() == "theirs"
    assert (tmp_path / "figures.json-kept" / "content.json").read_text() == "ours"


def with_a_file_that_appears(path: Path) -> None:
    with written_file(path, OURS) as beside:
        beside.write_text("ours")
        path.write_text("theirs")


def test_a_full_disk_leaves_the_older_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "script.json"
    path.write_text("ours, older")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(file_module.os, "fsync", full)
    with pytest.raises(MediaError, match="the disk is full"):
        write(path, "ours")
    assert path.read_text() == "ours, older"
    assert [each.name for each in tmp_path.iterdir()] == ["script.json"]


@pytest.mark.skipif(os.name != "posix", reason="devices as on POSIX")
def test_devices_and_pipes_take_the_content_and_are_not_renamed_over(tmp_path: Path) -> None:
    null = Path(os.devnull).stat()
    check_file(Path(os.devnull), OURS)
    write(Path(os.devnull), "ours")
    assert os.path.samestat(Path(os.devnull).stat(), null)
    program = (
        "from pathlib import Path\nfrom mivos_studio.media.output.file import FileKind, written_file\n"
        "with written_file(Path('/dev/stdout'), FileKind('', lambda _: False)) as beside:\n"
        "    beside.write_text('to the pipe')\n"
        "    print('before')\n"
        "print('after')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "before\nto the pipeafter\n"
    with (tmp_path / "log").open("w") as log:
        subprocess.run([sys.executable, "-c", program], stdout=log, check=True)
    assert (tmp_path / "log").read_text() == "before\nto the pipeafter\n"
