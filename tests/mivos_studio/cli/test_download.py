"""Downloads over a connection that breaks, from servers that are gone, change, or send something else."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mivos_studio.cli.download import DownloadError, download
from mivos_studio.cli.web_request import TimeLimits
from tests.mivos_studio.cli.file_server import Served, saved, serving

CONTENT, OTHER = saved(0), saved(1)
OLDER_FORMAT = saved(0, is_zipped=False)
LIMITS = TimeLimits(seconds=2.0, least_bytes=256)
HALF = len(CONTENT) // 2


@pytest.fixture
def served() -> Iterator[Served]:
    with serving(Served({"net.pth": CONTENT})) as running:
        yield running


def fetch(served: Served, folder: Path, *, sha256: str | None = None, most_bytes: int = len(CONTENT)) -> Path:
    target = folder / "net.pth"
    download(
        f"{served.url}/net.pth",
        target,
        most_bytes=most_bytes,
        sha256=sha256,
        on_progress=lambda done, total: None,
        limits=LIMITS,
    )
    return target


def ranges(served: Served) -> list[str | None]:
    return [wanted for _, wanted in served.requests]


def test_a_file_comes_whole_and_leaves_nothing_beside_it(served: Served, tmp_path: Path) -> None:
    assert fetch(served, tmp_path).read_bytes() == CONTENT
    assert [file.name for file in tmp_path.iterdir()] == ["net.pth"]


def test_progress_counts_from_the_file_s_beginning(served: Served, tmp_path: Path) -> None:
    served.cuts = [1000]
    told: list[tuple[int, int]] = []
    download(
        f"{served.url}/net.pth",
        tmp_path / "net.pth",
        most_bytes=len(CONTENT),
        on_progress=lambda *counts: told.append(counts),
        limits=LIMITS,
    )
    assert told[0] == (1000, len(CONTENT))
    assert told[-1] == (len(CONTENT), len(CONTENT))


def test_a_cut_download_goes_on_where_it_stopped(served: Served, tmp_path: Path) -> None:
    served.cuts = [1000, 2000]
    assert fetch(served, tmp_path).read_bytes() == CONTENT
    assert ranges(served) == [None, "bytes=1000-", "bytes=3000-"]


def test_a_connection_that_breaks_after_next_to_nothing_is_not_tried_again(
    served: Served, tmp_path: Path
) -> None:
    served.cuts = [255]
    with pytest.raises(DownloadError, match="connection broke"):
        fetch(served, tmp_path)
    assert ranges(served) == [None]


def test_without_a_date_nothing_is_continued_and_nothing_is_left(served: Served, tmp_path: Path) -> None:
    served.cuts, served.changed_s = [1000], None
    with pytest.raises(DownloadError, match=r"connection broke after 0\.0 MiB$"):
        fetch(served, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_came_is_kept_where_the_connection_stays_dead_and_is_used_the_next_time(
    served: Served, tmp_path: Path
) -> None:
    served.cuts = [1000, 0]
    with pytest.raises(DownloadError, match=r"broke after 0\.0 MiB.*goes on from there"):
        fetch(served, tmp_path)
    assert not (tmp_path / "net.pth").exists()
    assert fetch(served, tmp_path).read_bytes() == CONTENT
    assert ranges(served)[-1] == "bytes=1000-"


def test_what_came_from_another_address_is_not_continued(served: Served, tmp_path: Path) -> None:
    served.cuts = [HALF, 0]
    with pytest.raises(DownloadError):
        fetch(served, tmp_path)
    with serving(Served({"net.pth": OTHER})) as other:
        assert fetch(other, tmp_path).read_bytes() == OTHER
        assert ranges(other) == [None]


def test_a_file_that_was_replaced_on_the_server_is_begun_again(served: Served, tmp_path: Path) -> None:
    served.cuts = [1000, 0]
    with pytest.raises(DownloadError):
        fetch(served, tmp_path)
    served.files["net.pth"], served.changed_s = OTHER, 1_700_000_000
    assert fetch(served, tmp_path).read_bytes() == OTHER


def test_a_file_that_was_replaced_under_the_same_date_is_begun_again_once(
    served: Served, tmp_path: Path
) -> None:
    served.cuts = [HALF, 0]
    with pytest.raises(DownloadError):
        fetch(served, tmp_path)
    served.files["net.pth"] = OTHER
    assert fetch(served, tmp_path).read_bytes() == OTHER
    assert ranges(served)[-2:] == [f"bytes={HALF}-", None]


def test_a_file_of_the_older_format_has_no_sums_and_is_not_continued(served: Served, tmp_path: Path) -> None:
    served.files["net.pth"] = OLDER_FORMAT
    served.cuts = [HALF]
    assert fetch(served, tmp_path).read_bytes() == OLDER_FORMAT
    assert ranges(served) == [None, f"bytes={HALF}-", None]


def test_a_server_without_ranges_sends_everything_again(served: Served, tmp_path: Path) -> None:
    served.cuts, served.knows_ranges = [1000], False
    assert fetch(served, tmp_path).read_bytes() == CONTENT


def test_a_part_longer_than_the_file_is_thrown_away(served: Served, tmp_path: Path) -> None:
    served.cuts = [HALF, 0]
    with pytest.raises(DownloadError):
        fetch(served, tmp_path)
    (tmp_path / "net.pth.part").write_bytes(CONTENT * 2)
    assert fetch(served, tmp_path).read_bytes() == CONTENT
    assert ranges(served)[-2:] == [f"bytes={2 * len(CONTENT)}-", None]


def test_the_largest_file_is_accepted_and_one_byte_more_is_not(served: Served, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="sends over"):
        fetch(served, tmp_path, most_bytes=len(CONTENT) - 1)
    assert list(tmp_path.iterdir()) == []
    fetch(served, tmp_path, most_bytes=len(CONTENT))


def test_a_proxy_is_not_asked_for_what_is_on_this_computer(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert fetch(served, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:1", "http://127.0.0.1:none", "socks5://[::1", "\x01"])
def test_a_proxy_that_is_not_there_is_a_reason(
    proxy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("https_proxy", proxy)
    with pytest.raises(DownloadError, match=r"cannot be reached|is no HTTP|no name server"):
        fetch(Served({}, url="https://192.0.2.1"), tmp_path)


def test_a_server_without_tls_is_a_reason(served: Served, tmp_path: Path) -> None:
    served.url = served.url.replace("http://", "https://")
    with pytest.raises(DownloadError, match="cannot be reached"):
        fetch(served, tmp_path)


def _link_to_outside(part: Path, outside: Path) -> None:
    part.symlink_to(outside)


def _second_name_of_outside(part: Path, outside: Path) -> None:
    os.link(outside, part)


def _pipe(part: Path, outside: Path) -> None:
    del outside
    os.mkfifo(part)


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of POSIX")
@pytest.mark.parametrize("put", [_link_to_outside, _second_name_of_outside, _pipe])
@pytest.mark.parametrize("ending", ["part", "part.json"])
def test_what_lies_where_the_part_goes_is_not_written_through(
    put: Callable[[Path, Path], None], ending: str, served: Served, tmp_path: Path
) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "saves"
    folder.mkdir()
    served.cuts = [HALF, 0]
    with pytest.raises(DownloadError):
        fetch(served, folder)
    outside.write_bytes(CONTENT[:HALF])
    place = folder / f"net.pth.{ending}"
    place.unlink()
    put(place, outside)
    assert fetch(served, folder).read_bytes() == CONTENT
    assert outside.read_bytes() == CONTENT[:HALF]
    assert [file.name for file in folder.iterdir()] == ["net.pth"]


@pytest.mark.parametrize(
    "record", [b"", b"[]", b"{", b'{"url": 3, "validator": 4}', b'{"validator": "x"}', b"\xff" * 100]
)
def test_a_record_of_something_else_is_thrown_away(record: bytes, served: Served, tmp_path: Path) -> None:
    (tmp_path / "net.pth.part").write_bytes(OTHER[:HALF])
    (tmp_path / "net.pth.part.json").write_bytes(record)
    assert fetch(served, tmp_path).read_bytes() == CONTENT
    assert ranges(served) == [None]
    assert [file.name for file in tmp_path.iterdir()] == ["net.pth"]


def test_a_folder_in_place_of_the_part_is_named(served: Served, tmp_path: Path) -> None:
    (tmp_path / "net.pth.part").mkdir()
    with pytest.raises(DownloadError, match=r"net\.pth\.part cannot be written"):
        fetch(served, tmp_path)


def test_what_is_at_the_target_stays(served: Served, tmp_path: Path) -> None:
    (tmp_path / "net.pth").symlink_to(tmp_path / "nowhere")
    with pytest.raises(DownloadError, match=r"there is something at .*net\.pth already"):
        fetch(served, tmp_path)
    assert served.requests == []


def test_a_full_disk_is_told(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("mivos_studio.cli.download.flush_to_disk", full)
    with pytest.raises(DownloadError, match=r"net\.pth cannot be written: the disk is full"):
        fetch(served, tmp_path)


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
    with pytest.raises(DownloadError, match=r"the server's has the SHA-256 \w{64}, and \w{64} was recorded"):
        fetch(served, tmp_path, sha256=hashlib.sha256(b"another").hexdigest())
    assert list(tmp_path.iterdir()) == []
    assert fetch(served, tmp_path, sha256=hashlib.sha256(CONTENT).hexdigest()).exists()
