"""One request to a web server that may be slow, broken or hostile: it ends in time, with a reason.

The request runs in a thread, which can block in a name server, a connection, a header or a body for any time.
The caller takes what has arrived from a queue, and gives up where it is too little.
"""

from __future__ import annotations

import http.client
import queue
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus

from mivos_studio.cli.web_address import AddressError, follow, host_of, is_on_this_computer, shown

_CHUNK_BYTES = 2**18
_MOST_REDIRECTS = 5
_REDIRECTS = frozenset(
    {
        HTTPStatus.MOVED_PERMANENTLY,
        HTTPStatus.FOUND,
        HTTPStatus.SEE_OTHER,
        HTTPStatus.TEMPORARY_REDIRECT,
        HTTPStatus.PERMANENT_REDIRECT,
    }
)
_MOST_WAITING = 16
_LOOK_S = 0.1
"""How often a thread whose chunks nobody takes looks whether it was stopped."""


class RequestError(Exception):
    """The reason why a request failed, as a clause."""


class CutError(Exception):
    """The connection ended in the middle of the body."""


class StalledError(CutError):
    """Too little came in the time that `TimeLimits` allows."""


@dataclass(frozen=True)
class TimeLimits:
    """When a server is given up: if the head, or the next `least_bytes` of the body, take over `seconds`."""

    seconds: float = 8.0
    least_bytes: int = 8192


TIME_LIMITS = TimeLimits()


@dataclass(frozen=True)
class Response:
    """What a server answered.

    url     where it came from, after redirects.
    reason  the server's own words for the status.
    body    yields it as it comes. Raises CutError, RequestError.
    """

    url: str
    status: int
    reason: str
    headers: Message
    body: Iterator[bytes]

    @property
    def is_framed(self) -> bool:
        """Whether the end of the body can be told from a connection that broke."""
        return "Content-Length" in self.headers or "Transfer-Encoding" in self.headers


@dataclass(frozen=True)
class _Head:
    url: str
    status: int
    reason: str
    headers: Message


_Arrival = _Head | bytes | Exception | None
"""What the thread hands over; None: the body is complete."""


@contextmanager
def get(url: str, headers: Mapping[str, str], limits: TimeLimits = TIME_LIMITS) -> Iterator[Response]:
    """Send a GET request to an address that was checked, and follow redirects within its scheme.

    The proxy settings of the environment apply to https alone. Raises RequestError.
    """
    arrivals: queue.Queue[_Arrival] = queue.Queue(_MOST_WAITING)
    stopped = threading.Event()
    # The socket's timeout is longer, and serves only to end the thread.
    arguments = (url, headers, 2 * limits.seconds, arrivals, stopped)
    threading.Thread(target=_receive, args=arguments, daemon=True).start()
    try:
        head = _head(arrivals, limits, url)
        body = _body(arrivals, limits, head.url)
        yield Response(head.url, head.status, head.reason, head.headers, body)
    finally:
        stopped.set()


def _head(arrivals: queue.Queue[_Arrival], limits: TimeLimits, url: str) -> _Head:
    try:
        arrival = arrivals.get(timeout=limits.seconds)
    except queue.Empty as error:
        raise RequestError(f"{host_of(url)} did not answer for {limits.seconds:g} s") from error
    if isinstance(arrival, Exception):
        raise RequestError(_reason(arrival, url)) from arrival
    assert isinstance(arrival, _Head)
    return arrival


def _body(arrivals: queue.Queue[_Arrival], limits: TimeLimits, url: str) -> Iterator[bytes]:
    deadline, received = time.monotonic() + limits.seconds, 0
    while True:
        try:
            arrival = arrivals.get(timeout=max(deadline - time.monotonic(), 0.0))
        except queue.Empty as error:
            raise StalledError(f"{host_of(url)} sent next to nothing for {limits.seconds:g} s") from error
        if arrival is None:
            return
        if isinstance(arrival, Exception):
            raise _cut_or_broken(arrival, url) from arrival
        assert isinstance(arrival, bytes)
        received += len(arrival)
        handed_over = time.monotonic()
        yield arrival
        now = time.monotonic()
        deadline += now - handed_over  # a slow disk is not the server's fault
        if received >= limits.least_bytes:
            deadline, received = now + limits.seconds, 0


def _receive(
    url: str,
    headers: Mapping[str, str],
    timeout_s: float,
    arrivals: queue.Queue[_Arrival],
    stopped: threading.Event,
) -> None:
    """Run the request and hand over what comes, until all has come or the caller has stopped."""

    def hand_over(arrival: _Arrival) -> None:
        while not stopped.is_set():
            try:
                arrivals.put(arrival, timeout=_LOOK_S)
            except queue.Full:
                continue
            return

    try:
        response, last_url = _open(url, headers, timeout_s, stopped)
        with response:
            hand_over(_Head(last_url, response.status, str(response.reason), response.headers))
            while not stopped.is_set() and (chunk := response.read1(_CHUNK_BYTES)):
                hand_over(chunk)
        hand_over(None)
    except Exception as error:  # of whatever kind: the caller says what it was
        hand_over(error)


def _open(
    url: str, headers: Mapping[str, str], timeout_s: float, stopped: threading.Event
) -> tuple[http.client.HTTPResponse, str]:
    """Request an address and follow redirects; return the response and where it came from."""
    for _ in range(_MOST_REDIRECTS + 1):
        if stopped.is_set():
            break
        response = _opener(url).open(urllib.request.Request(url, headers=dict(headers)), timeout=timeout_s)
        if response.status not in _REDIRECTS:
            return response, url
        locations = response.headers.get_all("Location") or []
        response.close()  # unread: its body may have no end
        if len(locations) != 1:
            raise RequestError(f"{host_of(url)} sent a redirect that does not say where to")
        try:
            url = follow(url, locations[0])
        except AddressError as error:
            raise RequestError(
                f"{host_of(url)} redirects to {shown(locations[0])!r}, which is not followed: {error}"
            ) from error
    raise RequestError(f"{host_of(url)} redirects over {_MOST_REDIRECTS} times")


def _opener(url: str) -> urllib.request.OpenerDirector:
    """Return what opens http and https and nothing else, and hands over every status as it is."""
    opener = urllib.request.OpenerDirector()
    # What is on this computer is not asked of a proxy, which may be anywhere.
    opener.add_handler(urllib.request.ProxyHandler({} if is_on_this_computer(url) else None))
    opener.add_handler(urllib.request.HTTPHandler())
    opener.add_handler(urllib.request.HTTPSHandler())
    return opener


def _cut_or_broken(error: Exception, url: str) -> Exception:
    if isinstance(error, (http.client.IncompleteRead, OSError)):
        return CutError("the connection broke")
    return RequestError(_reason(error, url))


def _reason(error: Exception, url: str) -> str:
    """Return a clause on a request that failed."""
    if isinstance(error, RequestError):
        return str(error)
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    host = host_of(url)
    if isinstance(cause, TimeoutError):
        return f"{host} fell silent"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"{host} cannot prove that it is that host ({shown(cause.verify_message)})"
    if isinstance(cause, socket.gaierror):
        return f"no name server knows {host}, or none can be reached"
    if isinstance(cause, (ConnectionResetError, ConnectionAbortedError, http.client.RemoteDisconnected)):
        return f"{host} ended the connection without an answer"
    if isinstance(cause, http.client.HTTPException):
        return f"what {host} sent is no HTTP ({type(cause).__name__})"
    if isinstance(cause, OSError):
        return f"{host} cannot be reached ({shown(cause.strerror or str(cause))})"
    return f"{host} cannot be reached ({shown(str(cause))})"
