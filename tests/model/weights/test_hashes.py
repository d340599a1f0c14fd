"""Only recorded weights are replaced by newer ones."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from mivos_studio.cli.stderr import one_line
from mivos_studio.files import sha256_of
from model.errors import CheckpointError
from model.weights.hashes import (
    check_replaceable,
    put_in_place,
    record_first_use,
    record_of,
    record_sha256,
    recorded_sha256,
)


def complete(folder: Path, text: str) -> Path:
    path = folder / "complete"
    path.write_text(text)
    return path


def test_recorded_weights_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    for text in ("first", "second"):
        put_in_place(complete(tmp_path, text), path)
        assert path.read_text() == text
        assert recorded_sha256(path) == sha256_of(path)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["net.safetensors", "net.safetensors.sha256"]


@pytest.mark.parametrize("is_recorded", [False, True])
def test_weights_that_are_not_as_recorded_stay_and_the_new_ones_too(
    tmp_path: Path, is_recorded: bool
) -> None:
    path = tmp_path / "net.safetensors"
    if is_recorded:
        path.write_text("first")
        record_sha256(path)
    path.write_text("others")
    with pytest.raises(
        CheckpointError, match=r"is not what was recorded.* The finished weights are in .*complete"
    ):
        put_in_place(complete(tmp_path, "new"), path)
    assert path.read_text() == "others"
    assert (tmp_path / "complete").read_text() == "new"


def test_a_link_to_weights_is_not_replaced(tmp_path: Path) -> None:
    put_in_place(complete(tmp_path, "first"), tmp_path / "real")
    (tmp_path / "net").symlink_to("real")
    with pytest.raises(CheckpointError, match="stays"):
        put_in_place(complete(tmp_path, "new"), tmp_path / "net")
    assert (tmp_path / "real").read_text() == "first"


@pytest.mark.parametrize("stopped_at", [1, 2, 3])
def test_a_process_stopped_in_between_does_not_block_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped_at: int
) -> None:
    path = tmp_path / "net.safetensors"
    put_in_place(complete(tmp_path, "first"), path)
    renames, rename = 0, Path.replace

    def stopping(source: Path, target: Path) -> Path:
        nonlocal renames
        renames += 1
        if renames == stopped_at:
            raise KeyboardInterrupt
        return rename(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", stopping)
        with pytest.raises(KeyboardInterrupt):
            put_in_place(complete(tmp_path, "second"), path)
    check_replaceable(path)
    put_in_place(complete(tmp_path, "third"), path)
    assert recorded_sha256(path) == sha256_of(path)
    assert path.read_text() == "third"


def test_a_file_that_is_no_record_is_not_replaced_by_one(tmp_path: Path) -> None:
    path = complete(tmp_path, "weights")
    record_of(path).write_text("my notes")
    with pytest.raises(CheckpointError, match="does not hold a SHA-256"):
        record_sha256(path)
    assert record_of(path).read_text() == "my notes"


def test_files_without_a_record_are_recorded_once_and_named(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("propagation_model.pth", "fusion.pth", "s2m.pth")]
    for path in paths:
        path.write_text(path.name)
    record_sha256(paths[1])
    (notice,) = record_first_use(paths)
    assert notice.startswith("These weights are used for the first time")
    assert notice.endswith(f"propagation_model.pth {sha256_of(paths[0])}, s2m.pth {sha256_of(paths[2])}.")
    assert [recorded_sha256(path) for path in paths] == [sha256_of(path) for path in paths]
    assert record_first_use(paths) == ()


def test_the_notice_of_three_files_fits_a_line(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("propagation_model.pth", "fusion.pth", "s2m.pth")]
    for path in paths:
        path.write_text(path.name)
    (notice,) = record_first_use(paths)
    assert one_line(notice) == notice


def test_a_folder_that_cannot_be_written_is_named_with_what_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("model.weights.hashes.written_beside", refuse)
    path = tmp_path / "fusion.pth"
    path.write_text("weights")
    (notice,) = record_first_use([path])
    assert notice.startswith("Whether fusion.pth changes cannot be told from now on: ")
    assert "this account has no right to it" in notice
    assert recorded_sha256(path) is None


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"\0" * 10_000_000, b"ABC  name"])
def test_a_record_that_is_none_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "fusion.pth"
    path.write_text("weights")
    record_of(path).write_bytes(content)
    with pytest.raises(CheckpointError, match=r"fusion\.pth\.sha256 does not hold a SHA-256; delete it"):
        recorded_sha256(path)
