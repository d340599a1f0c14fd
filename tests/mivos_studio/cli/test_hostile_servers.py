"""Whatever a server does, `mivos weights fetch` ends in time with one sentence, and spoils nothing."""

from __future__ import annotations

import io
import pickle
import re
import struct
import time
import zipfile
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
import torch

from mivos_studio.cli import web_request
from mivos_studio.cli.main import main
from mivos_studio.cli.web_request import TimeLimits
from tests.mivos_studio.cli.file_server import saved
from tests.mivos_studio.cli.hostile_server import DATE, Behaviour, Exchange, misbehaving

NAMES = ("propagation_model.pth", "fusion.pth", "s2m.pth")
FIRST = NAMES[0]
TIME_LIMITS = TimeLimits(seconds=0.4, least_bytes=256)


GOOD = {name: saved(number) for number, name in enumerate(NAMES)}
OTHER = saved(9)
HALF = len(OTHER) // 2
"""Behind the names of the tensors, which the files have in common, and before the end of the numbers."""
OLDER_FORMAT = saved(8, is_zipped=False)


def good(exchange: Exchange) -> None:
    """Answer as a good server does, with parts where it is asked for them."""
    content = GOOD[exchange.path.removeprefix("/")]
    wanted = exchange.headers.get("range")
    if wanted is None or exchange.headers.get("if-range") != DATE:
        exchange.whole(content)
        return
    start = int(wanted.removeprefix("bytes=").removesuffix("-"))
    if start >= len(content):
        exchange.head("Content-Length: 0", status="416 Range Not Satisfiable")
        return
    span = f"Content-Range: bytes {start}-{len(content) - 1}/{len(content)}"
    exchange.head(span, f"Content-Length: {len(content) - start}", status="206 Partial Content")
    exchange.send(content[start:])


# Servers that take their time.


def silent(exchange: Exchange) -> None:
    exchange.wait()


def silent_after_the_head(exchange: Exchange) -> None:
    exchange.head(f"Content-Length: {len(OTHER)}", f"Last-Modified: {DATE}")
    exchange.wait()


def silent_in_the_middle(exchange: Exchange) -> None:
    exchange.head(f"Content-Length: {len(OTHER)}", f"Last-Modified: {DATE}")
    exchange.send(OTHER[:HALF])
    exchange.wait()


def silent_at_the_end(exchange: Exchange) -> None:
    exchange.head(f"Content-Length: {len(OTHER)}")
    exchange.send(OTHER[:-1])
    exchange.wait()


def trickles_the_status(exchange: Exchange) -> None:
    exchange.trickle(b"HTTP/1.1 200 " + b"O" * 1000)


