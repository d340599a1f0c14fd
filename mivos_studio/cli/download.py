"""Download of one file: resumes where it was cut, and is put in place whole or not at all.

The proxy settings of the environment apply. What has come so far lies beside the target as NAME.part, with
the server's time of change: what was replaced there meanwhile is not continued (RFC 9110, If-Range).
"""

from __future__ import annotations

import http.client
import os
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from email.utils import formatdate, parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

from mivos_studio.files import move_without_replacing, sha256_of

_CHUNK_BYTES = 2**18
_ATTEMPTS = 5
_TIMEOUT_S = 30.0
_AGENT = "mivos-studio"
_STARTS = (b"PK\x03\x04", b"\x80\x02")
"""torch.save writes a zip file; it used to write a bare pickle of protocol 2."""

OnProgress = Callable[[int, int], None]
"""Called with the bytes downloaded and the total, 0 where the server does not send it."""


class DownloadError(Exception):
    """The reason why a download failed, as a clause."""


class _CutError(Exception):
    """The connection ended early; what was downloaded is kept."""


def download(
    url: str,
    target: Path,
    *,
    sha256: str | None = None,
    on_progress: OnProgress,
    timeout_s: float = _TIMEOUT_S,
) -> None:
    """Download a file of tensors. Raises DownloadError; what was downloaded by then is resumed the next time.

    sha256     what the file must have, None where that is not known.
    timeout_s  for how long the server may be silent.
    """
    part = target.with_name(f"{target.name}.part")
    for attempt in range(_ATTEMPTS):
        before = _size(part)
        try:
            _continue(url, part, on_progress, timeout_s)
            break
        except _CutError as error:
            if attempt == _ATTEMPTS - 1 or _size(part) <= before:
                raise DownloadError(f"{error}, and `mivos weights fetch` goes on from there") from error
        except (OSError, http.client.HTTPException) as error:
            raise DownloadError(_reason(error, url)) from error
    _check(part, sha256)
    try:
        move_without_replacing(part, target)
    except OSError as error:
        raise DownloadError(
            f"{target} cannot be written ({error.strerror}); the file is in {part}"
        ) from error


def _continue(url: str, part: Path, on_progress: OnProgress, timeout_s: float) -> None:
    """Request the missing part of a file and append it."""
    done = _size(part)
    headers = {"User-Agent": _AGENT}
    if done:
        headers["Range"] = f"bytes={done}-"
        changed_s = part.stat().st_mtime
        headers |= {"If-Range": formatdate(changed_s, usegmt=True)} if changed_s else {}
    try:
        response = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=timeout_s)
    except urllib.error.HTTPError as error:
        if error.code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not done:
            raise
        part.unlink()  # more than the server has: not this file
        _continue(url, part, on_progress, timeout_s)
        return
    with response:
        if response.headers.get_content_type() == "text/html":
            raise DownloadError(f"{_host(url)} sent a web page instead of the file")
        start, total = _span(response, done)
        try:
            with part.open("r+b" if start else "wb") as file:
                file.seek(start)
                _copy(response, file, total, on_progress)
        finally:
            _keep_time(part, response.headers["Last-Modified"])


def _span(response: http.client.HTTPResponse, done: int) -> tuple[int, int]:
    """Return where the response begins in the file, and the file's length: 0 where that is not sent."""
    if response.status != HTTPStatus.PARTIAL_CONTENT:
        return 0, int(response.headers["Content-Length"] or 0)
    span = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers["Content-Range"] or "")
    if span is None or int(span[1]) != done:
        raise DownloadError("the server sent another part of the file than it was asked for")
    return done, 0 if span[2] == "*" else int(span[2])


def _copy(response: http.client.HTTPResponse, file: BinaryIO, total: int, on_progress: OnProgress) -> None:
    try:
        while chunk := response.read(_CHUNK_BYTES):
            file.write(chunk)
            on_progress(file.tell(), total)
    except (http.client.IncompleteRead, ConnectionError, TimeoutError) as error:
        raise _CutError(_cut(file.tell(), total)) from error
    if total and file.tell() < total:
        raise _CutError(_cut(file.tell(), total))


def _check(part: Path, sha256: str | None) -> None:
    """Refuse what cannot be a file of tensors, or is not the one that was recorded."""
    with part.open("rb") as file:
        is_plausible = file.read(4).startswith(_STARTS)
    if not is_plausible:
        part.unlink()
        raise DownloadError("what the server sent is no file of weights")
    if sha256 not in (None, sha256_of(part)):
        part.unlink()
        raise DownloadError("what the server sent is not the file whose SHA-256 was recorded here")


def _keep_time(part: Path, last_modified: str | None) -> None:
    """Set the partial file's time to the server's Last-Modified; 0 where that is not sent."""
    try:
        time_s = parsedate_to_datetime(last_modified).timestamp() if last_modified else 0.0
    except ValueError:
        time_s = 0.0
    os.utime(part, (time_s, time_s))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _cut(done: int, total: int) -> str:
    of_all = f" of {total / 2**20:.1f}" if total else ""
    return f"the connection broke after {done / 2**20:.1f}{of_all} MiB"


def _host(url: str) -> str:
    return urllib.parse.urlsplit(url).netloc


def _reason(error: OSError | http.client.HTTPException, url: str) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"{_host(url)} answered {error.code} {error.reason}"
    if isinstance(error, urllib.error.URLError):
        return f"{_host(url)} cannot be reached ({error.reason})"
    if isinstance(error, TimeoutError):
        return f"{_host(url)} fell silent"
    return str(error) or type(error).__name__
