"""What a command prints on stderr: its own sentences, a line each, and nothing that libraries write there."""

from __future__ import annotations

import io
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from mivos_studio.one_line import one_line

_DESCRIPTOR = 2


def say(sentence: object) -> None:
    """Print a sentence on stderr, as one line; nothing where stderr is closed or its disk is full."""
    with suppress(OSError, ValueError, AttributeError):
        print(one_line(str(sentence)), file=sys.stderr, flush=True)


@contextmanager
def libraries_are_silent() -> Iterator[None]:
    """Keep stderr for this program: what libraries write there, in Python or in C, is dropped.

    Libraries of images and video report each oddity of a file there, and some do it for every frame. Where
    stderr is not the process's own, as in tests, that of Python alone is silenced. The environment variable
    MIVOS_LIBRARY_MESSAGES=1 leaves everything as it is, to look into a fault.
    """
    if os.environ.get("MIVOS_LIBRARY_MESSAGES"):
        yield
        return
    root, handler = logging.getLogger(), logging.NullHandler()
    root.addHandler(handler)  # without any, logging writes warnings to stderr itself
    try:
        with warnings.catch_warnings():
            if not sys.warnoptions:
                warnings.simplefilter("ignore")
            with _own_descriptor():
                yield
    finally:
        root.removeHandler(handler)


@contextmanager
def _own_descriptor() -> Iterator[None]:
    """Give sys.stderr a descriptor of its own, and lead the one that C libraries know nowhere."""
    before = sys.stderr
    if not _is_of_the_process(before):
        yield
        return
    before.flush()
    kept = os.dup(_DESCRIPTOR)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _DESCRIPTOR)
    os.close(nowhere)
    # Not closed at the end: threads that outlive the command may still write to it.
    sys.stderr = io.TextIOWrapper(
        io.FileIO(os.dup(kept), "w"),
        encoding=before.encoding,
        errors="backslashreplace",
        line_buffering=True,
        write_through=True,
    )
    try:
        yield
    finally:
        with suppress(OSError, ValueError):
            sys.stderr.flush()
        sys.stderr = before
        os.dup2(kept, _DESCRIPTOR)
        os.close(kept)


def _is_of_the_process(stream: TextIO) -> bool:
    try:
        return stream.fileno() == _DESCRIPTOR
    except (OSError, ValueError, AttributeError):
        return False
