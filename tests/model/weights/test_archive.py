"""Files of torch.save are looked at before torch reads them: their lists of contents, and their pickles."""

from __future__ import annotations

import io
import pickle
import struct
import time
import zipfile
from pathlib import Path

import pytest
import torch

from model.errors import CheckpointError
from model.mivos.fusion import MivosFusion
from model.weights.archive import check_saved, check_sums, is_zip
from model.weights.pickled import read_pickled

_MAGIC = 0x1950A86A20F9469CFC6C
"""How files of torch's older format begin."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.pth"


def save(path: Path, table: bytes, *, is_zipped: bool) -> None:
    """Write a file of torch.save with this pickle as its table of tensors."""
    if is_zipped:
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in (("data.pkl", table), ("version", b"3\n"), ("byteorder", b"little")):
                archive.writestr(f"net/{name}", content)
        return
    heads = (_MAGIC, 1001, {"little_endian": True})
    path.write_bytes(b"".join(pickle.dumps(head, 2) for head in heads) + table + pickle.dumps([], 2))


BOTH_FORMATS = pytest.mark.parametrize("is_zipped", [True, False], ids=["zip", "older"])


@BOTH_FORMATS
@pytest.mark.parametrize(
    "table",
    [
        b"\x80\x02}N" + b"\x85" * 1_000_000 + b"K\x01s.",
        b"\x80\x02}N" + b"\x85" * 1_100_000 + b"K\x01s.",
        b"\x80\x02}N" + b"\x85q\x01" * 100_000 + b"K\x01s.",
        b"\x80\x02}X\x01\x00\x00\x00a" + b"(" * 100_000 + b"t" * 100_000 + b"s.",
        b"\x80\x02}" + b"K\x010" * 1_000_000 + b".",
        b"\x80\x02X" + struct.pack("<I", 3_000_000) + b"a" * 3_000_000 + b".",
    ],
    ids=["a key inside 1 000 000 tuples", "longer", "remembered", "marked", "a long program", "a long text"],
)
def test_a_table_that_no_network_has_is_refused_at_once(path: Path, table: bytes, is_zipped: bool) -> None:
    save(path, table, is_zipped=is_zipped)
    began = time.monotonic()
    with pytest.raises(CheckpointError, match=r"net\.pth"):
        read_pickled(path)
    assert time.monotonic() - began < 5


@BOTH_FORMATS
def test_a_key_that_is_no_text_is_refused(path: Path, is_zipped: bool) -> None:
    save(path, b"\x80\x02}N" + b"\x85" * 10_000 + b"K\x01s.", is_zipped=is_zipped)
    with pytest.raises(CheckpointError, match="the name of an entry is no text"):
        read_pickled(path)


def test_a_list_of_contents_of_megabytes_is_refused_before_it_is_read(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(30_000):
            archive.writestr(f"net/data/{number}", b"")
    began = time.monotonic()
    with pytest.raises(CheckpointError, match="damaged or incomplete"):
        check_saved(path)
    assert time.monotonic() - began < 0.5


def test_an_archive_that_unpacks_to_more_than_a_network_is_refused(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("net/data.pkl", b"\x80\x02}.")
        archive.writestr("net/data/0", bytes(2_000_000))
    check_sums(path)
    with pytest.raises(CheckpointError, match="has more in it than any network"):
        check_sums(path, most_bytes=1_000_000)


def test_a_pickle_is_found_whatever_the_case_of_its_name(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("net/DATA.PKL", b"\x80\x02}N" + b"\x85" * 100_000 + b"K\x01s.")
    with pytest.raises(CheckpointError, match="has more in it than any network"):
        check_saved(path)


def test_an_archive_of_something_else_is_refused(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("letter.txt", "Dear reader,")
    with pytest.raises(CheckpointError, match="damaged or incomplete"):
        check_saved(path)


def test_the_older_format_is_told_by_its_first_bytes_even_with_an_archive_behind(path: Path) -> None:
    behind = io.BytesIO()
    torch.save({"a": torch.ones(3)}, behind)
    save(path, b"\x80\x02}N" + b"\x85" * 100_000 + b"K\x01s.", is_zipped=False)
    path.write_bytes(path.read_bytes() + behind.getvalue())
    assert zipfile.is_zipfile(path)
    assert not is_zip(path)
    with pytest.raises(CheckpointError, match="has more in it than any network"):
        read_pickled(path)


@BOTH_FORMATS
def test_what_torch_saves_passes(path: Path, is_zipped: bool) -> None:
    torch.save(MivosFusion().state_dict(), path, _use_new_zipfile_serialization=is_zipped)
    check_saved(path)
    assert read_pickled(path).keys() == MivosFusion().state_dict().keys()


@pytest.mark.parametrize("place", [0.3, 0.6, 0.9])
def test_one_changed_byte_of_a_tensor_is_found_by_the_sums(path: Path, place: float) -> None:
    torch.save({"a": torch.ones(100_000)}, path)
    check_sums(path)
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 1
    path.write_bytes(content)
    check_saved(path)
    with pytest.raises(CheckpointError, match="damaged or incomplete"):
        check_sums(path)


@pytest.mark.parametrize("kept", [4, 1000, -1, -200])
def test_a_cut_archive_is_found(path: Path, kept: int) -> None:
    torch.save({"a": torch.ones(1000)}, path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match="damaged or incomplete"):
        check_sums(path)
