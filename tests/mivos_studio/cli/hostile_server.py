"""A web server on this machine that answers with whatever bytes a test wants, however it wants."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate

DATE = formatdate(1_600_000_000, usegmt=True)
_LONG_S = 20.0


@dataclass
class Exchange:
    """One connection: what was requested, and how to answer."""

    path: str
    headers: dict[str, str]
    connection: socket.socket
    is_over: threading.Event

    def send(self, content: bytes) -> None:
        """Send bytes as they are. Raises OSError once the client is gone."""
        self.connection.sendall(content)

    def head(self, *lines: str, status: str = "200 OK") -> None:
        """Send a status line and headers."""
        self.send("\r\n".join((f"HTTP/1.1 {status}", *lines, "", "")).encode("latin-1"))

    def whole(self, content: bytes, *lines: str) -> None:
        """Send a file as a good server does, with its date."""
        self.head(f"Content-Length: {len(content)}", f"Last-Modified: {DATE}", *lines)
        self.send(content)

    def wait(self, seconds: float = _LONG_S) -> None:
        """Send nothing for a while, or until the test is over."""
        if self.is_over.wait(seconds):
            raise ConnectionAbortedError

    def trickle(self, content: bytes, every_s: float = 0.05) -> None:
        """Send byte by byte."""
        for place in range(len(content)):
            self.send(content[place : place + 1])
            self.wait(every_s)

    def reset(self) -> None:
        """End the connection by a reset, not in good order."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


Behaviour = Callable[[Exchange], None]


@dataclass
class HostileServer:
    """Its address, how it behaves, and the requests that came, with their headers."""

    behave: Behaviour
    url: str = ""
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@contextmanager
def misbehaving(behave: Behaviour) -> Iterator[HostileServer]:
    """Serve on a free port until the block ends; `behave` can be replaced meanwhile."""
    server = HostileServer(behave)
    is_over = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            received = b""
            with suppress(OSError):
                while b"\r\n\r\n" not in received:
                    if not (more := self.request.recv(65536)):
                        return
                    received += more
                first, *lines = received.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
                headers = {name.lower(): text for name, _, text in (line.partition(": ") for line in lines)}
                path = first.split(" ")[1]
                server.requests.append((path, headers))
                server.behave(Exchange(path, headers, self.request, is_over))

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

        def handle_error(self, *args: object) -> None:
            """Say nothing."""

    with Server(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        server.url = f"http://127.0.0.1:{listening.server_address[1]}"
        try:
            yield server
        finally:
            is_over.set()
            listening.shutdown()
            thread.join()
