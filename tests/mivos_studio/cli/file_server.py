"""A web server on this machine that hands out files, and can be told to misbehave."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import torch

CHANGED_S = 1_600_000_000


def saved(seed: int, *, is_zipped: bool = True) -> bytes:
    """Return a file of torch.save with one tensor; files of other seeds have the same size."""
    stream = io.BytesIO()
    values = torch.rand(2000, generator=torch.Generator().manual_seed(seed))
    torch.save({"conv.weight": values}, stream, _use_new_zipfile_serialization=is_zipped)
    return stream.getvalue()


@dataclass
class Served:
    """What the server has, how it behaves, and what it was asked.

    cuts           answers to break off after so many bytes, in order; later ones are whole.
    changed_s      when the files changed, as told to the client; None tells nothing.
    content_type   of every answer.
    requests       (path, Range header) of every request.
    """

    files: dict[str, bytes]
    cuts: list[int] = field(default_factory=list)
    changed_s: int | None = CHANGED_S
    knows_ranges: bool = True
    content_type: str = "application/octet-stream"
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""


@contextmanager
def serving(served: Served) -> Iterator[Served]:
    """Serve on a free port until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers["Range"]
            served.requests.append((self.path, wanted))
            content = served.files.get(self.path.removeprefix("/"))
            if content is None:
                self.send_error(404)
                return
            start = self._start(wanted)
            if start >= len(content):
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            if served.changed_s is not None:
                self.send_header("Last-Modified", formatdate(served.changed_s, usegmt=True))
            self.send_header("Content-Type", served.content_type)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            end = start + served.cuts.pop(0) if served.cuts else len(content)
            self.wfile.write(content[start:end])

        def _start(self, wanted: str | None) -> int:
            """Where to begin, by RFC 9110: a range is good only for the file that the client knows."""
            condition = self.headers["If-Range"]
            is_other = condition is not None and condition != formatdate(served.changed_s or 0, usegmt=True)
            if wanted is None or not served.knows_ranges or is_other:
                return 0
            return int(wanted.removeprefix("bytes=").removesuffix("-"))

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
