"""Files are looked at before they are read: pipes, devices, folders, sizes and depth."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from mivos_studio import input_files
from mivos_studio.input_files import InputFileError, check_input, read_json, read_text


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such files")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for read in (read_json, read_text, check_input):
        with pytest.raises(InputFileError, match=r"mask .*pipe is a pipe or a device: save it as a file"):
            read(tmp_path / "pipe", "mask")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such files")
def test_a_device_is_not_read() -> None:
    with pytest.raises(InputFileError, match="is a pipe or a device"):
        read_json(Path("/dev/zero"), "script")


def test_places_that_are_no_file_are_named(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name, words in {
        "nowhere": "There is no script at",
        "": "is a folder: name a file",
        "loop": "its links lead in a circle",
        "x" * 300: "its name is too long",
        "a\0b": "is no path of a file",
    }.items():
        with pytest.raises(InputFileError, match=words):
            read_json(tmp_path / name, "script")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "large.json").open("wb") as file:
        file.truncate(input_files.LARGEST_TEXT_BYTES + 1)
    with pytest.raises(InputFileError, match="has 64 MiB; at most 64 MiB are read"):
        read_json(tmp_path / "large.json", "script")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is not valid JSON"),
        ('{"a": 1, "a": 2}', "a key stands twice"),
        ("[" * 33 + "]" * 33, "lists over 32 deep"),
        ('{"a":' * 1000 + "1" + "}" * 1000, "lists over 32 deep"),
        ("[" * 10_000, "lists over 32 deep"),
    ],
)
def test_json_that_is_not_fit_is_told(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputFileError, match=words):
        read_json(tmp_path / "a.json", "script")


def test_brackets_in_texts_count_as_text(tmp_path: Path) -> None:
    text = "[" * 100 + '"{' + "\\"
    (tmp_path / "a.json").write_text('{"name": "' + "[" * 100 + '\\"{\\\\"}', encoding="utf-8")
    assert read_json(tmp_path / "a.json", "script") == {"name": text}


def test_a_number_of_thousands_of_digits_is_infinite(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(f"[{'9' * 5000}, {'9' * 30}]", encoding="utf-8")
    assert read_json(tmp_path / "a.json", "script") == [float("inf"), int("9" * 30)]