def trickles_headers(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\n")
    exchange.trickle(b"X-More: yes\r\n" * 100)


def trickles_the_body(exchange: Exchange) -> None:
    exchange.head(f"Content-Length: {len(OTHER)}")
    exchange.trickle(OTHER)


def trickles_chunks(exchange: Exchange) -> None:
    exchange.head("Transfer-Encoding: chunked")
    for place in range(400):
        exchange.send(b"1\r\n%c\r\n" % OTHER[place])
        exchange.wait(0.05)


def trickles_redirects(exchange: Exchange) -> None:
    exchange.wait(0.15)
    exchange.head("Location: /next", status="302 Found")


def continues_without_end(exchange: Exchange) -> None:
    for _ in count():
        exchange.send(b"HTTP/1.1 100 Continue\r\n\r\n")


def trailers_without_end(exchange: Exchange) -> None:
    exchange.head("Transfer-Encoding: chunked")
    exchange.send(b"4\r\nPK\x03\x04\r\n0\r\n")
    for _ in count():
        exchange.send(b"X-More: yes\r\n")


# Servers that end the connection.


def closes_at_once(exchange: Exchange) -> None:
    del exchange


def resets_at_once(exchange: Exchange) -> None:
    exchange.reset()


def closes_in_the_headers(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Le")


def closes_in_the_middle(exchange: Exchange) -> None:
    exchange.whole(OTHER[:HALF], f"Content-Length: {len(OTHER)}")


def cuts_a_dated_file(exchange: Exchange) -> None:
    exchange.head(f"Content-Length: {len(OTHER)}", f"Last-Modified: {DATE}")
    exchange.send(OTHER[:HALF])


def cuts_a_file_with_an_etag(exchange: Exchange) -> None:
    exchange.head(f"Content-Length: {len(OTHER)}", 'ETag: "one"')
    exchange.send(OTHER[:HALF])


def cuts_a_file_of_the_older_format(exchange: Exchange) -> None:
    exchange.head(f"Content-Length: {len(OLDER_FORMAT)}", f"Last-Modified: {DATE}")
    exchange.send(OLDER_FORMAT[:HALF])


def resets_in_the_middle(exchange: Exchange) -> None:
    cuts_a_dated_file(exchange)
    exchange.wait(0.05)
    exchange.reset()


def cuts_without_a_length(exchange: Exchange) -> None:
    exchange.head()
    exchange.send(OTHER[:HALF])


def cuts_the_older_format_without_a_length(exchange: Exchange) -> None:
    exchange.head()
    exchange.send(OLDER_FORMAT[:-100])


def cuts_chunks(exchange: Exchange) -> None:
    exchange.head("Transfer-Encoding: chunked")
    exchange.send(b"1000\r\n" + OTHER[:HALF])


# Servers that speak no HTTP, or too much of it.


def raw(content: bytes) -> Behaviour:
    return lambda exchange: exchange.send(content)


def replies(status: str, *lines: str, body: bytes = b"") -> Behaviour:
    def behave(exchange: Exchange) -> None:
        exchange.head(*lines, status=status)
        exchange.send(body)

    return behave


def brings(*lines: str, body: bytes = OTHER) -> Behaviour:
    return replies("200 OK", *lines, body=body)


def with_length(length: object) -> Behaviour:
    return brings(f"Content-Length: {length}")


def without_end(exchange: Exchange) -> None:
    exchange.head(f"Last-Modified: {DATE}")
    for _ in count():
        exchange.send(bytes(2**20))


def chunks_without_end(exchange: Exchange) -> None:
    exchange.head("Transfer-Encoding: chunked", f"Last-Modified: {DATE}")
    for _ in count():
        exchange.send(b"100000\r\n" + bytes(2**20) + b"\r\n")


def resumes_with(*lines: str, body: bytes = b"x") -> Behaviour:
    """Cut the first answer, and answer the request for the rest so."""

    def behave(exchange: Exchange) -> None:
        if "range" not in exchange.headers:
            cuts_a_dated_file(exchange)
        else:
            exchange.head(*lines, status="206 Partial Content")
            exchange.send(body)

    return behave


def resumes_with_416(exchange: Exchange) -> None:
    if "range" not in exchange.headers:
        cuts_a_dated_file(exchange)
    else:
        exchange.head(status="416 Range Not Satisfiable")


def resumes_with_another_file(exchange: Exchange) -> None:
    """Continue a file with the rest of another, again and again."""
    if "range" in exchange.headers:
        good(exchange)
    else:
        exchange.head(f"Content-Length: {len(OTHER)}", f"Last-Modified: {DATE}")
        exchange.send(OTHER[:HALF])


# Servers that lead elsewhere.


def redirects(location: str, status: str = "302 Found") -> Behaviour:
    return replies(status, f"Location: {location}")


def redirects_with_a_body_without_end(exchange: Exchange) -> None:
    exchange.head("Location: /", status="307 Temporary Redirect")
    for _ in count():
        exchange.send(bytes(2**20))


def redirects_to_ever_new_places(exchange: Exchange) -> None:
    exchange.head(f"Location: {exchange.path}x", status="301 Moved Permanently")


# Files that are none of weights.


def archive(**entries: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries.items():
            made.writestr(f"net/{name.replace('_', '.')}", content)
    return stream.getvalue()


def unpacks_to(size: int) -> bytes:
    """Return an archive that states a size of its own for what is in it."""
    real = 54_321
    made = archive(data_pkl=b"\x80\x02}.", more=bytes(real))
    return made.replace(struct.pack("<I", real), struct.pack("<I", size))


class Harmful:
    """Makes a folder when it is unpickled carelessly."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return Path("harmed").mkdir, ()  # type: ignore[return-value]


def harmful() -> bytes:
    stream = io.BytesIO()
    torch.save({"conv.weight": Harmful()}, stream)
    return stream.getvalue()


def damaged(content: bytes) -> bytes:
    changed = bytearray(content)
    changed[len(changed) // 2] ^= 1
    return bytes(changed)


LENGTH = f"Content-Length: {len(OTHER)}"
DATED = f"Last-Modified: {DATE}"
OVER = 215_600_221
"""One byte more than the first file can have."""

CASES: dict[str, tuple[Behaviour, str]] = {
    "silent": (silent, r"did not answer for 0\.4 s"),
    "silent after the head": (silent_after_the_head, r"sent next to nothing for 0\.4 s"),
    "silent in the middle": (silent_in_the_middle, r"next to nothing .* goes on from there"),
    "silent at the end": (silent_at_the_end, r"sent next to nothing"),
    "trickles the status": (trickles_the_status, r"did not answer"),
    "trickles headers": (trickles_headers, r"did not answer"),
    "trickles the body": (trickles_the_body, r"sent next to nothing"),
    "trickles chunks": (trickles_chunks, r"sent next to nothing"),
    "trickles redirects": (trickles_redirects, r"did not answer"),
    "100 Continue without end": (continues_without_end, r"did not answer"),
    "trailers without end": (trailers_without_end, r"sent next to nothing|is no HTTP"),
    "closes at once": (closes_at_once, r"ended the connection without an answer"),
    "resets at once": (resets_at_once, r"ended the connection without an answer"),
    "closes in the headers": (closes_in_the_headers, r"no file of weights"),
    "closes in the middle": (closes_in_the_middle, r"does not say clearly how long"),
    "cuts a dated file": (cuts_a_dated_file, r"broke after 0\.0 MiB, and .* goes on"),
    "cuts a file with an ETag": (cuts_a_file_with_an_etag, r"connection broke"),
    "cuts a file of the older format": (cuts_a_file_of_the_older_format, r"connection broke"),
    "resets in the middle": (resets_in_the_middle, r"connection broke"),
    "cuts without a length": (cuts_without_a_length, r"no file of weights, or not all of one"),
    "cuts the older format without a length": (cuts_the_older_format_without_a_length, r"not all of one"),
    "cuts chunks": (cuts_chunks, r"connection broke"),
    "speaks no HTTP": (raw(b"220 ftp ready\r\n"), r"is no HTTP \(BadStatusLine\)"),
    "sends a file without a head": (raw(OTHER), r"is no HTTP"),
    "HTTP 9": (raw(b"HTTP/9.9 200 OK\r\n\r\n"), r"is no HTTP \(UnknownProtocol\)"),
    "a status of letters": (raw(b"HTTP/1.1 abc OK\r\n\r\n"), r"is no HTTP"),
    "a status line of megabytes": (raw(b"HTTP/1.1 200 " + b"a" * 3_000_000), r"is no HTTP \(LineTooLong\)"),
    "a header of megabytes": (brings("X: " + "a" * 3_000_000), r"is no HTTP \(LineTooLong\)"),
    "thousands of headers": (brings(*["X-More: yes"] * 5000), r"is no HTTP"),
    "headers that are no text": (
        replies("500 \xff\x01\x1b[31m", "Content-Type: \xff\xfe", "\xe4: \xf6"),
        r"answered 500 ÿ",
    ),
    "a reason of kilobytes": (replies("503 " + "busy " * 10_000), r"answered 503 busy busy"),
    "404": (replies("404 Not Found"), r"127\.0\.0\.1:\d+ answered 404 Not Found"),
    "204": (replies("204 No Content"), r"answered 204"),
    "101": (replies("101 Switching Protocols", "Upgrade: other"), r"answered 101"),
    "304": (replies("304 Not Modified"), r"answered 304"),
    "416 unasked": (replies("416 Range Not Satisfiable"), r"answered 416"),
    "416 for the rest, and cut again": (resumes_with_416, r"connection broke"),
    "407": (replies("407 Proxy Authentication Required"), r"answered 407"),
    "a web page": (brings("Content-Type: text/html; charset=utf-8", body=b"<html>"), r"sent a web page"),
    "gzip": (brings("Content-Encoding: gzip", LENGTH), r"in an encoding, gzip"),
    "two encodings": (brings("Content-Encoding: gzip, br", LENGTH), r"in an encoding"),
    "transfer in gzip": (brings("Transfer-Encoding: gzip, chunked"), r"does not say clearly how long"),
    "length and chunks": (brings("Transfer-Encoding: chunked", LENGTH), r"does not say clearly how long"),
    "a negative length": (with_length(-5), r"does not say clearly how long"),
    "a length of letters": (with_length("many"), r"does not say clearly how long"),
    "a length with a sign": (with_length(f"+{len(OTHER)}"), r"does not say clearly how long"),
    "an empty length": (with_length(""), r"does not say clearly how long"),
    "a length of thousands of digits": (with_length("9" * 5000), r"does not say clearly how long"),
    "a huge length": (with_length(10**14), r"sends over 205\.6 MiB"),
    "a length of one byte too many": (with_length(OVER), r"sends over 205\.6 MiB"),
    "two lengths": (brings(LENGTH, "Content-Length: 7"), r"does not say clearly how long"),
    "no length, and nothing": (brings(body=b""), r"no file of weights"),
    "length 0": (brings("Content-Length: 0"), r"no file of weights"),
    "too short a length": (with_length(len(OTHER) - 1), r"no file of weights"),
    "too long a length": (with_length(len(OTHER) + 1), r"connection broke"),
    "a body without end": (without_end, r"sends over 205\.6 MiB"),
    "chunks without end": (chunks_without_end, r"sends over 205\.6 MiB"),
    "a malformed chunk": (brings("Transfer-Encoding: chunked", body=b"zz\r\n" + OTHER), r"connection broke"),
    "a negative chunk": (brings("Transfer-Encoding: chunked", body=b"-5\r\n" + OTHER), r"connection broke"),
    "a huge chunk": (brings("Transfer-Encoding: chunked", body=b"f" * 15 + b"\r\nPK"), r"connection broke"),
    "a chunk's line of megabytes": (
        brings("Transfer-Encoding: chunked", body=b"1;" + b"a" * 3_000_000),
        r"connection broke|is no HTTP",
    ),
    "a part unasked": (
        replies("206 Partial Content", f"Content-Range: bytes 0-{len(OTHER) - 1}/{len(OTHER)}", body=OTHER),
        r"sent another part of the file",
    ),
    "a part from elsewhere": (
        resumes_with(f"Content-Range: bytes 0-{len(OTHER) - 1}/{len(OTHER)}"),
        r"sent another part",
    ),
    "a part that goes backwards": (resumes_with(f"Content-Range: bytes {HALF}-3/4"), r"sent another part"),
    "a part of letters": (resumes_with("Content-Range: bytes many"), r"sent another part"),
    "a part without its place": (resumes_with(), r"sent another part"),
    "a part of several": (
        resumes_with("Content-Type: multipart/byteranges; boundary=x"),
        r"sent another part",
    ),
    "a part of a huge file": (resumes_with(f"Content-Range: bytes {HALF}-{OVER}/{OVER + 1}"), r"sends over"),
    "a part of another length": (
        resumes_with(f"Content-Range: bytes {HALF}-{HALF + 9}/{HALF + 10}", "Content-Length: 7"),
        r"sent another part",
    ),
    "the rest of another file": (resumes_with_another_file, r"connection broke|not send the same file"),
    "a redirect in a circle": (redirects("/"), r"redirects over 5 times"),
    "redirects to ever new places": (redirects_to_ever_new_places, r"redirects over 5 times"),
    "a redirect with a body without end": (redirects_with_a_body_without_end, r"redirects over 5 times"),
    "a redirect to nowhere": (replies("302 Found"), r"a redirect that does not say where to"),
    "a redirect to two places": (
        replies("302 Found", "Location: /a", "Location: /b"),
        r"a redirect that does not say where to",
    ),
    "a redirect to control characters": (redirects("/a\x01\x1b[31m\x7f"), r"characters that no address has"),
    "a redirect to letters of no address": (redirects("/\xe4\xff"), r"characters that no address has"),
    "a redirect with spaces": (redirects("/a b"), r"characters that no address has"),
    "a long redirect": (redirects("/" + "a" * 60_000), r"characters that no address has, or too many"),
    "a redirect to a user": (redirects("http://me:secret@127.0.0.1/"), r"not followed: it names a user"),
    "a redirect to a file": (redirects("file:///etc/passwd"), r"not followed: it changes http to file"),
    "a redirect to ftp": (redirects("ftp://127.0.0.1/a"), r"not followed: it changes http to ftp"),
    "a redirect to data": (redirects("data:,PK"), r"not followed: it changes http to data"),
    "a redirect to https": (redirects("https://127.0.0.1/"), r"not followed: it changes http to https"),
    "a redirect to another computer": (redirects("http://192.0.2.1/"), r"http is for this computer alone"),
    "a redirect without a scheme": (redirects("//example.org/x"), r"http is for this computer alone"),
    "a malformed redirect": (redirects("http://[::1"), r"not followed: it is malformed"),
    "a redirect to no port": (redirects("http://127.0.0.1:99999/"), r"its port is malformed"),
    "a redirect to a closed port": (redirects("http://127.0.0.1:1/"), r"cannot be reached"),
    "another kind of redirect": (redirects("/", "300 Multiple Choices"), r"answered 300"),
    "text": (brings("Content-Length: 5", body=b"quota"), r"no file of weights"),
    "an archive of something else": (brings(body=archive(letter_txt=b"Dear reader")), r"no file of weights"),
    "an archive that unpacks to more": (brings(body=unpacks_to(OVER)), r"no file of weights"),
    "a damaged file": (brings(LENGTH, body=damaged(OTHER)), r"no file of weights"),
    "a file that would run code": (brings(body=harmful()), r"no file of weights"),
    "a pickle that would run code": (brings(body=pickle.dumps(Harmful(), 2)), r"no file of weights"),
}
assert len(CASES) >= 34


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weights folder in which one of the files is there already, beside a user's own."""
    monkeypatch.setattr(web_request, "TIME_LIMITS", TIME_LIMITS)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "saves"
    folder.mkdir()
    (folder / "fusion.pth").write_bytes(OTHER)
    (folder / "notes.txt").write_text("mine")
    (tmp_path / "outside.txt").write_text("mine")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def fetch(folder: Path, mirror: str) -> int:
    return main(["weights", "fetch", "--weights", str(folder), "--mirror", mirror, "--quiet"])


def assert_one_sentence(told: str) -> None:
    assert told.endswith(".\n")
    assert told.count("\n") == 1
    assert len(told) <= 501
    assert all(character.isprintable() for character in told[:-1])


@pytest.mark.parametrize("case", CASES)
def test_a_sentence_tells_what_a_server_did_and_nothing_is_spoilt(
    case: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    behave, reason = CASES[case]
    before = contents(tmp_path)
    with misbehaving(behave) as server:
        began = time.monotonic()
        assert fetch(folder, server.url) == 2
        assert time.monotonic() - began < 8
        told = capsys.readouterr().err
        assert_one_sentence(told)
        assert told.startswith(f"{FIRST} cannot be downloaded: ")
        assert re.search(reason, told), told
        after = contents(tmp_path)
        parts = {f"saves/{FIRST}.part", f"saves/{FIRST}.part.json"}
        assert after.keys() - before.keys() in (set(), parts)
        assert before.items() <= after.items()
        # The harshest case for what was kept: a good server at the same address, with a file of that date.
        server.behave = good
        assert fetch(folder, server.url) == 0, capsys.readouterr().err
    expected = {f"saves/{name}": GOOD[name] for name in (FIRST, "s2m.pth")}
    after = contents(tmp_path)
    records = {f"{name}.sha256" for name in expected}
    assert after.keys() - before.keys() == expected.keys() | records
    assert {name: after[name] for name in expected} == expected
    assert before.items() <= after.items()
