"""Downloads over a connection that breaks, from servers that are gone, change, or send something else."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mivos_studio.cli.download import DownloadError, download
from tests.mivos_studio.cli.file_server import CHANGED_S, Served, serving

CONTENT = b"PK\x03\x04" + bytes(range(256)) * 40


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving(Served({"net.pth": CONTENT})) as running:
        yield running


def fetch(served: Served, folder: Path, *, sha256: str | None = None) -> Path:
    target = folder / "net.pth"
    download(f"{served.url}/net.pth", target, sha256=sha256, on_progress=lambda done, total: None)
    return target


def ranges(served: Served) -> list[str | None]:
    return [wanted for _, wanted in served.requests]


def test_a_file_comes_whole_and_leaves_nothing_beside_it(served: Served, tmp_path: Path) -> None:
    assert fetch(served, tmp_path).read_bytes() == CONTENT
    assert [file.name for file in tmp_path.iterdir()] == ["net.pth"]


def test_progress_counts_from_the_file_s_beginning(served: Served, tmp_path: Path) -> None:
    served.cuts = [1000]
    told: list[tuple[int, int]] = []
    download(f"{served.url}/net.pth", tmp_path / "net.pth", on_progress=lambda *counts: told.append(counts))
    assert told[0] == (1000, len(CONTENT))
    assert told[-1] == (len(CONTENT), len(CONTENT))


@pytest.mark.parametrize("changed_s", [CHANGED_S, None], ids=["dated", "undated"])
def test_a_cut_download_goes_on_where_it_stopped(
    served: Served, tmp_path: Path, changed_s: int | None
) -> None:
    served.cuts, served.changed_s = [1000, 2000], changed_s
    assert fetch(served, tmp_path).read_bytes() == CONTENT
    assert ranges(served) == [None, "bytes=1000-", "bytes=3000-"]


def test_what_came_is_kept_where_the_connection_stays_dead_and_is_used_the_next_time(
    served: Served, tmp_path: Path
) -> None:
    served.cuts = [1000, 0]
    with pytest.raises(DownloadError, match=r"broke after 0\.0 of 0\.0 MiB.*goes on from there"):
        fetch(served, tmp_path)
    assert not (tmp_path / "net.pth").exists()
    assert fetch(served, tmp_path).read_bytes() == CONTENT
    assert ranges(served)[-1] == "bytes=1000-"


def test_a_file_that_was_replaced_on_the_server_is_begun_again(served: Served, tmp_path: Path) -> None:
    served.cuts = [1000, 0]
    with pytest.raises(DownloadError):
        fetch(served, tmp_path)
    served.files["net.pth"], served.changed_s = CONTENT[:4] + b"other" * 1000, 1_700_000_000
    assert fetch(served, tmp_path).read_bytes() == served.files["net.pth"]


def test_a_server_without_ranges_sends_everything_again(served: Served, tmp_path: Path) -> None:
    served.cuts, served.knows_ranges = [1000], False
    assert fetch(served, tmp_path).read_bytes() == CONTENT


def test_a_part_longer_than_the_file_is_thrown_away(served: Served, tmp_path: Path) -> None:
    part = tmp_path / "net.pth.part"
    part.write_bytes(CONTENT * 2)
    os.utime(part, (CHANGED_S, CHANGED_S))
    assert fetch(served, tmp_path).read_bytes() == CONTENT
    assert ranges(served) == [f"bytes={2 * len(CONTENT)}-", None]


def test_an_answer_of_404_is_told(served: Served, tmp_path: Path) -> None:
    served.files.clear()
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1:\d+ answered 404 Not Found"):
        fetch(served, tmp_path)


def test_a_server_that_cannot_be_reached_is_told(served: Served, tmp_path: Path) -> None:
    served.url = "http://127.0.0.1:1"
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1:1 cannot be reached"):
        fetch(served, tmp_path)


def test_a_web_page_in_place_of_the_file_is_not_kept(served: Served, tmp_path: Path) -> None:
    served.content_type = "text/html; charset=utf-8"
    with pytest.raises(DownloadError, match="sent a web page"):
        fetch(served, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_something_that_is_no_file_of_weights_is_not_kept(served: Served, tmp_path: Path) -> None:
    served.files["net.pth"] = b"quota exceeded"
    with pytest.raises(DownloadError, match="no file of weights"):
        fetch(served, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_only_the_file_that_was_recorded_before_is_accepted(served: Served, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="not the file whose SHA-256 was recorded"):
        fetch(served, tmp_path, sha256=hashlib.sha256(b"another").hexdigest())
    assert list(tmp_path.iterdir()) == []
    assert fetch(served, tmp_path, sha256=hashlib.sha256(CONTENT).hexdigest()).exists()
