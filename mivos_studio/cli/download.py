"""Download of one file of weights: goes on where it was cut, and is put in place whole or not at all.

What a server sends is checked: its lengths and ranges, the size of the file, its content.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from os.path import lexists
from pathlib import Path
from typing import BinaryIO

from mivos_studio.cli.partial_download import PartialDownload, Version
from mivos_studio.cli.web_address import host_of, shown
from mivos_studio.cli.web_request import (
    TIME_LIMITS,
    CutError,
    RequestError,
    Response,
    StalledError,
    TimeLimits,
    get,
)
from mivos_studio.files import flush_to_disk, move_without_replacing, sha256_of
from mivos_studio.system_errors import reason_of
from model.errors import CheckpointError
from model.weights.archive import check_sums, is_zip

_ATTEMPTS = 5
_WORTH_ANOTHER_BYTES = 2**20
"""After a stall, a new attempt is made at once only if this much had come."""
_AGENT = "mivos-studio"
_MEBIBYTE = 2**20
_LENGTH = re.compile(r"[0-9]{1,15}")
_SPAN = re.compile(r"bytes ([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15}|\*)")
_NO_WEIGHTS = "what the server sent is no file of weights, or not all of one"

OnProgress = Callable[[int, int], None]
"""Called with the bytes downloaded and the total, 0 where the server does not send it."""


class DownloadError(Exception):
    """The reason why a download failed, as a clause."""


class OtherFileError(DownloadError):
    """The server has another file than the one that was recorded before."""


class _TooLargeError(DownloadError):
    """More was sent, or announced, than the file can have."""


def download(
    url: str,
    target: Path,
    *,
    most_bytes: int,
    sha256: str | None = None,
    on_progress: OnProgress,
    limits: TimeLimits = TIME_LIMITS,
) -> None:
    """Download a file that torch.save wrote, from an address that was checked.

    most_bytes  how large it can be.
    sha256      what it must have, None where that is not known.
    Raises DownloadError. What the next call can continue then stays beside the target, and nothing else.
    """
    if lexists(target):
        raise DownloadError(f"there is something at {target} already")
    part = PartialDownload(target)
    try:
        with _naming(target):
            _Download(url, part, most_bytes, sha256, on_progress, limits).run()
            flush_to_disk(part.path)
            move_without_replacing(part.path, target)
    finally:
        part.discard_what_is_useless()


@dataclass(frozen=True)
class _Outcome:
    """How a transfer came to its end.

    is_continued  whether an earlier one began the file.
    is_framed     whether the end of the body was told from a broken connection.
    """

    is_continued: bool
    is_framed: bool


@dataclass(frozen=True)
class _Download:
    """The arguments of `download`."""

    url: str
    part: PartialDownload
    most_bytes: int
    sha256: str | None
    on_progress: OnProgress
    limits: TimeLimits

    def run(self) -> None:
        """Transfer the file, in several attempts where it is cut, until all of it is there and checked."""
        for attempt in range(1, _ATTEMPTS + 1):
            before = self.part.bytes
            try:
                outcome = self._transfer()
            except CutError as error:
                if attempt == _ATTEMPTS or not self._is_worth_another(error, before):
                    raise DownloadError(self._cut(error)) from error
                continue
            except RequestError as error:
                raise DownloadError(str(error)) from error
            except _TooLargeError:
                self.part.discard()
                raise
            fault = self._fault(outcome)
            if fault is None:
                return
            self.part.discard()
            if not outcome.is_continued:
                raise fault
            # The beginning may have been of another file: once more from there.
        raise DownloadError(f"{host_of(self.url)} does not send the same file twice")

    def _transfer(self) -> _Outcome:
        """Request what is missing of the file, and append it."""
        version = self.part.version
        done = self.part.bytes if version is not None and version.url == self.url else 0
        headers = {"User-Agent": _AGENT}
        if version is not None and done:
            headers |= {"Range": f"bytes={done}-", "If-Range": version.validator}
        with get(self.url, headers, self.limits) as response:
            if not done or response.status != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                start, total = _span(response, done)
                self._check_size(max(start, total))
                is_continued = response.status == HTTPStatus.PARTIAL_CONTENT
                with self._opened(response, goes_on=is_continued) as file:
                    self._copy(response, file, start, total)
                return _Outcome(is_continued, response.is_framed)
        self.part.discard()  # more than the server has: not the beginning of this file
        return self._transfer()

    def _opened(self, response: Response, *, goes_on: bool) -> BinaryIO:
        return self.part.go_on() if goes_on else self.part.begin(Version.of(self.url, response.headers))

    def _copy(self, response: Response, file: BinaryIO, done: int, total: int) -> None:
        for chunk in response.body:
            self._check_size(done + len(chunk))
            file.write(chunk)
            done += len(chunk)
            self.on_progress(done, total)
        if done < total:
            raise CutError("the connection broke")

    def _check_size(self, size: int) -> None:
        """Refuse more than the file can have."""
        if size > self.most_bytes:
            raise _TooLargeError(
                f"{host_of(self.url)} sends over {self.most_bytes / _MEBIBYTE:.1f} MiB, more than the"
                " published file has"
            )

    def _is_worth_another(self, error: CutError, before: int) -> bool:
        """Whether to go on at once: the attempt brought enough, which can be continued."""
        least = _WORTH_ANOTHER_BYTES if isinstance(error, StalledError) else self.limits.least_bytes
        return self.part.version is not None and self.part.bytes - before >= least

    def _cut(self, error: CutError) -> str:
        goes_on = "" if self.part.version is None else ", and `mivos weights fetch` goes on from there"
        return f"{error} after {self.part.bytes / _MEBIBYTE:.1f} MiB{goes_on}"

    def _fault(self, outcome: _Outcome) -> DownloadError | None:
        """Return what is wrong with the whole file."""
        from model.weights.pickled import read_pickled  # imports torch, which takes seconds

        path = self.part.path
        try:
            if is_zip(path):
                check_sums(path, most_bytes=self.most_bytes)
            elif outcome.is_continued or not outcome.is_framed:
                return DownloadError(_NO_WEIGHTS)  # the older format has no sums that would show it
            read_pickled(path)
        except CheckpointError:
            return DownloadError(_NO_WEIGHTS)
        found = sha256_of(path)
        if self.sha256 in (None, found):
            return None
        return OtherFileError(f"the server's has the SHA-256 {found}, and {self.sha256} was recorded")


def _span(response: Response, done: int) -> tuple[int, int]:
    """Return where a response begins in the file, and the file's length, 0 where that is not sent.

    done  how much of the file is there, and was not requested. Raises DownloadError for what is no such part.
    """
    host = host_of(response.url)
    status = response.status
    if status not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
        raise DownloadError(f"{host} answered {status} {shown(response.reason)}".rstrip())
    if response.headers.get_content_type() == "text/html":
        raise DownloadError(f"{host} sent a web page instead of the file")
    length = _length(response, host)
    if status == HTTPStatus.OK:
        return 0, length or 0
    span = _SPAN.fullmatch(str(response.headers["Content-Range"]))
    first, last = (int(span[1]), int(span[2])) if span is not None else (0, 0)
    whole = last + 1 if span is None or span[3] == "*" else int(span[3])
    if not done or first != done or not first <= last < whole or length not in (None, last - first + 1):
        raise DownloadError(f"{host} sent another part of the file than it was asked for")
    return done, whole


def _length(response: Response, host: str) -> int | None:
    """Return a body's length, None where it is not sent. Raises DownloadError for one in another encoding."""
    headers = response.headers
    encodings = {str(each).strip().lower() for each in headers.get_all("Content-Encoding") or ()}
    if encodings - {"identity", ""}:
        raise DownloadError(f"{host} sent the file in an encoding, {shown(encodings.pop())}")
    transfers = [str(each).strip().lower() for each in headers.get_all("Transfer-Encoding") or ()]
    lengths = {str(each).strip() for each in headers.get_all("Content-Length") or ()}
    is_clear = transfers in ([], ["chunked"]) and len(lengths) + len(transfers) <= 1
    if not is_clear or not all(_LENGTH.fullmatch(each) for each in lengths):
        raise DownloadError(f"{host} does not say clearly how long the file is")
    return int(lengths.pop()) if lengths else None


@contextmanager
def _naming(target: Path) -> Iterator[None]:
    """Say of what the disk refuses which file it was."""
    try:
        yield
    except OSError as error:
        raise DownloadError(f"{error.filename or target} cannot be written: {reason_of(error)}") from error
