"""A file is written beside its place, and comes there whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from mivos_studio.files import move_without_replacing, sha256_of, written_beside


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_an_older_file_stays_until_the_new_one_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    path.write_text("old")
    with written_beside(path) as partial:
        partial.write_text("new")
        assert path.read_text() == "old"
        assert (partial.parent, partial.suffix) == (tmp_path, ".npz")
    assert path.read_text() == "new"
    assert names(tmp_path) == ["net.npz"]


def test_an_error_while_writing_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        _write_half(path)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["net.npz"]


def test_what_a_killed_process_left_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / ".net.partial.npz").write_text("a longer rest than what comes")
    with written_beside(tmp_path / "net.npz") as partial:
        partial.write_text("new")
    assert (tmp_path / "net.npz").read_text() == "new"
    assert names(tmp_path) == ["net.npz"]


def test_a_folder_that_does_not_exist_is_told_by_its_own_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), written_beside(tmp_path / "missing" / "a") as partial:
        partial.write_text("new")


def test_a_complete_file_stays_where_it_cannot_be_put_in_place(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    path.write_text("others")
    with pytest.raises(FileExistsError), written_beside(path, move_without_replacing) as partial:
        partial.write_text("new")
    assert path.read_text() == "others"
    assert partial.read_text() == "new"


@pytest.mark.parametrize("has_links", [True, False])
def test_a_move_takes_a_free_name_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    if not has_links:
        monkeypatch.setattr(os, "link", _refuse)
    first, second, target = (tmp_path / name for name in ("first", "second", "target"))
    first.write_text("first")
    second.write_text("second")
    move_without_replacing(first, target)
    with pytest.raises(FileExistsError):
        move_without_replacing(second, target)
    assert target.read_text() == "first"
    assert names(tmp_path) == ["second", "target"]


def test_a_hash_is_that_of_the_content(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_of(tmp_path / "abc").startswith("ba7816bf")


def _write_half(path: Path) -> None:
    with written_beside(path) as partial:
        partial.write_text("ne")
        raise KeyboardInterrupt


def _refuse(source: Path, target: Path, **options: bool) -> None:
    raise OSError(errno.EPERM, "no hard links")
